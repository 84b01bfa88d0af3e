using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using ActorNet.Netstack;
using ActorNet.Node.Edge;
using ActorNet.Packets;
using ActorNet.Sockets;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>Real connections through the edge: they enter at the node's eth0 and end as they would over a real network.</summary>
public sealed class EdgeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_on_loopback_enters_at_eth0_from_outside_with_its_own_port()
    {
        await using EdgeBed bed = await EdgeBed.StartAsync("127.0.31.1");
        int port = bed.FreePort();
        await bed.PublishAsync("web", port);
        await using TcpAcceptor acceptor = await bed.ListenAsync(port);
        NodeCapture capture = (await bed.Node.CaptureAsync("node/n1", "eth0", Ct))!;
        using Socket client = await bed.ConnectAsync(port);
        await using TcpDuplexPipe inside = (await acceptor.AcceptAsync(Ct))!;

        Assert.Equal($"{EdgeBed.OutsideIp}:{((IPEndPoint)client.LocalEndPoint!).Port}", inside.Remote.ToString());
        Assert.Equal($"{EdgeBed.NodeIp}:{port}", inside.Local.ToString());
        Assert.NotEmpty(await capture.StopAsync(Ct));
    }

    [Fact]
    public async Task The_ends_of_the_directions_and_all_bytes_between_pass_both_ways()
    {
        await using EdgeBed bed = await EdgeBed.StartAsync("127.0.31.2");
        int port = bed.FreePort();
        await bed.PublishAsync("web", port);
        await using TcpAcceptor acceptor = await bed.ListenAsync(port);
        using Socket client = await bed.ConnectAsync(port);
        await using var inside = new TcpStream((await acceptor.AcceptAsync(Ct))!);
        byte[] there = RandomNumberGenerator.GetBytes(3_000_000), back = RandomNumberGenerator.GetBytes(2_000_000);
        using var real = new NetworkStream(client);

        // The client ends its direction; the answer comes through the other one, after that.
        Task sending = SendAsync();
        Assert.Equal(there, await ReadAllAsync(inside));
        await sending;
        Task answering = AnswerAsync();
        Assert.Equal(back, await ReadAllAsync(real));
        await answering;
        await EndedAsync(bed);

        async Task SendAsync()
        {
            await real.WriteAsync(there, Ct);
            client.Shutdown(SocketShutdown.Send);
        }

        async Task AnswerAsync()
        {
            await inside.WriteAsync(back, Ct);
            await inside.ShutdownSendAsync();
        }
    }

    [Fact]
    public async Task Who_does_not_read_holds_the_other_side_back()
    {
        await using EdgeBed bed = await EdgeBed.StartAsync("127.0.31.3");
        int port = bed.FreePort();
        await bed.PublishAsync("web", port);
        await using TcpAcceptor acceptor = await bed.ListenAsync(port);
        using Socket client = await bed.ConnectAsync(port);
        await using var inside = new TcpStream((await acceptor.AcceptAsync(Ct))!);

        // Nobody reads inside: 256 MB do not go anywhere, and the writer stands still. Its end is the test's.
        using var give = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        long written = 0;
        Task writing = WriteAsync();
        long before = -1;
        await NodePair.UntilAsync(
            async () =>
            {
                long now = Volatile.Read(ref written);
                bool still = now > 0 && now == before;
                before = now;
                await Task.Delay(300, Ct);
                return still;
            },
            () => $"the writer stands still; it wrote {before} bytes");
        Assert.True(before < 100_000_000, $"{before} bytes found room while nobody read");
        byte[] some = new byte[64 * 1024];
        long read = 0;
        while (read <= before / 2)
            read += await inside.ReadAsync(some, Ct);
        await NodePair.UntilAsync(
            async () =>
            {
                read += await inside.ReadAsync(some, Ct);
                return Volatile.Read(ref written) > before;
            },
            () => "reading lets the writer go on");
        await give.CancelAsync();
        await writing;

        async Task WriteAsync()
        {
            byte[] data = new byte[64 * 1024];
            try
            {
                for (int i = 0; i < 4096; i++)
                    Volatile.Write(ref written, written + await client.SendAsync(data, SocketFlags.None, give.Token));
            }
            catch (OperationCanceledException)
            {
                // Enough.
            }
        }
    }

    [Fact]
    public async Task A_reset_passes_both_ways_and_a_port_that_nobody_holds_is_reset_at_once()
    {
        await using EdgeBed bed = await EdgeBed.StartAsync("127.0.31.4");
        int port = bed.FreePort();
        await bed.PublishAsync("web", port);
        using Socket early = await bed.ConnectAsync(port);
        await ResetAsync(early);

        await using TcpAcceptor acceptor = await bed.ListenAsync(port);
        using Socket first = await bed.ConnectAsync(port);
        await using (TcpDuplexPipe inside = (await acceptor.AcceptAsync(Ct))!)
        {
            inside.Abort();
            await ResetAsync(first);
        }

        Socket second = await bed.ConnectAsync(port);
        await using TcpDuplexPipe other = (await acceptor.AcceptAsync(Ct))!;
        second.LingerState = new LingerOption(true, 0);
        second.Dispose();
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (!(await other.Input.ReadAsync(Ct)).IsCompleted)
            {
            }
        });
        await EndedAsync(bed);
        EdgeStatus status = await bed.Node.EdgeAsync(Ct);
        Assert.Equal(3, status.Accepted);
        Assert.Equal(1, status.Refused);
        Assert.Equal(2, status.Aborted);
    }

    [Fact]
    public async Task A_port_without_an_endpoint_does_not_listen_and_one_that_gets_one_does()
    {
        await using EdgeBed bed = await EdgeBed.StartAsync("127.0.31.5");
        int port = bed.FreePort();
        Assert.Empty((await bed.PublishAsync("web", port, hasEndpoint: false)).Ports);
        await RefusedAsync();
        EdgePortStatus open = Assert.Single((await bed.PublishAsync("web", port)).Ports);
        Assert.Equal($"127.0.31.5:{port}", open.Real);
        Assert.Null(open.Note);
        using (await bed.ConnectAsync(port))
            Assert.Empty((await bed.PublishAsync("web", port, hasEndpoint: false)).Ports);
        await RefusedAsync();

        async Task RefusedAsync()
        {
            SocketException e = await Assert.ThrowsAsync<SocketException>(() => bed.ConnectAsync(port));
            Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);
        }
    }

    [Fact]
    public async Task A_port_that_is_taken_is_published_elsewhere_and_an_event_and_the_status_say_where()
    {
        await using EdgeBed bed = await EdgeBed.StartAsync("127.0.31.6");
        using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        holder.Bind(new IPEndPoint(bed.Machine, 0));
        holder.Listen();
        int port = ((IPEndPoint)holder.LocalEndPoint!).Port;
        EdgePortStatus published = Assert.Single((await bed.PublishAsync("web", port)).Ports);
        Assert.NotEqual($"127.0.31.6:{port}", published.Real);
        Assert.StartsWith("127.0.31.6:", published.Real, StringComparison.Ordinal);
        Assert.Contains($"127.0.31.6:{port} cannot be had on this machine", published.Note, StringComparison.Ordinal);
        await NodePair.UntilAsync(
            () => Task.FromResult(bed.Events.Any(e => e.StartsWith("Service/web PortElsewhere: ", StringComparison.Ordinal) && e.Contains($"it is reached at {published.Real} instead", StringComparison.Ordinal))),
            () => string.Join("; ", bed.Events));

        await using TcpAcceptor acceptor = await bed.ListenAsync(port);
        using Socket client = await bed.ConnectAsync(int.Parse(published.Real!.Split(':')[1], CultureInfo.InvariantCulture));
        await using TcpDuplexPipe inside = (await acceptor.AcceptAsync(Ct))!;
        Assert.Equal($"{EdgeBed.NodeIp}:{port}", inside.Local.ToString());
    }

    [Fact]
    public async Task Datagrams_pass_both_ways_and_each_client_keeps_its_port()
    {
        await using EdgeBed bed = await EdgeBed.StartAsync("127.0.31.7");
        int port = bed.FreePort();
        await bed.PublishAsync("dns", port, "UDP");
        (SocketResult result, DatagramEndpoint? opened) = await DatagramEndpoint.OpenAsync((await bed.RootAsync()).Executor, new Ipv4Endpoint(Ipv4Address.Any, (ushort)port));
        Assert.Equal(SocketResult.Ok, result);
        await using DatagramEndpoint server = opened!;
        using Socket one = Udp(), two = Udp();
        for (int i = 0; i < 3; i++)
        {
            foreach (Socket client in new[] { one, two })
            {
                // Longer than the MTU: it crosses eth0 in fragments.
                byte[] question = RandomNumberGenerator.GetBytes(4000);
                await client.SendToAsync(question, new IPEndPoint(bed.Machine, port), Ct);
                ReceivedDatagram got = await server.ReceiveAsync(Ct);
                Assert.Equal(question, got.Data);
                Assert.Equal($"{EdgeBed.OutsideIp}:{((IPEndPoint)client.LocalEndPoint!).Port}", got.Sender.ToString());
                await server.SendToAsync(Encoding.ASCII.GetBytes($"{i}"), got.Sender);
                byte[] answer = new byte[10];
                Assert.Equal(1, await client.ReceiveAsync(answer, SocketFlags.None, Ct));
                Assert.Equal((byte)('0' + i), answer[0]);
            }
        }

        EdgeStatus status = await bed.Node.EdgeAsync(Ct);
        Assert.Equal(2, status.Flows);
        Assert.Empty((await bed.PublishAsync("dns", port, "UDP", hasEndpoint: false)).Ports);
        await NodePair.UntilAsync(async () => (await bed.Node.EdgeAsync(Ct)).Flows == 0, () => "flows end with their port");

        static Socket Udp()
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            return socket;
        }
    }

    [Fact]
    public async Task An_external_address_that_the_machine_has_is_served_there()
    {
        await using EdgeBed bed = await EdgeBed.StartAsync("127.0.31.8");
        int port = bed.FreePort();
        EdgePortStatus open = Assert.Single((await bed.PublishAsync("web", port, externalIp: "127.0.31.88")).Ports);
        Assert.Equal($"127.0.31.88:{port}", open.Real);
        // One that it has not is served on the node's address, and said so.
        EdgePortStatus other = (await bed.PublishAsync("far", bed.FreePort(), externalIp: "203.0.113.7")).Ports.Single(p => p.Owner == "default/far");
        Assert.StartsWith("127.0.31.8:", other.Real, StringComparison.Ordinal);
        Assert.Contains("203.0.113.7", other.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_of_connections_leaves_nothing_behind()
    {
        await using EdgeBed bed = await EdgeBed.StartAsync("127.0.31.9");
        int port = bed.FreePort();
        await bed.PublishAsync("web", port);
        await using TcpAcceptor acceptor = await bed.ListenAsync(port);
        // Half of them say something and go, half are resets; inside nobody but the kernel's part of a server is there. Fewer than the listener's backlog:
        // where it is full the kernel lets a client be connected that nobody accepts.
        const int clients = 500;
        await Parallel.ForEachAsync(Enumerable.Range(0, clients), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct }, async (i, ct) =>
        {
            using Socket client = await bed.ConnectAsync(port);
            await client.SendAsync(new byte[100], SocketFlags.None, ct);
            if (i % 2 == 0)
                client.LingerState = new LingerOption(true, 0);
        });
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        Task answering = AnswerAsync();
        await NodePair.UntilAsync(async () => await bed.Node.EdgeAsync(Ct) is { Accepted: clients, Connections: 0 }, () => "each was accepted and has ended");
        await over.CancelAsync();
        await answering;

        async Task AnswerAsync()
        {
            try
            {
                while (await acceptor.AcceptAsync(over.Token) is { } connection)
                    connection.Abort();
            }
            catch (OperationCanceledException)
            {
                // All are through.
            }
        }
    }

    private static Task EndedAsync(EdgeBed bed) =>
        NodePair.UntilAsync(async () => (await bed.Node.EdgeAsync(Ct)).Connections == 0, () => "every connection has ended");

    private static async Task ResetAsync(Socket socket)
    {
        SocketException e = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            byte[] one = new byte[1];
            Assert.Equal(0, await socket.ReceiveAsync(one, SocketFlags.None, Ct));
            Assert.Fail("the connection ended without a reset");
        });
        Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
    }

    private static async Task<byte[]> ReadAllAsync(Stream stream)
    {
        var all = new MemoryStream();
        await stream.CopyToAsync(all, Ct);
        return all.ToArray();
    }
}
