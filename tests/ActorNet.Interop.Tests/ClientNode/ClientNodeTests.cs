using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using ActorNet.ApiServer;
using ActorNet.ApiServer.Tests;
using ActorNet.Interop.Tests.Streaming;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Interop.Tests.ClientNode;

/// <summary>
/// The official JavaScript client, unchanged, against our API. What is expected is what its own types and the API's documentation promise;
/// the judge's script says what each line shows.
/// </summary>
public sealed class ClientNodeTests(ClientNodePackage client, StreamingBed bed) : IClassFixture<ClientNodePackage>, IClassFixture<StreamingBed>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Objects_are_made_listed_replaced_and_deleted()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal(
            [
                """list: ["a v true"]""", """pages: ["a","b"]""", """replace: {"k":"w"}""", "conflict: 409 Conflict", "exists: 409 AlreadyExists", "absent: 404 NotFound",
                "invalid: 422 Invalid", """generic: ["Opaque","q",1]""", """delete: ["Success","configmaps"]""", """left: ["a"]""",
            ],
            await client.RunAsync(server.Host.Address, "objects"));
    }

    /// <summary>RFC 6902, RFC 7396, strategic merge and server-side apply each do something else to a list of containers.</summary>
    [Fact]
    public async Task It_patches_in_every_form()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal(
            [
                """json: ["one=pause","two=nginx"]""", "json test: 422 Invalid", """strategic: ["one=nginx","two=nginx"]""", """merge: ["three=pause"]""",
                """apply: ["three=pause","four=curl"]""", "apply conflict: 409 Conflict", """apply force: ["three=curl"]""", """managers: ["judge"]""", "scale: 3", "status: [3,2]",
            ],
            await client.RunAsync(server.Host.Address, "patches"));
    }

    [Fact]
    public async Task Metadata_alone_is_listed_read_and_watched()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal(
            [
                """list: ["PartialObjectMetadataList","meta.k8s.io/v1","hidden b true"]""", """one: ["PartialObjectMetadata","meta.k8s.io/v1","hidden",true]""",
                "object of a list: 406 NotAcceptable", "list of an object: 406 NotAcceptable",
                """watch: ["ADDED PartialObjectMetadata meta.k8s.io/v1 more true","DELETED PartialObjectMetadata meta.k8s.io/v1 more true"]""",
            ],
            await client.RunAsync(server.Host.Address, "metadata"));
    }

    /// <summary>makeInformer, with its watch cut, its server away, its version compacted, and its server closed in good order.</summary>
    [Fact]
    public async Task Its_informer_survives_every_end_of_its_watch()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var relay = new ConnectionRelay();
        relay.Serve(server.Host.Address);
        using Process judge = ProcessRunner.Start(await client.CommandAsync(relay.Address, "informer"));
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await WriteAsync(server, "a", "1");
            await SaysAsync(judge, "add a=1", patience.Token);
            relay.Cut();
            await WriteAsync(server, "b", "1");
            await SaysAsync(judge, "add b=1", patience.Token);

            relay.Serve(null);
            relay.Cut();
            await server.Api.DeleteAsync(server.Api.Kinds.Of("", "ConfigMap"), "default", "b", new DeleteOptions(), patience.Token);
            await server.Store.CompactAsync((await WriteAsync(server, "a", "2")).Revision, patience.Token);
            ApiServerHost second = await ApiServerHost.StartAsync(log => new ApiFront(server.Api, ServerVersion.Default, log), options => options.Listen(IPAddress.Loopback, 0));
            await using (second)
            {
                relay.Serve(second.Address);
                Assert.Equal(["list", "delete b=1"], await SaysAsync(judge, "update a=2", patience.Token));
            }

            relay.Serve(server.Host.Address);
            await WriteAsync(server, "c", "1");
            Assert.Empty(await SaysAsync(judge, "add c=1", patience.Token));
            judge.StandardInput.Close();
            Assert.Empty(await SaysAsync(judge, """holds: ["a=2","c=1"]""", patience.Token));
        }
        finally
        {
            ProcessRunner.Kill(judge);
        }
    }

    [Fact]
    public async Task It_executes_and_copies()
    {
        string pod = await bed.RunOnceAsync("exec", "{metadata: {name: NAME}, spec: {containers: [{name: main, image: busybox, command: [sleep, infinity]}]}}");
        Assert.Equal(
            ["""exec: [5,"out\n","err\n"]""", "stdin: true", "refused: Unexpected server response: 404", "cp there: same", """cp back: [true,"small\n"]"""],
            await client.RunAsync(await bed.AddressAsync(32), "streams", pod));
    }

    [Fact]
    public async Task It_forwards_a_port()
    {
        string pod = await bed.RunOnceAsync("server", "{metadata: {name: NAME}, spec: {containers: [{name: main, image: agnhost, args: [netexec, --http-port=8080], ports: [{containerPort: 8080}]}]}}");
        Assert.Equal(
            ["""answer: ["HTTP/1.1 200 OK",""]""", """answer: ["HTTP/1.1 200 OK",""]""", """answer: ["HTTP/1.1 200 OK",""]""", "closed port: true"],
            await client.RunAsync(await bed.AddressAsync(32), "forward", pod));
    }

    // What it says up to a line, that line aside.
    private static async Task<List<string>> SaysAsync(Process judge, string expected, CancellationToken cancel)
    {
        var before = new List<string>();
        try
        {
            while (await judge.StandardOutput.ReadLineAsync(cancel) is { } line)
            {
                if (line == expected)
                    return before;
                before.Add(line);
            }
        }
        catch (OperationCanceledException)
        {
            // Told below.
        }

        ProcessRunner.Kill(judge);
        throw new InvalidOperationException($"the informer did not say '{expected}' but '{string.Join("', '", before)}'; {await judge.StandardError.ReadToEndAsync(CancellationToken.None)}");
    }

    private static async Task<ApiObject> WriteAsync(TestServer server, string name, string value)
    {
        KindDescriptor maps = server.Api.Kinds.Of("", "ConfigMap");
        var map = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["data"] = new JsonObject { ["v"] = value } };
        ObjectList there = await server.Api.ListAsync(maps, "default", new ListOptions(ObjectFilter.Everything));
        return there.Items.Any(each => each.Name == name)
            ? (await server.Api.UpdateAsync(maps, "default", name, ObjectView.Of(maps, ""), map, WriteOptions.Plain)).Object
            : await server.Api.CreateAsync(maps, "default", map, WriteOptions.Plain);
    }
}
