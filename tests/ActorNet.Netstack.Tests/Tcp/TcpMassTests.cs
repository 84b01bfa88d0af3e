using System.Diagnostics;
using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

/// <summary>A hundred thousand of everything: what is refused is counted, what is held has a bound, and it comes back.</summary>
[Collection(WholeHeap.Name)]
public sealed class TcpMassTests(ITestOutputHelper output)
{
    private const int Asked = 100_000;

    [Fact]
    public void A_flood_of_SYNs_holds_no_more_than_the_backlog()
    {
        using var peer = new RawPeer { IsSilent = true };
        TcpListener listener = Listen(peer, 80, 4096);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        ForEachFlow(peer, 80, port => peer.Send(TcpFlags.Syn, 0, port: port));
        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{held / 1024} KB for {listener.HalfOpen} half-open connections");
        Assert.Equal(4096, listener.HalfOpen);
        Assert.Equal(Asked - 4096, peer.Layer.Tcp.SyncookiesSent);
        Assert.InRange(held, 0, 4096 * 4096);
        // Somebody honest comes in all the same, by a cookie.
        TcpSocket socket = Handshake(peer, listener, 81, 9);
        Assert.Equal(TcpState.Established, socket.State);
        // And when the flood is over nothing is left of it (tcp_synack_retries: 63 s).
        peer.Run(TimeSpan.FromSeconds(70));
        Assert.Equal(0, listener.HalfOpen);
        Assert.Single(peer.Layer.TcpConnections);
    }

    [Fact]
    public void Connections_that_nobody_accepts_hold_no_more_than_the_backlog()
    {
        using var peer = new RawPeer { IsSilent = true };
        TcpListener listener = Listen(peer, 80, 128);
        ForEachFlow(peer, 80, port =>
        {
            peer.Send(TcpFlags.Syn, 0, port: port);
            peer.Send(TcpFlags.Ack, 1, 1, port: port);
        });
        Assert.Equal(129, listener.Pending);
        Assert.InRange(peer.Layer.TcpConnections.Count(), 129, 129 + 128);
        // Every other one was refused as its SYN or as its last ACK came, and is counted.
        Assert.True(peer.Layer.Tcp.ListenOverflows >= Asked - 129 - 128, $"{peer.Layer.Tcp.ListenOverflows} overflows");
    }

    [Fact]
    public void Connections_beyond_the_tables_bound_are_refused_and_all_memory_comes_back()
    {
        const int Bound = 50_000;
        using var peer = new RawPeer(new TcpSettings { MaxConnections = Bound }) { IsSilent = true };
        TcpListener listener = Listen(peer, 80, 4096);
        var sockets = new List<TcpSocket>(Bound);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        ForEachFlow(peer, 80, port =>
        {
            peer.Send(TcpFlags.Syn, 0, port: port);
            peer.Send(TcpFlags.Ack, 1, 1, port: port);
            while (listener.TryAccept(out TcpSocket? socket))
                sockets.Add(socket);
        });
        long held = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{held / sockets.Count} bytes for each of {sockets.Count} connections");
        Assert.Equal(Bound, sockets.Count);
        Assert.Equal(Asked - Bound, peer.Layer.Tcp.ListenOverflows);
        Assert.InRange(held / sockets.Count, 1, 4096);
        foreach (TcpSocket socket in sockets)
            socket.Abort();
        sockets.Clear();
        sockets.TrimExcess();
        peer.Settle();
        Assert.Empty(peer.Layer.TcpConnections);
        Assert.Equal(0, peer.Layer.Tcp.CurrEstab);
        long left = GC.GetTotalMemory(forceFullCollection: true) - before;
        // The tables keep their capacity: some 100 bytes an entry.
        Assert.InRange(left, long.MinValue, Bound * 200L);
    }

    [Fact]
    public void One_namespace_under_a_flood_leaves_another_its_speed()
    {
        // Two stacks of one process share nothing but frame memory: a flood at one costs the other only the processor's time.
        using var flooded = new RawPeer { IsSilent = true };
        using var other = new RawPeer();
        TcpListener target = Listen(flooded, 80, 128);
        TcpSocket socket = Handshake(other, Listen(other, 80, 8), 0, 5555);
        long begin = Stopwatch.GetTimestamp();
        for (uint i = 0; i < 10_000; i++)
        {
            flooded.Send(TcpFlags.Syn, i, port: (ushort)(i + 1));
            if (i < 6000 && i % 100 == 0)
                other.Send(TcpFlags.Ack, 1 + (i / 100 * 1000), 1, length: 1000);
        }

        output.WriteLine($"{Stopwatch.GetElapsedTime(begin).TotalMicroseconds / 10_000:F1} us a SYN");
        Assert.Equal(128, target.HalfOpen);
        Assert.Equal(60_000, socket.Available);
        Assert.Equal(0, other.Layer.Tcp.RetransSegs + other.Layer.Tcp.TCPRcvQDrop);
    }

    private static TcpListener Listen(RawPeer peer, ushort port, int backlog)
    {
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, port), backlog, null, out TcpListener? listener));
        return listener!;
    }

    private static TcpSocket Handshake(RawPeer peer, TcpListener listener, int sequence, ushort port)
    {
        peer.StackPort = listener.Local.Port;
        peer.Send(TcpFlags.Syn, (uint)sequence, port: port);
        peer.Send(TcpFlags.Ack, (uint)sequence + 1, 1, port: port);
        Assert.True(listener.TryAccept(out TcpSocket? socket));
        return socket;
    }

    // 50,000 ports of each of two addresses of the peer.
    private static void ForEachFlow(RawPeer peer, ushort stackPort, Action<ushort> act)
    {
        peer.StackPort = stackPort;
        for (int i = 0; i < Asked; i++)
        {
            peer.Source = i < Asked / 2 ? RawPeer.PeerAddress : RawPeer.SecondPeerAddress;
            act((ushort)(10_000 + (i % (Asked / 2))));
        }

        peer.Source = RawPeer.PeerAddress;
    }
}
