using System.Net.Sockets;
using System.Security.Authentication;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Stores.Peers;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Tests.Stores;

/// <summary>Who else comes to the store's port is refused, counted and harmless.</summary>
public sealed class StoreStrangerTests
{
    [Fact]
    public async Task Junk_another_authority_and_another_hosts_name_are_refused_and_counted()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a");
        using CertificateAuthority other = CertificateAuthority.Create(TimeProvider.System);
        using LiveCredentials stranger = StoreTrio.CredentialsOf(other, "a");
        using LiveCredentials liar = trio.CredentialsOf("b");

        await SendJunkAsync(trio);
        await RefusedAsync(trio, Options(trio, stranger), "a", 2);
        // A host of the cluster, and yet not the one that it says it is.
        await RefusedAsync(trio, Options(trio, liar), "a", 3);
        // Its own name, which is no member's.
        await RefusedAsync(trio, Options(trio, liar), "b", 4);

        Assert.Equal(2, (await trio["a"].CommitAsync(StoreTransaction.Of(new PutOperation("k", default)))).Revision);
    }

    [Fact]
    public async Task Who_says_nothing_is_sent_away_and_a_thousand_of_them_keep_nobody_out()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b");
        var silent = new List<Socket>();
        for (int i = 0; i < 1000; i++)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            silent.Add(socket);
            await socket.ConnectAsync(trio.AddressOf("a"));
        }

        await trio["b"].CommitAsync(StoreTransaction.Of(new PutOperation("k", default)));

        Assert.True(SpinWait.SpinUntil(() => trio["a"].Refused >= 1000, StoreTrio.Patience));
        silent.ForEach(each => each.Dispose());
        Assert.Single((await trio["b"].RangeAsync(new RangeRequest(KeyRange.Single("k")))).Objects);
    }

    private static StorePeerOptions Options(StoreTrio trio, LiveCredentials credentials) =>
        new() { Listen = trio.AddressOf("a"), Find = _ => null, Credentials = credentials };

    private static async Task SendJunkAsync(StoreTrio trio)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(trio.AddressOf("a"));
        await socket.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        Assert.True(SpinWait.SpinUntil(() => trio["a"].Refused == 1, StoreTrio.Patience));
    }

    // With TLS 1.3 a client hears of a refusal with its first read only.
    private static async Task RefusedAsync(StoreTrio trio, StorePeerOptions options, string name, long refused)
    {
        var peer = new StorePeer("a", new ControlEndpoint("a", 7946), trio.AddressOf("a"));
        using var patience = new CancellationTokenSource(StoreTrio.Patience);
        try
        {
            await using Stream stream = await PeerHandshake.ConnectAsync(options, name, peer, PeerPurpose.Calls, patience.Token);
            Assert.Equal(0, await stream.ReadAsync(new byte[1], patience.Token));
        }
        catch (Exception end) when (end is IOException or AuthenticationException)
        {
        }

        Assert.True(SpinWait.SpinUntil(() => trio["a"].Refused == refused, StoreTrio.Patience));
    }
}
