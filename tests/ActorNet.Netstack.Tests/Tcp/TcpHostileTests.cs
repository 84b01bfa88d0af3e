using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

/// <summary>Peers that play games: windows, acknowledgments and sequence numbers that no honest TCP sends. Each costs a bounded amount and ends.</summary>
public sealed class TcpHostileTests
{
    private static readonly byte[] SackOk = [2, 4, 5, 0xB4, 4, 2, 1, 1];

    [Fact]
    public void A_window_that_stays_closed_does_not_keep_a_closed_sockets_data_for_ever()
    {
        // The peer answers every probe (Sockstress): linux tcp_probe_timer gives an orphan up once the probes are two minutes apart.
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish();
        socket.Send(new byte[20_000], out _);
        socket.Close();
        peer.Settle();
        peer.Send(TcpFlags.Ack, 1, 14_601, window: 0);
        peer.AnswerWith(TcpFlags.Ack, 1, 14_601, window: 0);
        peer.Run(TimeSpan.FromMinutes(10));
        Assert.Empty(peer.Layer.TcpConnections);
        Assert.Equal(1, peer.Layer.Tcp.TCPAbortOnTimeout);
    }

    [Fact]
    public void A_window_that_stays_closed_keeps_an_open_socket_and_costs_a_probe_in_two_minutes()
    {
        // RFC 9293, 3.8.6.1: as long as the peer acknowledges the probes the connection stays.
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish();
        socket.Send(new byte[20_000], out _);
        peer.Settle();
        peer.Send(TcpFlags.Ack, 1, 14_601, window: 0);
        peer.AnswerWith(TcpFlags.Ack, 1, 14_601, window: 0);
        peer.Run(TimeSpan.FromHours(2));
        Assert.Equal(TcpState.Established, socket.State);
        Assert.InRange(peer.Layer.Tcp.TCPWinProbe, 60, 75);
        peer.AnswerWith(null);
        peer.Send(TcpFlags.Ack, 1, 14_601);
        Assert.Contains("len", peer.TakeSent(), StringComparison.Ordinal);
    }

    [Fact]
    public void Orphans_have_a_bound_and_those_beyond_are_reset()
    {
        // tcp_max_orphans; TCPAbortOnMemory counts them (linux tcp_check_oom).
        using var peer = new RawPeer(new TcpSettings { MaxOrphans = 10 });
        Assert.Equal(SocketResult.Ok, peer.Layer.ListenTcp(new Ipv4Endpoint(default, 80), 128, null, out TcpListener? listener));
        peer.EstablishAndClose50(listener!);

        Assert.Equal(10, peer.Layer.TcpConnections.Count());
        Assert.Equal(40, peer.Layer.Tcp.TCPAbortOnMemory);
        // FIN-WAIT-1 of those that nobody acknowledges ends too, and with it the place that they took.
        peer.Run(TimeSpan.FromMinutes(4));
        Assert.Empty(peer.Layer.TcpConnections);
        peer.Establish(listener!, 2000).Close();
        Assert.Equal(40, peer.Layer.Tcp.TCPAbortOnMemory);
    }

    [Fact]
    public void Windows_of_one_byte_make_no_segments_of_one_byte()
    {
        // RFC 9293, 3.8.6.2.1: the sender's half of avoiding the silly window.
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish();
        socket.Send(new byte[20_000], out _);
        peer.Settle();
        peer.Send(TcpFlags.Ack, 1, 14_601, window: 0);
        peer.TakeSent();
        for (ushort window = 1; window < 100; window++)
            peer.Send(TcpFlags.Ack, 1, 14_601, window: window);
        Assert.Equal("", peer.TakeSent());
    }

    [Fact]
    public void Acknowledgments_ahead_of_the_data_are_challenged_and_do_not_speed_it_up()
    {
        // RFC 5961, 5.2, and Savage's optimistic ACKs: what was not sent cannot be acknowledged.
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish();
        socket.Send(new byte[60_000], out _);
        peer.Settle();
        int first = Count(peer.TakeSent());
        for (uint i = 0; i < 50; i++)
            peer.Send(TcpFlags.Ack, 1, 14_602 + (i * 1460));
        Assert.Equal("ACK 14601 1", peer.TakeSent());
        Assert.Equal(10, first);
        Assert.Equal(1, peer.Layer.Tcp.TCPChallengeACK);
    }

