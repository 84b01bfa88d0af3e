using ActorNet.Dataplane.Links;
using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

/// <summary>Two ends of ours on one link: what users see beyond plain transfers.</summary>
public sealed class TcpBehaviourTests
{
    [Fact]
    public void Nobody_listens_and_connect_hears_it()
    {
        using var lab = new TcpLab();
        TcpSocket socket = lab.A.OpenTcp();
        int called = 0;
        socket.Ready = () => called++;
        Assert.Equal(SocketResult.InProgress, socket.Connect(new Ipv4Endpoint(lab.Hosts.B.Address, 81)));
        Assert.Equal(SocketResult.AlreadyInProgress, socket.Connect(new Ipv4Endpoint(lab.Hosts.B.Address, 81)));
        lab.Run(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, called);
        Assert.Equal(SocketResult.ConnectionRefused, socket.TakePendingError());
        Assert.Equal(SocketResult.Ok, socket.TakePendingError());
        Assert.Equal(TcpState.Closed, socket.State);
    }

    [Fact]
    public void A_peer_that_is_silent_is_given_up_after_ten_more_SYNs()
    {
        // Linux 6.18 with tcp_syn_retries 6 and tcp_syn_linear_timeouts 4: 1 s five times, then doubling; 131 s in all.
        using var lab = new TcpLab(new ImpairmentSettings { Cut = true });
        lab.Hosts.A.Namespace.SetNeighbour("eth0", lab.Hosts.B.Address, lab.Hosts.B.Eth0.Mac);
        TcpSocket socket = lab.A.OpenTcp();
        Assert.Equal(SocketResult.InProgress, socket.Connect(new Ipv4Endpoint(lab.Hosts.B.Address, 81)));
        lab.Run(TimeSpan.FromSeconds(130));
        Assert.Equal(TcpState.SynSent, socket.State);
        lab.Run(TimeSpan.FromSeconds(2));
        Assert.Equal(SocketResult.TimedOut, socket.TakePendingError());
        Assert.Equal(10, lab.A.Tcp.RetransSegs);
    }

    [Fact]
    public void No_route_is_told_at_once() =>
        Assert.Equal(SocketResult.NetworkUnreachable, WithLab(lab => lab.A.OpenTcp().Connect(new Ipv4Endpoint(Ipv4Address.Parse("198.51.100.1"), 80))));

    [Fact]
    public void A_reset_reaches_the_reader_behind_its_data()
    {
        using var lab = new TcpLab();
        (TcpSocket client, TcpSocket server) = lab.Connect();
        client.Send("last words"u8, out _);
        lab.Run(TimeSpan.FromMilliseconds(1));
        client.Abort();
        lab.Run(TimeSpan.FromMilliseconds(1));
        var buffer = new byte[100];
        Assert.Equal(SocketResult.Ok, server.Receive(buffer, out int received));
        Assert.Equal(10, received);
        Assert.Equal(SocketResult.ConnectionReset, server.Receive(buffer, out _));
        Assert.Equal(SocketResult.Ok, server.Receive(buffer, out received));
        Assert.Equal(0, received);
        Assert.Equal(SocketResult.BrokenPipe, server.Send(buffer, out _));
    }

    [Fact]
    public void Closing_with_unread_data_resets()
    {
        using var lab = new TcpLab();
        (TcpSocket client, TcpSocket server) = lab.Connect();
        client.Send("never read"u8, out _);
        lab.Run(TimeSpan.FromMilliseconds(1));
        server.Close();
        lab.Run(TimeSpan.FromMilliseconds(1));
        Assert.Equal(SocketResult.ConnectionReset, client.TakePendingError());
        Assert.Equal(1, lab.B.Tcp.TCPAbortOnClose);
        Assert.Empty(lab.A.TcpConnections.Concat(lab.B.TcpConnections));
    }

    [Fact]
    public void Half_closed_either_way_data_still_flow_the_other()
    {
        using var lab = new TcpLab();
        (TcpSocket client, TcpSocket server) = lab.Connect();
        lab.Transfer(client, server, TcpLab.Pattern(300_000), TimeSpan.FromSeconds(10));
        Assert.Equal(TcpState.FinWait2, client.State);
        lab.Transfer(server, client, TcpLab.Pattern(300_000, 2), TimeSpan.FromSeconds(10));
        Assert.Equal(TcpState.Closed, server.State);
    }

