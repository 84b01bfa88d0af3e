using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

/// <summary>The scoreboard and what it leads to: RFC 6675 by segments of 1,000 bytes, RFC 2883, RFC 8985, RFC 6937.</summary>
public sealed class LossRecoveryTests
{
    private const int Mss = 1000;
    private const long Rtt = 100_000_000;

    private readonly TcpCounters _counters = new();
    private readonly LossRecovery _recovery;
    private uint _una;
    private long _now;

    public LossRecoveryTests()
    {
        _recovery = new LossRecovery(_counters) { HasSack = true };
        _recovery.Congestion.Window = 20 * Mss;
    }

    private uint Nxt { get; set; }

    [Fact]
    public void Two_segments_beyond_a_gap_do_not_make_a_loss()
    {
        Send(10);
        Ack(0, (1, 3));
        Assert.Equal(CongestionState.Disorder, _recovery.State);
        Assert.Equal(0, _recovery.Segments.LostBytes);
        Assert.Equal(8 * Mss, Pipe);
    }

    [Fact]
    public void Three_segments_beyond_a_gap_make_the_first_lost()
    {
        Send(10);
        Ack(0, (1, 4));
        Assert.Equal(CongestionState.Recovery, _recovery.State);
        Assert.Equal(Mss, _recovery.Segments.LostBytes);
        Assert.True(_recovery.Segments[0].Is(SentFlags.Lost));
        // RFC 6675, SetPipe: ten sent, three received, one lost.
        Assert.Equal(6 * Mss, Pipe);
        Assert.Equal(14 * Mss, _recovery.Congestion.Threshold);
    }

    [Fact]
    public void Every_gap_with_three_behind_it_is_lost()
    {
        Send(12);
        Ack(0, (6, 9), (1, 5));
        Assert.True(_recovery.Segments[0].Is(SentFlags.Lost));
        Assert.True(_recovery.Segments[5].Is(SentFlags.Lost));
        Assert.Equal(2 * Mss, _recovery.Segments.LostBytes);
    }

    [Fact]
    public void Blocks_that_repeat_count_once()
    {
        Send(10);
        Ack(0, (2, 4));
        Ack(0, (2, 4));
        Ack(0, (2, 5));
        Assert.Equal(3 * Mss, _recovery.Segments.SackedBytes);
        Assert.Equal(3, _recovery.Segments.SackedCount);
    }

    [Fact]
    public void A_block_that_covers_half_a_segment_cuts_it()
    {
        Send(4);
        AckBytes(0, (1500, 2500));
        Assert.Equal(6, _recovery.Segments.Count);
        Assert.Equal(1000, _recovery.Segments.SackedBytes);
        Assert.Equal(3000, Pipe);
    }

    [Fact]
    public void Cutting_has_a_bound()
    {
        Send(40);
        for (uint at = 1; at < 39_990; at += 2)
            AckBytes(0, (at, at + 1));
        Assert.InRange(_recovery.Segments.Count, 40, 5000);
    }

    [Theory]
    [InlineData(3000, 2000)]
    [InlineData(9000, 12_000)]
    [InlineData(2000, 2000)]
    public void Absurd_blocks_are_discarded(uint left, uint right)
    {
        Send(10);
        AckBytes(0, (5000, 6000), (left, right));
        Assert.Equal(1000, _recovery.Segments.SackedBytes);
        Assert.Equal(1, _counters.TCPSACKDiscard);
    }

    [Fact]
    public void Recovery_ends_when_all_that_was_out_is_acknowledged_and_leaves_the_threshold()
    {
        Send(20);
        Ack(0, (1, 4));
        Retransmit(0);
        Pass(Rtt);
        Ack(4);
        Assert.Equal(CongestionState.Recovery, _recovery.State);
        Ack(20);
        Assert.Equal(CongestionState.Open, _recovery.State);
        Assert.Equal(14 * Mss, _recovery.Congestion.Window);
    }

    [Fact]
    public void Proportional_rate_reduction_sends_seven_for_ten_delivered()
    {
        // RFC 6937, 3.1: while pipe is above ssthresh, sndcnt = CEIL(prr_delivered * ssthresh / RecoverFS) - prr_out.
        Send(20);
        Ack(0, (1, 4));
        Retransmit(0);
        int allowed = 0;
        for (uint received = 5; received <= 13; received++)
        {
            Ack(0, (1, received));
            while (Pipe + Mss <= _recovery.Congestion.Window)
            {
                Send(1);
                _recovery.OnSent(Mss);
                allowed++;
            }
        }

        // Twelve delivered: ceil(12 * 14 / 20) = 9 in all, the retransmission among them.
        Assert.InRange(allowed + 1, 8, 9);
    }

    [Fact]
    public void A_lost_retransmission_is_found_without_a_timeout()
    {
        Send(10);
        Pass(Rtt);
        Ack(0, (1, 4));
        Retransmit(0);
        Pass(Rtt / 2);
        Send(3);
        Pass(Rtt);
        Ack(0, (1, 13));
        Assert.Equal(1, _counters.TCPLostRetransmit);
        Assert.Equal(Mss, _recovery.Segments.LostBytes);
    }

