using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>A thousand short connections at once, each way: all stand at the same time before the first asks anything.</summary>
[Collection(TransferTestCollection.Name)]
public sealed class ConnectionFloodTests(SharedTransferBed shared)
{
    private const int Connections = 1_000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_kernel_connections_are_served_by_our_Kestrel()
    {
        TransferBed bed = await shared.GetAsync();
        Socket[] sockets = NamespaceSocket.Open(bed.Kernel.Namespace, static () =>
            Enumerable.Range(0, Connections).Select(static _ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToArray());
        try
        {
            await Task.WhenAll(sockets.Select(each => each.ConnectAsync(IPAddress.Parse(bed.Server.Address), TransferBed.HttpPort, Ct).AsTask()));
            await AssertStandAsync(bed, $"dport = :{TransferBed.HttpPort}");

            string[] answers = await Task.WhenAll(sockets.Select(each => AskAsync(new NetworkStream(each, ownsSocket: true), $"{bed.Server.Address}:{TransferBed.HttpPort}", "/hostname")));

            Assert.All(answers, static answer => Assert.Equal("200 server", answer));
        }
        finally
        {
            foreach (Socket each in sockets)
                each.Dispose();
        }
    }

    [Fact]
    public async Task A_thousand_of_our_connections_are_served_by_the_kernels_nginx()
    {
        TransferBed bed = await shared.GetAsync();
        var remote = new Ipv4Endpoint(Ipv4Address.Parse(bed.Kernel.Address), KernelNginx.Port);
        TcpStream[] streams = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => TcpConnector.OpenStreamAsync(bed.Client, remote, null, Ct)));
        try
        {
            await AssertStandAsync(bed, $"sport = :{KernelNginx.Port}");

            string[] answers = await Task.WhenAll(streams.Select(each => AskAsync(each, bed.Kernel.Address, "/teapot")));

            Assert.All(answers, static answer => Assert.Equal("418 short and stout\n", answer));
        }
        finally
        {
            foreach (TcpStream each in streams)
                await each.DisposeAsync();
        }
    }

    // A burst may lose a handshake's last segment, which the server asks for again after a second.
    private static Task<TimeSpan> AssertStandAsync(TransferBed bed, string filter) => Eventually.HoldsAsync($"{Connections} connections stand at once", async () =>
        (await bed.Kernel.Namespace.ExecAsync("ss", "-Htn", "state", "established", filter)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length >= Connections);

    // HttpClient over a connection that stands already; it closes it.
    private static async Task<string> AskAsync(Stream connection, string host, string path)
    {
        using var handler = new SocketsHttpHandler { ConnectCallback = (_, _) => ValueTask.FromResult(connection) };
        using var client = new HttpClient(handler) { DefaultRequestHeaders = { ConnectionClose = true } };
        using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://{host}{path}"), Ct);
        string body = await answer.Content.ReadAsStringAsync(Ct);
        return string.Create(CultureInfo.InvariantCulture, $"{(int)answer.StatusCode} {body}");
    }
}