    [Fact]
    public void A_reader_that_pauses_closes_the_window_and_nothing_is_lost()
    {
        using var lab = new TcpLab();
        (TcpSocket client, TcpSocket server) = lab.Connect();
        byte[] data = TcpLab.Pattern(2_000_000);
        int sent = 0;
        for (int i = 0; i < 100; i++)
        {
            while (sent < data.Length && client.Send(data.AsSpan(sent), out int taken) == SocketResult.Ok && taken > 0)
                sent += taken;
            lab.Run(TimeSpan.FromSeconds(1));
        }

        // At least half of the default buffer is offered for data, and no more than all of it can be held.
        Assert.InRange(server.Available, 65_536 - 1460, 131_072);
        Assert.Equal(0, client.Info.SendWindow);
        Assert.True(lab.A.Tcp.TCPWinProbe > 3);
        Assert.Equal(0, lab.B.Tcp.TCPRcvQDrop);
        var received = new List<byte>();
        var buffer = new byte[10_000];
        lab.RunUntil(
            () =>
            {
                while (sent < data.Length && client.Send(data.AsSpan(sent), out int taken) == SocketResult.Ok && taken > 0)
                    sent += taken;
                while (server.Receive(buffer, out int read) == SocketResult.Ok && read > 0)
                    received.AddRange(buffer.AsSpan(0, read));
                return received.Count == data.Length;
            },
            TimeSpan.FromMinutes(5));
        Assert.Equal(data, received);
    }

    [Fact]
    public void Keep_alive_finds_a_peer_that_is_gone()
    {
        using var lab = new TcpLab();
        var options = new TcpOptions
        {
            KeepAlive = true,
            KeepAliveIdle = TimeSpan.FromSeconds(10),
            KeepAliveInterval = TimeSpan.FromSeconds(2),
            KeepAliveCount = 3,
        };
        (TcpSocket client, _) = lab.Connect(options);
        lab.Run(TimeSpan.FromSeconds(60));
        Assert.Equal(TcpState.Established, client.State);
        Assert.InRange(lab.A.Tcp.TCPKeepAlive, 5, 6);
        lab.ToB.Settings = new ImpairmentSettings { Cut = true };
        lab.Run(TimeSpan.FromSeconds(17));
        Assert.Equal(TcpState.Closed, client.State);
        Assert.Equal(SocketResult.TimedOut, client.TakePendingError());
    }

    [Fact]
    public void A_silent_path_is_given_up_after_924_seconds()
    {
        // tcp_retries2 = 15 (RFC 1122, 4.2.3.5 asks for at least 100 s).
        using var lab = new TcpLab();
        (TcpSocket client, _) = lab.Connect();
        // The neighbour stays known: else the namespace would tell that the host is unreachable, and that would be the error.
        lab.Hosts.A.Namespace.SetNeighbour("eth0", lab.Hosts.B.Address, lab.Hosts.B.Eth0.Mac);
        lab.ToB.Settings = new ImpairmentSettings { Cut = true };
        client.Send("hello"u8, out _);
        lab.Run(TimeSpan.FromSeconds(924));
        Assert.Equal(TcpState.Established, client.State);
        lab.Run(TimeSpan.FromSeconds(125));
        Assert.Equal(SocketResult.TimedOut, client.TakePendingError());
    }

    [Fact]
    public void A_path_that_swallows_large_packets_without_a_word_is_found_and_left()
    {
        using var lab = new TcpLab(new ImpairmentSettings { Mtu = 1200 });
        (TcpSocket client, TcpSocket server) = lab.Connect();
        lab.Transfer(client, server, TcpLab.Pattern(500_000), TimeSpan.FromMinutes(2));
        Assert.True(lab.A.Tcp.TCPMTUPFail > 0);
        // Packets of 1,204 bytes pass (the link's limit leaves room for a VLAN tag); the search ends within 8 bytes (tcp_probe_threshold).
        Assert.InRange(client.Info.SendMss, 1204 - 52 - 8, 1204 - 52);
    }

