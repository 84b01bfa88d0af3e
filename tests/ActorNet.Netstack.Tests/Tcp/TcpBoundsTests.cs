using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

/// <summary>What a peer that means harm can cost: bounded tables, counted refusals, and others go on.</summary>
public sealed class TcpBoundsTests
{
    [Fact]
    public void A_flood_of_SYNs_fills_the_queue_and_no_more_and_cookies_let_others_in()
    {
        using var peer = new RawPeer();
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 64, null, out TcpListener? listener));
        for (ushort port = 10_000; port < 20_000; port++)
            peer.Send(TcpFlags.Syn, 0, port: port);
        Assert.Equal(64, listener!.HalfOpen);
        Assert.Equal(64, peer.Layer.TcpConnections.Count());
        Assert.Equal(10_000 - 64, peer.Layer.Tcp.SyncookiesSent);
        peer.TakeSent();
        peer.Send(TcpFlags.Syn, 0);
        Assert.Equal("SYN+ACK 0 1", peer.TakeSent());
        peer.Send(TcpFlags.Ack, 1, 1);
        Assert.True(listener.TryAccept(out TcpSocket? socket));
        Assert.Equal(1, peer.Layer.Tcp.SyncookiesRecv);
        peer.Send(TcpFlags.Ack, 1, 1, length: 100);
        Assert.Equal(100, socket.Available);
        Assert.Equal(1460, socket.Info.SendMss);
    }

    [Fact]
    public void A_cookie_brings_the_options_back_by_its_timestamp()
    {
        using var peer = new RawPeer { Stamps = (1000, 0) };
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 1, null, out TcpListener? listener));
        peer.Send(TcpFlags.Syn, 0, port: 1);
        peer.Send(TcpFlags.Syn, 0, options: [2, 4, 5, 0xB4, 4, 2, 8, 10, 0, 0, 3, 0xE8, 0, 0, 0, 0, 1, 3, 3, 5]);
        peer.Stamps = (1001, peer.StackStamp);
        peer.Send(TcpFlags.Ack, 1, 1);
        Assert.True(listener!.TryAccept(out TcpSocket? socket));
        Assert.True(socket.Info.Timestamps);
        Assert.True(socket.Info.Sack);
        Assert.Equal(5, socket.Info.SendWindowScale);
    }

    [Fact]
    public void An_invented_or_stale_cookie_is_answered_with_a_reset()
    {
        using var peer = new RawPeer();
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 1, null, out TcpListener? listener));
        peer.Send(TcpFlags.Syn, 0, port: 1);
        peer.Send(TcpFlags.Syn, 0, port: 2);
        peer.TakeSent();
        peer.Send(TcpFlags.Ack, 1, 12_345, port: 2);
        Assert.StartsWith("RST", peer.TakeSent(), StringComparison.Ordinal);
        Assert.Equal(1, peer.Layer.Tcp.SyncookiesFailed);
        Assert.Equal(0, listener!.Pending);
    }

    [Fact]
    public void Without_cookies_what_does_not_fit_is_dropped_and_counted()
    {
        using var peer = new RawPeer(new TcpSettings { SynCookies = false });
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 16, null, out TcpListener? listener));
        for (ushort port = 10_000; port < 10_100; port++)
            peer.Send(TcpFlags.Syn, 0, port: port);
        Assert.Equal(16, listener!.HalfOpen);
        Assert.Equal(84, peer.Layer.Tcp.TCPReqQFullDrop);
        Assert.Equal(84, peer.Layer.Tcp.ListenDrops);
        peer.Run(TimeSpan.FromSeconds(64));
        Assert.Equal(0, listener.HalfOpen);
        Assert.Empty(peer.Layer.TcpConnections);
    }

    [Fact]
    public void Half_open_connections_give_up_after_five_answers()
    {
        using var peer = new RawPeer();
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 16, null, out _));
        peer.Send(TcpFlags.Syn, 0);
        peer.Run(TimeSpan.FromSeconds(62.9));
        Assert.Equal(6, peer.TakeSent().Split(';').Length);
        Assert.Single(peer.Layer.TcpConnections);
        peer.Run(TimeSpan.FromSeconds(0.2));
        Assert.Empty(peer.Layer.TcpConnections);
    }

    [Fact]
    public void The_table_of_connections_has_a_bound()
    {
        using var peer = new RawPeer(new TcpSettings { MaxConnections = 100, SynCookies = false });
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 4096, null, out _));
        for (ushort port = 10_000; port < 10_500; port++)
            peer.Send(TcpFlags.Syn, 0, port: port);
        Assert.Equal(100, peer.Layer.TcpConnections.Count());
        Assert.Equal(SocketResult.NoBuffers, peer.Layer.OpenTcp().Connect(new Ipv4Endpoint(RawPeer.PeerAddress, 9)));
    }

    [Fact]
    public void Segments_of_one_byte_beyond_gaps_cost_no_more_than_the_receive_buffer()
    {
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish();
        for (uint at = 2; at < 20_000; at += 2)
            peer.Send(TcpFlags.Ack, 1 + at, 1, length: 1);
        Assert.True(peer.Layer.Tcp.TCPOFODrop > 0);
        // What is in order gets through all the same.
        peer.Send(TcpFlags.Ack, 1, 1, length: 1);
        Assert.Equal(1, socket.Available);
    }

    [Fact]
    public void Segments_of_one_byte_in_order_are_held_compactly()
    {
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish();
        for (uint at = 0; at < 20_000; at++)
            peer.Send(TcpFlags.Ack, 1 + at, 1, length: 1);
        Assert.Equal(20_000, socket.Available);
        Assert.Equal(0, peer.Layer.Tcp.TCPRcvQDrop);
        Assert.True(peer.Layer.Tcp.TCPRcvCoalesce > 19_000);
    }

    [Fact]
    public void Readers_that_never_read_hold_no_more_than_the_namespace_may()
    {
        const int Limit = 1 << 20;
        using var peer = new RawPeer(new TcpSettings { MaxReceiveMemory = Limit });
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 128, null, out TcpListener? listener));
        var sockets = new List<TcpSocket>();
        for (ushort port = 1000; port < 1030; port++)
        {
            peer.Send(TcpFlags.Syn, 0, port: port);
            peer.Send(TcpFlags.Ack, 1, 1, port: port);
            Assert.True(listener!.TryAccept(out TcpSocket? socket));
            sockets.Add(socket);
            for (uint at = 0; at < 60_000; at += 1000)
                peer.Send(TcpFlags.Ack, 1 + at, 1, 1000, port: port);
        }

        Assert.InRange(sockets.Sum(s => (long)s.Available), Limit / 4, Limit);
        Assert.True(peer.Layer.Tcp.TCPRcvQDrop > 0);
        // Everybody keeps a minimum.
        Assert.All(sockets, s => Assert.True(s.Available >= 4000, $"{s.Available} bytes"));
    }

    [Fact]
    public void Challenges_are_given_sparingly()
    {
        using var peer = new RawPeer();
        peer.Establish();
        for (int i = 0; i < 100; i++)
            peer.Send(TcpFlags.Rst, 100);
        Assert.Equal("ACK 1 1", peer.TakeSent());
        Assert.Equal(1, peer.Layer.Tcp.TCPChallengeACK);
        peer.Run(TimeSpan.FromMilliseconds(500));
        peer.Send(TcpFlags.Rst, 100);
        Assert.Equal("ACK 1 1", peer.TakeSent());
    }

    [Fact]
    public void An_ACK_of_long_ago_is_challenged_and_changes_nothing()
    {
        // RFC 5961, 5.2.
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish();
        peer.Send(TcpFlags.Ack, 1, unchecked(0u - 1_000_000), length: 10);
        Assert.Equal(0, socket.Available);
        Assert.Equal("ACK 1 1", peer.TakeSent());
    }

    [Fact]
    public void A_segment_with_an_old_timestamp_is_acknowledged_and_dropped()
    {
        // RFC 7323, 5.3 R1.
        using var peer = new RawPeer { Stamps = (1_000_000, 0) };
        TcpSocket socket = peer.Establish();
        peer.Stamps = (999_000, peer.StackStamp);
        peer.Send(TcpFlags.Ack, 1, 1, length: 10);
        Assert.Equal("ACK 1 1", peer.TakeSent());
        Assert.Equal(1, peer.Layer.Tcp.PAWSEstab);
        peer.Stamps = (1_000_001, peer.StackStamp);
        peer.Send(TcpFlags.Ack, 1, 1, length: 10);
        Assert.Equal(10, socket.Available);
    }

    [Fact]
    public void A_timestamp_is_too_old_to_judge_by_after_24_days()
    {
        // RFC 7323, 5.5.
        using var peer = new RawPeer { Stamps = (1_000_000, 0) };
        TcpSocket socket = peer.Establish();
        peer.Run(TimeSpan.FromDays(24.1));
        peer.Stamps = (999_000, peer.StackStamp);
        peer.Send(TcpFlags.Ack, 1, 1, length: 10);
        Assert.Equal(10, socket.Available);
    }

    [Fact]
    public void Connections_in_TIME_WAIT_are_bounded()
    {
        using var peer = new RawPeer(new TcpSettings { MaxTimeWait = 10 });
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 128, null, out TcpListener? listener));
        peer.EstablishAndClose50(listener!, port => peer.Send(TcpFlags.Fin | TcpFlags.Ack, 1, 2, port: port));

        Assert.Equal(10, peer.Layer.TcpConnections.Count());
        Assert.Equal(40, peer.Layer.Tcp.TCPTimeWaitOverflow);
    }

    [Fact]
    public void Initial_numbers_and_ports_differ_from_peer_to_peer_and_seed_to_seed()
    {
        var numbers = new HashSet<uint>();
        using var peer = new RawPeer();
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 1000, null, out _));
        for (ushort port = 1000; port < 1500; port++)
        {
            peer.Send(TcpFlags.Syn, 0, port: port);
            numbers.Add(peer.StackIsn >> 16);
        }

        Assert.True(numbers.Count > 450, $"{numbers.Count} different upper halves");
        var ports = new HashSet<int>();
        for (int i = 0; i < 100; i++)
        {
            TcpSocket socket = peer.Layer.OpenTcp();
            Assert.Equal(SocketResult.InProgress, socket.Connect(new Ipv4Endpoint(RawPeer.PeerAddress, (ushort)(i + 1))));
            Assert.InRange(socket.Local.Port, 32_768, 60_999);
            ports.Add(socket.Local.Port);
        }

        Assert.True(ports.Count > 90, $"{ports.Count} different ports");
    }

    [Fact]
    public void A_retransmission_makes_room_for_the_SACK_blocks_that_go_along()
    {
        // RFC 2018, 3: options and data together fit the segment (tcp_current_mss counts the blocks too).
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish(synOptions: [2, 4, 5, 0xB4, 4, 2, 1, 1]);
        socket.Send(new byte[1460], out _);
        peer.Settle();
        Assert.Equal("ACK 1 1 len 1460", peer.TakeSent());
        peer.Send(TcpFlags.Ack, 101, 1, length: 100);
        Assert.Equal("ACK 1461 1", peer.TakeSent());
        peer.Run(TimeSpan.FromSeconds(1));
        Assert.StartsWith("ACK 1 1 len 1448", peer.TakeSent(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_window_of_a_SYN_in_a_simultaneous_open_is_not_scaled()
    {
        // RFC 7323, 2.2.
        using var peer = new RawPeer();
        TcpSocket socket = peer.Layer.OpenTcp();
        Assert.Equal(SocketResult.InProgress, socket.Connect(new Ipv4Endpoint(RawPeer.PeerAddress, RawPeer.PeerPort)));
        peer.Settle();
        peer.StackPort = socket.Local.Port;
        byte[] scaled = [2, 4, 5, 0xB4, 1, 3, 3, 7];
        peer.Send(TcpFlags.Syn, 0, window: 1000, options: scaled);
        peer.Send(TcpFlags.Syn | TcpFlags.Ack, 0, 1, window: 1000, options: scaled);
        Assert.Equal(TcpState.Established, socket.State);
        Assert.Equal(1000u, socket.Info.SendWindow);
    }

    [Fact]
    public void Jumbo_segments_beyond_a_gap_cost_little_more_than_their_data()
    {
        // Segments of 2,000 bytes come in 66 KB buffers; the receive buffer of 128 KB holds them all.
        using var peer = new RawPeer(mtu: 9000);
        TcpSocket socket = peer.Establish();
        for (uint i = 1; i < 30; i++)
            peer.Send(TcpFlags.Ack, 1 + (i * 2000), 1, length: 2000);
        Assert.Equal(0, peer.Layer.Tcp.TCPOFODrop);
        peer.Send(TcpFlags.Ack, 1, 1, length: 2000);
        Assert.Equal(60_000, socket.Available);
    }
}