    [Fact]
    public void Reordering_once_seen_makes_it_wait_for_a_quarter_of_the_round_trip()
    {
        Send(4);
        Pass(Rtt);
        Ack(0, (1, 2));
        Pass(1_000_000);
        Ack(4);
        Assert.Equal(1, _recovery.Rack.ReorderingsSeen);
        Send(10);
        Pass(Rtt);
        Ack(4, (5, 9));
        Assert.Equal(0, _recovery.Segments.LostBytes);
        Assert.Equal(CongestionState.Disorder, _recovery.State);
        Assert.NotEqual(Instant.Never, _recovery.ReorderingAt);
        _now = _recovery.ReorderingAt.Nanoseconds;
        _recovery.OnReorderingTimeout(Context());
        Assert.Equal(Mss, _recovery.Segments.LostBytes);
        Assert.Equal(CongestionState.Recovery, _recovery.State);
    }

    [Fact]
    public void A_duplicate_of_every_retransmission_takes_the_reduction_back()
    {
        Send(10);
        Pass(Rtt);
        Ack(0, (1, 4));
        Retransmit(0);
        Pass(Rtt);
        Ack(10);
        _recovery.Congestion.Window = 14 * Mss;
        Send(10);
        Pass(Rtt);
        Ack(10, (11, 14));
        long threshold = _recovery.Congestion.Threshold;
        Retransmit(0);
        Pass(1_000_000);
        // The original arrives, then the copy: ACK of all with a D-SACK of segment 10.
        AckBytes(14_000, (10_000, 11_000));
        Assert.Equal(CongestionState.Open, _recovery.State);
        Assert.Equal(1, _counters.TCPFullUndo);
        Assert.True(_recovery.Congestion.Threshold > threshold);
    }

    [Fact]
    public void After_a_timeout_the_window_is_one_segment_and_what_had_its_time_is_lost()
    {
        Send(10);
        Pass(1_000_000_000);
        _recovery.OnTimeout(Context(), again: false);
        Assert.Equal(CongestionState.Loss, _recovery.State);
        Assert.Equal(10 * Mss, _recovery.Segments.LostBytes);
        Assert.Equal(Mss, _recovery.Congestion.Window);
        Assert.Equal(14 * Mss, _recovery.Congestion.Threshold);
    }

    [Fact]
    public void A_peer_that_forgets_what_it_reported_is_not_believed_again()
    {
        Send(10);
        Pass(Rtt);
        Ack(0, (1, 4));
        Retransmit(0);
        Pass(Rtt);
        Ack(1);
        Assert.True(_recovery.Segments[0].Is(SentFlags.Sacked));
        Pass(1_000_000_000);
        _recovery.OnTimeout(Context(), again: false);
        Assert.Equal(0, _recovery.Segments.SackedBytes);
        Assert.Equal(1, _counters.TCPSACKReneging);
    }

    [Fact]
    public void Without_SACK_three_duplicates_make_the_first_lost_and_partial_ACKs_the_next()
    {
        _recovery.HasSack = false;
        Send(10);
        for (int i = 0; i < 3; i++)
            Acknowledge(0, [], duplicate: true);
        Assert.Equal(CongestionState.Recovery, _recovery.State);
        Assert.True(_recovery.Segments[0].Is(SentFlags.Lost));
        Retransmit(0);
        Ack(5);
        Assert.Equal(CongestionState.Recovery, _recovery.State);
        Assert.True(_recovery.Segments[0].Is(SentFlags.Lost));
        Ack(10);
        Assert.Equal(CongestionState.Open, _recovery.State);
    }

    private int Pipe => _recovery.Pipe(_una, Nxt, Mss);

    private void Pass(long nanoseconds) => _now += nanoseconds;

    private void Send(int segments)
    {
        for (int i = 0; i < segments; i++, Nxt += Mss)
            _recovery.Segments.Append(Nxt, Nxt + Mss, _now, SentFlags.None);
    }

    private void Retransmit(int index)
    {
        _recovery.Segments.MarkRetransmitted(ref _recovery.Segments[index], _now);
        _recovery.OnRetransmitted((uint)(_now / 1_000_000));
        _recovery.OnSent(Mss);
    }

    private void Ack(uint segment, params (uint Left, uint Right)[] sacks) =>
        AckBytes(segment * Mss, [.. sacks.Select(s => (s.Left * Mss, s.Right * Mss))]);

    private void AckBytes(uint number, params (uint Left, uint Right)[] sacks) => Acknowledge(number, sacks, duplicate: false);

    private void Acknowledge(uint number, (uint Left, uint Right)[] sacks, bool duplicate)
    {
        var segment = new TcpSegment { Acknowledgment = number, Flags = TcpFlags.Ack, SackCount = sacks.Length };
        for (int i = 0; i < sacks.Length; i++)
            segment.Sacks[i] = new SackBlock(sacks[i].Left, sacks[i].Right);
        AckSummary summary = AckSummary.Nothing;
        _recovery.ReadSacks(segment, _una, Nxt, new Instant(_now), Rtt, ref summary);
        if (number != _una)
            _recovery.Acknowledge(number, new Instant(_now), Rtt, ref summary);
        _una = number;
        _recovery.OnAck(Context(duplicate), ref summary);
    }

    private AckContext Context(bool duplicate = false)
    {
        RttEstimator rtt = default;
        rtt.Sample(Rtt, default);
        return new AckContext { Una = _una, Nxt = Nxt, Mss = Mss, Now = new Instant(_now), Rtt = rtt, IsDuplicate = duplicate };
    }
}