    [Fact]
    public void An_acknowledgment_in_a_thousand_pieces_opens_the_window_by_its_bytes()
    {
        // RFC 3465, 2.1: growth counts bytes, not ACKs (Savage's ACK division).
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish();
        socket.Send(new byte[80_000], out _);
        peer.Settle();
        Assert.Equal(10, Count(peer.TakeSent()));
        for (uint ack = 2; ack <= 1461; ack++)
            peer.Send(TcpFlags.Ack, 1, ack);
        // One segment was acknowledged: it makes room for itself and one more.
        Assert.InRange(Count(peer.TakeSent()), 1, 2);
    }

    [Fact]
    public void Blind_data_and_resets_over_the_whole_number_space_leave_a_connection_alone()
    {
        // RFC 5961, 3.2, 4.2, 5.2: a blind attacker who knows addresses and ports tries numbers in steps of a window.
        using var peer = new RawPeer { Stamps = (1_000_000, 0) };
        TcpSocket socket = peer.Establish();
        peer.Stamps = null;
        for (ulong sequence = 60_000; sequence < 0xFFFF_0000; sequence += 60_000)
        {
            peer.Send(TcpFlags.Rst, (uint)sequence);
            if (sequence % 600_000 == 0)
                peer.Send(TcpFlags.Syn, (uint)sequence);
        }

        for (uint ack = 0; ack < 0xF000_0000; ack += 0x1000_0000)
            peer.Send(TcpFlags.Ack, 1, ack + 100_000, length: 10);
        Assert.Equal(TcpState.Established, socket.State);
        Assert.Equal(0, socket.Available);
        // 500 ms between answers to what is invalid (tcp_invalid_ratelimit): no time passed, so there was one.
        Assert.Equal(1, Count(peer.TakeSent(), ""));
        Assert.True(peer.Layer.Tcp.TCPACKSkipped > 1000);
    }

    [Fact]
    public void Overlapping_segments_give_each_byte_once()
    {
        // RFC 9293, 3.10.7.4: trimmed at both ends of what is there; 400 pieces that overlap every way make 20,000 bytes.
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish(SackOk);
        var random = new Random(1);
        for (int i = 0; i < 400; i++)
        {
            uint start = (uint)random.Next(1, 19_000);
            peer.Send(TcpFlags.Ack, 1 + start, 1, length: random.Next(1, 1400));
        }

        for (uint start = 0; start < 20_400; start += 1000)
            peer.Send(TcpFlags.Ack, 1 + start, 1, length: 1000);
        Assert.InRange(socket.Available, 20_400, 21_000);
        Assert.Equal(socket.Available, new HashSet<int>(Enumerable.Range(0, socket.Available)).Count);
    }

    [Fact]
    public void Data_beyond_the_window_is_not_kept()
    {
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish(SackOk);
        for (uint i = 0; i < 1000; i++)
            peer.Send(TcpFlags.Ack, 1 + 70_000 + (i * 1400), 1, length: 1400);
        Assert.Equal(0, peer.Layer.Tcp.TCPOFOQueue);
        peer.Send(TcpFlags.Ack, 1, 1, length: 10);
        Assert.Equal(10, socket.Available);
    }

    [Fact]
    public void Options_of_a_SYN_that_make_no_sense_make_no_segments_of_no_sense()
    {
        // An MSS of 1 and a window scale of 255: tcp_min_snd_mss, and RFC 7323, 2.3 (14 at most).
        using var peer = new RawPeer();
        TcpSocket socket = peer.Establish([2, 4, 0, 1, 3, 3, 255, 1]);
        socket.Send(new byte[1000], out _);
        peer.Settle();
        Assert.StartsWith("ACK 1 1 len 48;", peer.TakeSent(), StringComparison.Ordinal);
        Assert.Equal(14, socket.Info.SendWindowScale);
    }

    private static int Count(string sent, string what = "len") =>
        sent.Split("; ", StringSplitOptions.RemoveEmptyEntries).Count(s => s.Contains(what, StringComparison.Ordinal));
}
