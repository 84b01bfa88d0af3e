using System.Security.Cryptography;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets.Http;
using ActorNet.Sockets.Kestrel;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Sockets.Tests;

/// <summary>The real HttpClient against the real Kestrel, with nothing between but emulated segments.</summary>
public class PodHttpTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task One_Kestrel_serves_every_pod_and_knows_which_and_for_whom()
    {
        await using var pods = new PodPair();
        await using var server = new PodHttpServer();
        await ListenAsync(server, pods.Server, "web", 80, context =>
        {
            IPodConnectionFeature pod = context.Features.Get<IPodConnectionFeature>()!;
            return context.Response.WriteAsync($"{pod.PodName} {context.Connection.RemoteIpAddress} {context.Connection.LocalPort}");
        });
        await ListenAsync(server, pods.Client, "other", 8080, context => context.Response.WriteAsync("other"));
        using HttpClient client = MakeClient(pods.Client);
        Assert.Equal("web 10.0.0.1 80", await client.GetStringAsync(new Uri("http://10.0.0.2/")).WaitAsync(Patience));
        Assert.Equal("web 10.0.0.1 80", await client.GetStringAsync(new Uri("http://web.example/")).WaitAsync(Patience));
        Assert.Equal("other", await client.GetStringAsync(new Uri("http://127.0.0.1:8080/")).WaitAsync(Patience));
    }

    [Fact]
    public async Task A_hundred_downloads_at_once_arrive_unchanged()
    {
        await using var pods = new PodPair();
        await using var server = new PodHttpServer();
        byte[] content = RandomNumberGenerator.GetBytes(300_000);
        await ListenAsync(server, pods.Server, "web", 80, context => context.Response.Body.WriteAsync(content).AsTask());
        using HttpClient client = MakeClient(pods.Client);
        byte[][] bodies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.GetByteArrayAsync(new Uri("http://10.0.0.2/")))).WaitAsync(Patience);
        Assert.All(bodies, body => Assert.Equal(SHA256.HashData(content), SHA256.HashData(body)));
    }

    [Fact]
    public async Task An_upload_arrives_unchanged_and_the_connection_is_used_again()
    {
        await using var pods = new PodPair();
        await using var server = new PodHttpServer();
        var connections = new HashSet<string>();
        PodHttpListener listener = await ListenAsync(server, pods.Server, "web", 80, async context =>
        {
            connections.Add(context.Connection.Id);
            await context.Response.WriteAsync(Convert.ToHexString(await SHA256.HashDataAsync(context.Request.Body)));
        });
        using HttpClient client = MakeClient(pods.Client);
        byte[] content = RandomNumberGenerator.GetBytes(1_000_000);
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage answer = await client.PostAsync(new Uri("http://10.0.0.2/"), new ByteArrayContent(content)).WaitAsync(Patience);
            Assert.Equal(Convert.ToHexString(SHA256.HashData(content)), await answer.Content.ReadAsStringAsync());
        }

        Assert.Single(connections);
        Assert.Equal(1, listener.OpenConnections);
    }

    [Fact]
    public async Task An_unknown_name_and_a_closed_port_fail_as_with_real_sockets()
    {
        await using var pods = new PodPair();
        using HttpClient client = MakeClient(pods.Client);
        HttpRequestException unknown = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(new Uri("http://nowhere.example/")).WaitAsync(Patience));
        Assert.Equal(HttpRequestError.NameResolutionError, unknown.HttpRequestError);
        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(new Uri("http://10.0.0.2:81/")).WaitAsync(Patience));
        Assert.Equal(HttpRequestError.ConnectionError, refused.HttpRequestError);
    }

    [Fact]
    public async Task After_a_listener_is_disposed_its_port_refuses_and_is_free()
    {
        await using var pods = new PodPair();
        await using var server = new PodHttpServer();
        PodHttpListener listener = await ListenAsync(server, pods.Server, "web", 80, _ => Task.CompletedTask);
        await listener.DisposeAsync();
        (SocketResult result, _) = await TcpConnector.ConnectAsync(pods.Client, new Ipv4Endpoint(pods.Server.Address, 80)).WaitAsync(Patience);
        Assert.Equal(SocketResult.ConnectionRefused, result);
        await ListenAsync(server, pods.Server, "web", 80, _ => Task.CompletedTask);
        (result, _) = await server.ListenAsync(pods.Server, "second", new Ipv4Endpoint(Ipv4Address.Any, 80), _ => Task.CompletedTask);
        Assert.Equal(SocketResult.AddressInUse, result);
    }

    private static async Task<PodHttpListener> ListenAsync(PodHttpServer server, INamespaceExecutor pod, string name, ushort port, RequestDelegate application)
    {
        (SocketResult result, PodHttpListener? listener) = await server.ListenAsync(pod, name, new Ipv4Endpoint(Ipv4Address.Any, port), application);
        Assert.Equal(SocketResult.Ok, result);
        return listener!;
    }

    private static HttpClient MakeClient(INamespaceExecutor pod) => new(NamespaceHttp.CreateHandler(pod, ResolveAsync)) { Timeout = Patience };

    private static ValueTask<IReadOnlyList<Ipv4Address>> ResolveAsync(string host, CancellationToken cancellationToken) =>
        new(host == "web.example" ? [Ipv4Address.Parse("10.0.0.2")] : []);
}
