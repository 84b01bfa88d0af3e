using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.ApiServer.Front;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.ApiServer.Tests.Front;

/// <summary>
/// Which reads a host may answer from its own copy: Kubernetes' API concepts, "Semantics for get and list" and "Semantics for watch". The copy here is
/// older than the API server, so that what it may not answer is seen.
/// </summary>
public sealed class CachedReadsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("", false)]
    [InlineData("?limit=500", false)]
    [InlineData("?resourceVersion=0", true)]
    [InlineData("?resourceVersion=0&limit=500", true)]
    [InlineData("?resourceVersion=0&resourceVersionMatch=NotOlderThan", true)]
    [InlineData("?resourceVersion=COPY", true)]
    [InlineData("?resourceVersion=COPY&limit=1", false)]
    [InlineData("?resourceVersion=COPY&limit=1&resourceVersionMatch=NotOlderThan", true)]
    [InlineData("?resourceVersion=COPY&resourceVersionMatch=Exact", false)]
    [InlineData("?resourceVersion=NEWER", false)]
    [InlineData("?resourceVersion=abc", false)]
    [InlineData("?continue=abc", false)]
    [InlineData("?watch=1&timeoutSeconds=1", false)]
    [InlineData("?watch=1&timeoutSeconds=1&resourceVersion=0", true)]
    [InlineData("?watch=1&timeoutSeconds=1&resourceVersion=COPY", true)]
    [InlineData("?watch=1&timeoutSeconds=1&resourceVersion=OLDER", false)]
    [InlineData("?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", false)]
    [InlineData("?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=COPY", true)]
    [InlineData("?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=NEWER", false)]
    [InlineData("/a", false)]
    [InlineData("/a?resourceVersion=0", true)]
    [InlineData("/a?resourceVersion=COPY", true)]
    [InlineData("/a?resourceVersion=NEWER", false)]
    public async Task What_may_be_older_is_read_from_the_copy_and_all_else_where_the_api_is(string request, bool isCached)
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        await bed.MakeAsync("ConfigMap", """{"metadata":{"name":"a"},"data":{"k":"old"}}""");
        ObjectReplica copy = await bed.CopyAsync("ConfigMap");
        await bed.MakeAsync("ConfigMap", """{"metadata":{"name":"b"},"data":{"k":"new"}}""");
        string query = request.Replace("COPY", $"{copy.Revision}", StringComparison.Ordinal).Replace("NEWER", $"{copy.Revision + 1}", StringComparison.Ordinal).Replace("OLDER", $"{copy.Revision - 1}", StringComparison.Ordinal);
        HttpClient admin = bed.ClientOf(bed.User("kubernetes-admin", "system:masters"));

        using HttpResponseMessage answer = await AnsweredAsync(admin, new Uri(bed.N2.ApiAddress, $"/api/v1/namespaces/default/configmaps{query}"));
        string text = await answer.Content.ReadAsStringAsync();

        Assert.True(bed.LoadOf2.Status.Cached == (isCached ? 1 : 0), text);
        if (isCached)
            Assert.DoesNotContain("\"b\"", text, StringComparison.Ordinal);
        // Whoever has the API reads it itself.
        using HttpResponseMessage own = await admin.GetAsync(new Uri(bed.N1.ApiAddress, $"/api/v1/namespaces/default/configmaps{query}"));
        Assert.Equal(own.StatusCode, answer.StatusCode);
        Assert.Equal(isCached ? 1 : 0, bed.LoadOf2.Status.Cached);
    }

    // A front that reaches the other one within 5 s or says 503 may take longer on a machine with much else to do.
    private static async Task<HttpResponseMessage> AnsweredAsync(HttpClient http, Uri address)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            HttpResponseMessage answer = await http.GetAsync(address);
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || TimeProvider.System.GetElapsedTime(began) > Patience)
                return answer;
            answer.Dispose();
        }
    }

    [Fact]
    public async Task A_watch_of_the_copy_goes_on_while_the_api_moves_and_ends_with_410_when_the_copy_is_made_anew()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        ObjectReplica copy = await bed.CopyAsync("ConfigMap");
        HttpClient admin = bed.ClientOf(bed.User("kubernetes-admin", "system:masters"));
        using HttpResponseMessage answer = await admin.GetAsync(
            new Uri(bed.N2.ApiAddress, $"/api/v1/namespaces/default/configmaps?watch=true&resourceVersion={copy.Revision}"), HttpCompletionOption.ResponseHeadersRead).WaitAsync(Patience);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        bed.At2.Now = new ApiPlace.None("the API is moving");

        copy.Apply([("/registry/core/configmaps/default/a", copy.Revision + 7, Encoding.UTF8.GetBytes("""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"default"}}"""))], copy.Revision + 9);
        JsonNode added = JsonNode.Parse((await lines.ReadLineAsync().WaitAsync(Patience))!)!;
        Assert.Equal(("ADDED", "a", $"{copy.Revision - 2}"), ((string?)added["type"], (string?)added["object"]!["metadata"]!["name"], (string?)added["object"]!["metadata"]!["resourceVersion"]));
        copy.End();
        JsonNode ended = JsonNode.Parse((await lines.ReadLineAsync().WaitAsync(Patience))!)!;
        Assert.Equal(("ERROR", 410, "Expired"), ((string?)ended["type"], (int?)ended["object"]!["code"], (string?)ended["object"]!["reason"]));
        Assert.Null(await lines.ReadLineAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task While_nobody_has_the_api_a_new_read_is_told_to_try_again()
    {
        await using FrontBed bed = await FrontBed.StartAsync();
        await bed.CopyAsync("ConfigMap");
        bed.At2.Now = new ApiPlace.None("the API is moving");
        using HttpResponseMessage answer = await bed.ClientOf(bed.User("kubernetes-admin", "system:masters")).GetAsync(new Uri(bed.N2.ApiAddress, "/api/v1/configmaps?resourceVersion=0"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }
}