    [Fact]
    public void Reordering_does_not_collapse_the_throughput()
    {
        // 2 % of the frames overtake 10 ms of the others. Once seen, reordering is waited for: few are sent twice.
        var settings = new ImpairmentSettings { Seed = 1, Reorder = 0.02, Delay = TimeSpan.FromMilliseconds(10) };
        using var lab = new TcpLab(settings, new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(10) });
        (TcpSocket client, TcpSocket server) = lab.Connect();
        TimeSpan took = lab.Transfer(client, server, TcpLab.Pattern(20_000_000), TimeSpan.FromMinutes(5));
        Assert.True(took < TimeSpan.FromSeconds(8), $"{took.TotalSeconds:F1} s");
    }

    [Fact]
    public void Ends_that_open_at_the_same_time_make_one_connection()
    {
        using var lab = new TcpLab(
            new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(5) }, new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(5) });
        TcpSocket a = lab.A.OpenTcp();
        TcpSocket b = lab.B.OpenTcp();
        Assert.Equal(SocketResult.Ok, a.Bind(new Ipv4Endpoint(default, 700)));
        Assert.Equal(SocketResult.Ok, b.Bind(new Ipv4Endpoint(default, 700)));
        Assert.Equal(SocketResult.InProgress, a.Connect(new Ipv4Endpoint(lab.Hosts.B.Address, 700)));
        Assert.Equal(SocketResult.InProgress, b.Connect(new Ipv4Endpoint(lab.Hosts.A.Address, 700)));
        lab.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(TcpState.Established, a.State);
        Assert.Equal(TcpState.Established, b.State);
        lab.Transfer(a, b, TcpLab.Pattern(100_000), TimeSpan.FromSeconds(5));
        lab.Transfer(b, a, TcpLab.Pattern(100_000, 2), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_listener_that_nobody_serves_takes_its_backlog_and_one()
    {
        using var lab = new TcpLab();
        Assert.Equal(SocketResult.Ok, lab.B.ListenTcp(new Ipv4Endpoint(default, 80), 4, null, out TcpListener? listener));
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(SocketResult.InProgress, lab.A.OpenTcp().Connect(new Ipv4Endpoint(lab.Hosts.B.Address, 80)));
            lab.Run(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal(5, listener!.Pending);
        Assert.True(lab.B.Tcp.ListenOverflows > 0);
        Assert.True(listener.TryAccept(out _));
        lab.Run(TimeSpan.FromSeconds(2));
        Assert.Equal(5, listener.Pending);
    }

    [Fact]
    public void Two_hundred_connections_at_once_all_bring_their_bytes()
    {
        using var lab = new TcpLab(new ImpairmentSettings { Seed = 5, Loss = 0.02, Delay = TimeSpan.FromMilliseconds(2) });
        Assert.Equal(SocketResult.Ok, lab.B.ListenTcp(new Ipv4Endpoint(default, 80), 256, null, out TcpListener? listener));
        var clients = new List<TcpSocket>();
        var waiting = new List<TcpSocket>();
        for (int i = 0; i < 200; i++)
        {
            clients.Add(lab.A.OpenTcp());
            Assert.Equal(SocketResult.InProgress, clients[i].Connect(new Ipv4Endpoint(lab.Hosts.B.Address, 80)));
        }

        waiting.AddRange(clients);
        var buffer = new byte[20_000];
        var counts = new Dictionary<TcpSocket, int>();
        lab.RunUntil(
            () =>
            {
                for (int i = waiting.Count - 1; i >= 0; i--)
                {
                    if (waiting[i].State != TcpState.Established)
                        continue;
                    Assert.Equal(SocketResult.Ok, waiting[i].Send(buffer, out int sent));
                    Assert.Equal(buffer.Length, sent);
                    waiting[i].Close();
                    waiting.RemoveAt(i);
                }

                while (listener!.TryAccept(out TcpSocket? server))
                    counts[server] = 0;
                foreach (TcpSocket server in counts.Keys.ToArray())
                {
                    while (server.Receive(buffer, out int read) == SocketResult.Ok && read > 0)
                        counts[server] += read;
                }

                return counts.Count == 200 && counts.Values.All(c => c == 20_000);
            },
            TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void What_waited_behind_a_long_silence_is_sent_again_before_it_is_given_up()
    {
        // RFC 1122, 4.2.3.5: a connection is given up for what was sent again in vain. Here the ACK of the first segment's original comes after
        // 1.3 s of retransmissions and says that they were needless (RFC 4015): nothing counts as lost, and the second segment, of which there
        // was one copy, is older than the limit (1.4 s) when its first time-out comes.
        using var peer = new RawPeer(new TcpSettings { Retries2 = 2 }) { Stamps = (1000, 0) };
        TcpSocket socket = peer.Establish();
        socket.Send(new byte[2 * 1448], out _);
        peer.Settle();
        uint originals = peer.StackStamp;
        peer.Run(TimeSpan.FromSeconds(1.3));
        peer.TakeSent();
        peer.Stamps = (1001, originals);
        peer.Send(TcpFlags.Ack, 1, 1449);
        Assert.Equal("", peer.TakeSent());
        for (int i = 0; i < 100 && socket.State == TcpState.Established && peer.Layer.Tcp.RetransSegs < 3; i++)
            peer.Run(TimeSpan.FromMilliseconds(100));
        Assert.Equal("ACK 1449 1 len 1448", peer.TakeSent());
        peer.Send(TcpFlags.Ack, 1, 2897);
        Assert.Equal(0, socket.Info.SendQueue);
    }

    private static T WithLab<T>(Func<TcpLab, T> use)
    {
        using var lab = new TcpLab();
        return use(lab);
    }
}
