using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Authorization;

namespace ActorNet.ApiServer.Tests.Front;

/// <summary>Roles at the doors of two hosts, of which one has the API: what upstream's authorization and impersonation filters do, and their sentences.</summary>
public sealed class AccessTests
{
    private const string Pods = "/api/v1/namespaces/default/pods", Secrets = "/api/v1/namespaces/default/secrets";

    [Fact]
    public async Task A_user_may_do_what_roles_say_at_either_host()
    {
        await using FrontBed bed = await FrontBed.StartAsync(hasRoles: true);
        HttpClient jane = bed.ClientOf(bed.User("jane", "devs"));
        foreach (Uri host in new[] { bed.N1.ApiAddress, bed.N2.ApiAddress })
            await RefusedAsync(jane, new Uri(host, Pods), "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"");
        await GiveAsync(bed);
        foreach (Uri host in new[] { bed.N1.ApiAddress, bed.N2.ApiAddress })
        {
            Assert.Equal(HttpStatusCode.OK, await CodeAsync(jane, new Uri(host, Pods)));
            await RefusedAsync(jane, new Uri(host, Pods + "/web/log"), "pods \"web\" is forbidden: User \"jane\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"default\"");
            await RefusedAsync(jane, new Uri(host, "/metrics"), "forbidden: User \"jane\" cannot get path \"/metrics\"");
        }

        // Whoever has his roles from a group has them too; nodes of the cluster need none.
        Assert.Equal(HttpStatusCode.OK, await CodeAsync(bed.ClientOf(bed.User("root", "system:masters")), new Uri(bed.N2.ApiAddress, Secrets)));
        Assert.Equal(HttpStatusCode.OK, await CodeAsync(bed.ClientOf(bed.Node("n7")), new Uri(bed.N2.ApiAddress, Secrets)));
    }

    [Fact]
    public async Task A_hosts_copy_is_shown_by_the_roles_that_the_host_has_a_copy_of()
    {
        await using FrontBed bed = await FrontBed.StartAsync(hasRoles: true);
        await GiveAsync(bed);
        HttpClient jane = bed.ClientOf(bed.User("jane", "devs"));
        foreach (string kind in new[] { "Pod", "Secret" })
            await bed.CopyAsync(kind);
        // Without the roles the host asks where the API is.
        Assert.Equal(HttpStatusCode.OK, await CodeAsync(jane, new Uri(bed.N2.ApiAddress, Pods + "?resourceVersion=0")));
        Assert.Equal(0, bed.LoadOf2.Status.Cached);
        foreach (string kind in new[] { "ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding" })
            await bed.CopyAsync(kind, RbacPolicy.Group);
        Assert.Equal(HttpStatusCode.OK, await CodeAsync(jane, new Uri(bed.N2.ApiAddress, Pods + "?resourceVersion=0")));
        await RefusedAsync(jane, new Uri(bed.N2.ApiAddress, Secrets + "?resourceVersion=0"), "secrets is forbidden: User \"jane\" cannot list resource \"secrets\" in API group \"\" in the namespace \"default\"");
        Assert.Equal(2, bed.LoadOf2.Status.Cached);
    }

    [Fact]
    public async Task Somebody_elses_name_is_used_by_those_who_may_at_either_host()
    {
        await using FrontBed bed = await FrontBed.StartAsync(hasRoles: true);
        await GiveAsync(bed);
        X509Certificate2 root = bed.User("root", "system:masters"), mallory = bed.User("mallory", "devs");
        foreach (Uri host in new[] { bed.N1.ApiAddress, bed.N2.ApiAddress })
        {
            HttpClient asJane = As(bed.ClientOf(root), "jane");
            Assert.Equal(HttpStatusCode.OK, await CodeAsync(asJane, new Uri(host, Pods)));
            await RefusedAsync(asJane, new Uri(host, Secrets), "secrets is forbidden: User \"jane\" cannot list resource \"secrets\" in API group \"\" in the namespace \"default\"");
            await RefusedAsync(As(bed.ClientOf(mallory), "jane"), new Uri(host, Pods), "users \"jane\" is forbidden: User \"mallory\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope");
            HttpClient asMasters = As(bed.ClientOf(mallory), "mallory", "system:masters");
            await RefusedAsync(asMasters, new Uri(host, Pods), "users \"mallory\" is forbidden: User \"mallory\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope");
        }
    }

    private static async Task GiveAsync(FrontBed bed)
    {
        await bed.MakeAsync("Role", """{"metadata":{"name":"reader"},"rules":[{"verbs":["get","list","watch"],"apiGroups":[""],"resources":["pods"]}]}""", RbacPolicy.Group);
        await bed.MakeAsync("RoleBinding", """{"metadata":{"name":"jane"},"roleRef":{"kind":"Role","name":"reader"},"subjects":[{"kind":"User","name":"jane"}]}""", RbacPolicy.Group);
    }

    private static HttpClient As(HttpClient client, string user, params string[] groups)
    {
        client.DefaultRequestHeaders.Add("Impersonate-User", user);
        foreach (string group in groups)
            client.DefaultRequestHeaders.Add("Impersonate-Group", group);
        return client;
    }

    private static async Task<HttpStatusCode> CodeAsync(HttpClient client, Uri address)
    {
        using HttpResponseMessage answer = await client.GetAsync(address);
        return answer.StatusCode;
    }

    private static async Task RefusedAsync(HttpClient client, Uri address, string message)
    {
        using HttpResponseMessage answer = await client.GetAsync(address);
        JsonNode status = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal((403, "Forbidden", message), ((int)answer.StatusCode, (string?)status["reason"], (string?)status["message"]));
    }
}
