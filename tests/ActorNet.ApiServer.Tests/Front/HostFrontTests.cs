using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.ApiServer.Front;
using ActorNet.Cluster;
using ActorNet.Cluster.Links;
using ActorNet.Kubernetes.Authorization;

namespace ActorNet.ApiServer.Tests.Front;

public sealed class HostFrontTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Upstream's Status for whoever it does not know (apiserver pkg/endpoints/filters/authentication.go: Unauthorized).</summary>
    [Theory]
    [InlineData("no certificate")]
    [InlineData("a token")]
    [InlineData("another authority's")]
    [InlineData("expired")]
    public async Task Whoever_the_cluster_does_not_know_reads_401(string credentials)
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        HttpClient client = bed.ClientOf(credentials switch
        {
            "another authority's" => bed.Stranger(),
            "expired" => bed.Expired(),
            _ => null,
        });
        if (credentials == "a token")
            client.DefaultRequestHeaders.Authorization = new("Bearer", "abc");
        foreach (Uri front in new[] { bed.N1.ApiAddress, bed.N2.ApiAddress })
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri(front, "/api/v1/pods"));

            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.Equal("""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}""", await answer.Content.ReadAsStringAsync());
        }

        using HttpResponseMessage kubelet = await client.GetAsync(new Uri(bed.N1.KubeletAddress, "/pods"));
        Assert.Equal(HttpStatusCode.Unauthorized, kubelet.StatusCode);
    }

    /// <summary>Connections that say nothing take the places of a port's handshakes: one more is closed at once, clients that are there are served, and a place that is left is free.</summary>
    [Fact]
    public async Task Handshakes_under_way_are_bounded_and_who_is_there_is_served()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        HttpClient there = bed.ClientOf(null), late = bed.ClientOf(null);
        var version = new Uri(bed.N2.ApiAddress, "/version");
        _ = await there.GetStringAsync(version);
        TcpClient[] silent = [.. Enumerable.Range(0, 4).Select(_ => new TcpClient())];
        foreach (TcpClient each in silent)
            await each.ConnectAsync(IPAddress.Loopback, bed.N2.ApiAddress.Port);

        using var patience = new CancellationTokenSource(Patience);
        while (bed.PortOf2.CrowdedOut == 0)
        {
            using var more = new TcpClient();
            try
            {
                await more.ConnectAsync(IPAddress.Loopback, bed.N2.ApiAddress.Port, patience.Token);
            }
            catch (SocketException)
            {
                // It was closed before this thread went on.
            }

            await Task.Delay(20, patience.Token);
        }

        _ = await there.GetStringAsync(version);
        foreach (TcpClient each in silent)
            each.Dispose();
        while (true)
        {
            try
            {
                _ = await late.GetStringAsync(version, patience.Token);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(20, patience.Token);
            }
        }
    }

    /// <summary>What upstream's role system:public-info-viewer shows to everybody; wrong credentials are refused even there.</summary>
    [Fact]
    public async Task Health_and_version_are_for_everybody_but_not_with_wrong_credentials()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        HttpClient nobody = bed.ClientOf(null), wrong = bed.ClientOf(bed.Stranger());
        foreach (string path in new[] { "/healthz", "/livez", "/readyz", "/version", "/version/" })
        {
            foreach (Uri front in new[] { bed.N1.ApiAddress, bed.N2.ApiAddress })
            {
                using HttpResponseMessage seen = await nobody.GetAsync(new Uri(front, path)), refused = await wrong.GetAsync(new Uri(front, path));
                Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (seen.StatusCode, refused.StatusCode));
            }
        }

        // Single checks say what is wrong: the role does not have them.
        using HttpResponseMessage one = await nobody.GetAsync(new Uri(bed.N1.ApiAddress, "/readyz/ping"));
        Assert.Equal(HttpStatusCode.Unauthorized, one.StatusCode);
        Assert.Equal("ok", await bed.ClientOf(bed.User("root", "system:masters")).GetStringAsync(new Uri(bed.N1.ApiAddress, "/readyz/ping")));

        // Each host speaks for itself, also while the API is nowhere.
        bed.At1.Now = bed.At2.Now = new ApiPlace.None("moving");
        foreach (Uri front in new[] { bed.N1.ApiAddress, bed.N2.ApiAddress })
        {
            Assert.Equal("ok", await nobody.GetStringAsync(new Uri(front, "/livez")));
            using HttpResponseMessage ready = await nobody.GetAsync(new Uri(front, "/readyz?verbose"));
            Assert.Equal((HttpStatusCode.InternalServerError, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"), (ready.StatusCode, await ready.Content.ReadAsStringAsync()));
        }
    }

    /// <summary>A page of the host's own is for those whose roles name its path, at either host, and for nobody without credentials.</summary>
    [Fact]
    public async Task A_hosts_own_pages_are_for_those_whose_roles_name_the_path()
    {
        await using FrontBed bed = await FrontBed.StartAsync(hasRoles: true);
        HttpClient jane = bed.ClientOf(bed.User("jane", "dev"));
        Uri[] pages = [new(bed.N1.ApiAddress, "/page"), new(bed.N2.ApiAddress, "/page")];
        foreach (Uri page in pages)
        {
            using HttpResponseMessage nobody = await bed.ClientOf(null).GetAsync(page), refused = await jane.GetAsync(page);
            Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden), (nobody.StatusCode, refused.StatusCode));
            Assert.Equal("forbidden: User \"jane\" cannot get path \"/page\"", (string?)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["message"]);
        }

        await bed.MakeAsync("ClusterRole", """{"metadata":{"name":"page"},"rules":[{"nonResourceURLs":["/page"],"verbs":["get"]}]}""", RbacPolicy.Group);
        await bed.MakeAsync("ClusterRoleBinding", """{"metadata":{"name":"page"},"roleRef":{"kind":"ClusterRole","name":"page"},"subjects":[{"kind":"User","name":"jane"}]}""", RbacPolicy.Group);
        Assert.Equal(["n1", "n2"], await Task.WhenAll(pages.Select(page => jane.GetStringAsync(page))));
    }

    [Fact]
    public async Task A_client_of_the_cluster_is_served_by_every_host_and_known_by_its_certificate()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        foreach (Version version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            HttpClient admin = bed.ClientOf(bed.User("jane", "dev"), version);
            // What a client says of itself counts for nothing.
            admin.DefaultRequestHeaders.Add("X-Remote-User", "system:admin");
            admin.DefaultRequestHeaders.Add("X-Remote-Group", "system:masters");
            foreach (Uri front in new[] { bed.N1.ApiAddress, bed.N2.ApiAddress })
                Assert.Equal("jane", await WhoAmI(admin, front));
        }
    }

    [Fact]
    public async Task A_node_passes_on_whom_it_answers_and_nobody_else_can()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        HttpClient node = bed.ClientOf(bed.Node("n2"));
        Assert.Equal("system:node:n2", await WhoAmI(node, bed.N1.ApiAddress));
        node.DefaultRequestHeaders.Add("X-Remote-User", "jane");
        node.DefaultRequestHeaders.Add("X-Remote-Group", ["dev", "ops"]);
        Assert.Equal("jane", await WhoAmI(node, bed.N1.ApiAddress));
        using HttpResponseMessage forbidden = await node.GetAsync(new Uri(bed.N1.KubeletAddress, "/pods"));
        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
        Assert.Equal("Forbidden (user=jane, verb=get, resource=nodes, subresource=proxy)\n", await forbidden.Content.ReadAsStringAsync());
        Assert.Equal("system:node:n1 system:nodes,system:authenticated", await bed.ClientOf(bed.Node("n1")).GetStringAsync(new Uri(bed.N2.KubeletAddress, "/pods")));
        Assert.Equal("a system:masters,system:authenticated", await bed.ClientOf(bed.User("a", "system:masters")).GetStringAsync(new Uri(bed.N2.KubeletAddress, "/pods")));
    }

    [Fact]
    public async Task A_forwarded_watch_brings_each_event_when_it_happens()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        HttpClient admin = bed.ClientOf(bed.User("kubernetes-admin", "system:masters"));
        using HttpResponseMessage answer = await admin.GetAsync(new Uri(bed.N2.ApiAddress, "/api/v1/namespaces/default/configmaps?watch=true"), HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        for (int i = 0; i < 3; i++)
        {
            using var body = new StringContent($$$"""{"metadata":{"name":"c{{{i}}}"}}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage made = await admin.PostAsync(new Uri(bed.N2.ApiAddress, "/api/v1/namespaces/default/configmaps"), body);
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
            // The watch goes on: the event is here before the next one happens.
            JsonNode seen = JsonNode.Parse((await lines.ReadLineAsync().WaitAsync(Patience))!)!;
            Assert.Equal(("ADDED", $"c{i}"), ((string?)seen["type"], (string?)seen["object"]!["metadata"]!["name"]));
        }
    }

    [Theory]
    [InlineData("GET", "websocket")]
    [InlineData("POST", "SPDY/3.1")]
    public async Task An_upgraded_connection_is_forwarded_both_ways(string method, string protocol)
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        // The other host's kubelet port echoes.
        bed.At2.Now = new ApiPlace.Remote(bed.N1.KubeletAddress);
        using X509Certificate2 admin = bed.User("kubernetes-admin", "system:masters");
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, bed.N2.ApiAddress.Port);
        await using var tls = new SslStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ClientCertificates = [admin], CertificateChainPolicy = bed.Trust() });
        string more = protocol == "websocket" ? "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" : "Content-Length: 0\r\n";
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"{method} /exec HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n{more}\r\n"));
        var received = new StringBuilder();
        await ReadUntilAsync(tls, received, "\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 101", received.ToString(), StringComparison.Ordinal);
        foreach (string text in new[] { "one", "two" })
        {
            await tls.WriteAsync(Encoding.ASCII.GetBytes(text));
            await ReadUntilAsync(tls, received, text);
        }
    }

    // The hosts have one address here: which link it is is known while only one of them is.
    [Fact]
    public async Task A_request_that_is_passed_on_meets_the_faults_of_the_link()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        var n1 = new ControlEndpoint(bed.N1.ApiAddress.Host, 1);
        bed.LinksOf2.Learn("n1", n1);
        HttpClient admin = bed.ClientOf(bed.User("kubernetes-admin", "system:masters"));
        var pods = new Uri(bed.N2.ApiAddress, "/api/v1/pods");
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync(pods)).StatusCode);

        foreach (LinkDirection way in (LinkDirection[])[LinkDirection.Send, LinkDirection.Receive])
        {
            bed.LinksOf2.Cut("n1", way);
            Task<HttpResponseMessage> asked = admin.GetAsync(pods);
            Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync(new Uri(bed.N1.ApiAddress, "/api/v1/pods"))).StatusCode);
            Assert.False(asked.IsCompleted);
            bed.LinksOf2.Heal("n1");
            Assert.Equal(HttpStatusCode.OK, (await asked.WaitAsync(Patience)).StatusCode);
        }
    }

    [Fact]
    public async Task Without_the_api_a_client_is_told_to_try_again()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        HttpClient admin = bed.ClientOf(bed.User("kubernetes-admin", "system:masters"));
        bed.At1.Now = new ApiPlace.None("the API is moving");
        await UnavailableAsync(admin, bed.N1.ApiAddress, "the API is moving");
        await UnavailableAsync(admin, bed.N2.ApiAddress, "the API is moving");
        // Each thinks that the other has it.
        bed.At1.Now = new ApiPlace.Remote(bed.N2.ApiAddress);
        await UnavailableAsync(admin, bed.N1.ApiAddress, "has moved");
        // Nothing listens there.
        bed.At2.Now = new ApiPlace.Remote(new Uri("https://127.0.0.1:1"));
        await UnavailableAsync(admin, bed.N2.ApiAddress, "cannot be reached");
    }

    [Fact]
    public async Task A_host_of_another_authority_is_not_spoken_to()
    {
        await using FrontBed bed = await FrontBed.StartAsync(), other = await FrontBed.StartAsync();
        bed.At2.Now = new ApiPlace.Remote(other.N1.ApiAddress);
        await UnavailableAsync(bed.ClientOf(bed.User("kubernetes-admin", "system:masters")), bed.N2.ApiAddress, "cannot be reached");
    }

    private static async Task UnavailableAsync(HttpClient client, Uri front, string why)
    {
        using HttpResponseMessage answer = await client.GetAsync(new Uri(front, "/api/v1/pods"));
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable, $"{answer.StatusCode} {text}");
        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter?.Delta);
        Assert.Contains(why, text, StringComparison.Ordinal);
        Assert.Equal("ServiceUnavailable", (string?)JsonNode.Parse(text)!["reason"]);
    }

    private static async Task<string?> WhoAmI(HttpClient client, Uri front)
    {
        using var body = new StringContent("{}", Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await client.PostAsync(new Uri(front, "/apis/authentication.k8s.io/v1/selfsubjectreviews"), body);
        return (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["status"]!["userInfo"]!["username"];
    }

    private static async Task ReadUntilAsync(Stream stream, StringBuilder received, string end)
    {
        byte[] buffer = new byte[1024];
        while (!received.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            int read = await stream.ReadAsync(buffer).AsTask().WaitAsync(Patience);
            Assert.True(read > 0, received.ToString());
            received.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
    }
}
