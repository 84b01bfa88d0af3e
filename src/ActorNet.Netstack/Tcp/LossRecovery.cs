using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <summary>
/// What a sender knows of its segments in flight and does about loss: the scoreboard, SACK (RFC 2018, 2883, 6675), RACK, fast recovery with
/// proportional rate reduction (RFC 6937), NewReno for peers without SACK (RFC 6582), the retransmission timeout, and taking a reduction
/// back when it proves needless (RFC 4015, RFC 3708). The states are those of linux net/ipv4/tcp_input.c tcp_fastretrans_alert.
/// </summary>
internal sealed partial class LossRecovery(TcpCounters counters)
{
    private const int DuplicateThreshold = 3;

    private uint _recoveryPoint;
    private uint _forwardmost;
    private bool _hasForwardmost;
    private int _duplicateAcks;
    private long _priorWindow;
    private int _reducedDelivered;
    private int _reducedSent;

    public Scoreboard Segments { get; } = new();

    public CubicCongestion Congestion { get; } = new();

    public RackDetector Rack { get; } = new(counters);

    public CongestionState State { get; private set; }

    /// <summary>Whether the peer sends SACK.</summary>
    public bool HasSack { get; set; }

    /// <summary>When RACK wants to look again; <see cref="Instant.Never"/> for not at all.</summary>
    public Instant ReorderingAt { get; private set; } = Instant.Never;

    public long DuplicateSacks { get; private set; }

    /// <summary>Bytes in the network.</summary>
    /// <param name="una">First unacknowledged sequence number.</param>
    /// <param name="nxt">Next sequence number.</param>
    /// <param name="mss">Segment size.</param>
    public int Pipe(uint una, uint nxt, int mss)
    {
        int outstanding = (int)(nxt - una);
        int pipe = Segments.Pipe(outstanding);
        // Without SACK each duplicate ACK stands for a segment that left the network (RFC 6582 3.2; tcp_add_reno_sack).
        return HasSack ? pipe : Math.Max(pipe - (_duplicateAcks * mss), 0);
    }

    /// <summary>Takes what was acknowledged off the scoreboard.</summary>
    public void Acknowledge(uint una, Instant now, long minimumRtt, ref AckSummary summary)
    {
        uint forwardmost = _forwardmost;
        bool hadForwardmost = _hasForwardmost;
        while (Segments.Count > 0)
        {
            ref SentSegment first = ref Segments[0];
            if (!TcpSequence.IsAtMost(first.End, una))
            {
                if (TcpSequence.IsBefore(first.Start, una))
                {
                    int part = (int)(una - first.Start);
                    summary.Acknowledged += part;
                    if (!first.Is(SentFlags.Sacked))
                        summary.Delivered += part;
                    Segments.TrimFirst(una);
                }

                break;
            }

            SentSegment gone = Segments.RemoveFirst();
            summary.Acknowledged += gone.Length;
            summary.SynAcknowledged |= gone.Is(SentFlags.Syn);
            if (gone.Is(SentFlags.Sacked))
                continue;
            summary.Delivered += gone.Length;
            Rack.OnDelivered(gone, now.Nanoseconds, minimumRtt);
            if (gone.Is(SentFlags.EverRetransmitted))
            {
                summary.RetransmittedAcknowledged = true;
                continue;
            }

            if (summary.FirstSentAt < 0)
                summary.FirstSentAt = gone.SentAt;
            summary.LastSentAt = gone.SentAt;
            if (hadForwardmost && TcpSequence.IsBefore(gone.End, forwardmost))
                Rack.OnReordering();
        }

        if (_hasForwardmost && TcpSequence.IsAtMost(_forwardmost, una))
            _hasForwardmost = false;
    }

    /// <summary>
    /// Decides after an ACK: what is lost, which state this is, how large the window may be. Comes after <see cref="Acknowledge"/> and
    /// <see cref="ReadSacks"/>.
    /// </summary>
    public void OnAck(in AckContext context, ref AckSummary summary)
    {
        CountDuplicateAcks(context, summary);
        bool passed = TcpSequence.IsAtMost(_recoveryPoint, context.Una);
        bool endedNow = false;
        if (State is CongestionState.Recovery or CongestionState.Loss)
        {
            if (TryUndo(context, summary))
                endedNow = true;
            else if (passed)
                endedNow = EndRecovery();
        }

        DetectLoss(context, ref summary);
        if (State <= CongestionState.Disorder)
        {
            if (Segments.LostBytes > 0)
                EnterRecovery(context);
            else
                State = Segments.SackedCount > 0 || _duplicateAcks > 0 ? CongestionState.Disorder : CongestionState.Open;
        }

        if (State == CongestionState.Recovery)
            ReduceProportionally(context, summary);
        else if (!endedNow && summary.Acknowledged > 0 && context.WindowLimited)
            Congestion.OnAcknowledged(summary.Acknowledged, context.Mss, context.Rtt.Smoothed, context.Now);
    }

    /// <summary>RACK's timer ran out: looks again.</summary>
    public void OnReorderingTimeout(in AckContext context)
    {
        AckSummary summary = AckSummary.Nothing;
        DetectLoss(context, ref summary);
        if (State <= CongestionState.Disorder && Segments.LostBytes > 0)
            EnterRecovery(context);
        // tcp_rack_reo_timeout: what is newly lost may leave without an ACK to clock it.
        if (State == CongestionState.Recovery)
            ReduceProportionally(context, summary);
    }

    /// <summary>The retransmission timer ran out (RFC 6298, 5.4 to 5.6; RFC 5681, 3.1; tcp_enter_loss).</summary>
    /// <param name="context">Where things stand.</param>
    /// <param name="again">Whether the same segment timed out before.</param>
    public void OnTimeout(in AckContext context, bool again)
    {
        bool fresh = State <= CongestionState.Disorder || TcpSequence.IsAtMost(_recoveryPoint, context.Una) || (State == CongestionState.Loss && !again);
        if (fresh)
        {
            RememberForUndo(context);
            Congestion.Threshold = Congestion.Reduce(context.Mss);
        }

        if (Segments.Count > 0 && Segments[0].Is(SentFlags.Sacked))
            ForgetSacks();
        for (int i = 0; i < Segments.Count; i++)
        {
            ref SentSegment segment = ref Segments[i];
            if (!segment.Is(SentFlags.Sacked) && (i == 0 || Rack.IsDue(segment, context.Now.Nanoseconds)))
                Segments.MarkLost(ref segment);
        }

        _duplicateAcks = 0;
        Congestion.EndEpoch();
        Congestion.Window = Pipe(context.Una, context.Nxt, context.Mss) + context.Mss;
        _recoveryPoint = context.Nxt;
        State = CongestionState.Loss;
        ReorderingAt = Instant.Never;
    }

    /// <summary>A smaller path MTU was learned: what is larger goes again at once, and that is no congestion (tcp_simple_retransmit).</summary>
    public void OnSmallerMss(int mss)
    {
        for (int i = 0; i < Segments.Count; i++)
        {
            ref SentSegment segment = ref Segments[i];
            if (!segment.Is(SentFlags.Sacked) && segment.Length > mss)
                Segments.MarkLost(ref segment);
        }
    }

    /// <summary>A local congestion signal, such as a loss that a tail probe repaired: one reduction, no retransmission (tcp_enter_cwr).</summary>
    public void ReduceOnce(in AckContext context)
    {
        if (State > CongestionState.Disorder)
            return;
        Congestion.Threshold = Congestion.Reduce(context.Mss);
        Congestion.Window = Math.Min(Congestion.Window, Congestion.Threshold);
    }

    /// <summary>Something was sent again or for the first time: proportional rate reduction counts both.</summary>
    public void OnSent(int bytes) => _reducedSent += bytes;

    private void CountDuplicateAcks(in AckContext context, in AckSummary summary)
    {
        if (HasSack)
            return;
        if (summary.Acknowledged > 0)
            _duplicateAcks = Math.Max(0, _duplicateAcks - Math.Max(0, (summary.Acknowledged / context.Mss) - 1));
        else if (context.IsDuplicate && (_duplicateAcks + 1) * (long)context.Mss < context.Nxt - context.Una)
            _duplicateAcks++;
        if (summary.Acknowledged > 0 && State <= CongestionState.Disorder)
            _duplicateAcks = 0;
    }

    private void DetectLoss(in AckContext context, ref AckSummary summary)
    {
        ReorderingAt = Instant.Never;
        if (HasSack)
        {
            if (Segments.SackedCount == 0 && State <= CongestionState.Disorder)
                return;
            long now = context.Now.Nanoseconds;
            long wait = Rack.Detect(Segments, now, State > CongestionState.Disorder, context.Rtt, ref summary);
            if (wait > 0)
                ReorderingAt = new Instant(now + wait);
            return;
        }

        // RFC 6582, 3.2: the third duplicate, and every partial ACK in recovery, say that the first segment is lost.
        bool third = State <= CongestionState.Disorder && _duplicateAcks >= DuplicateThreshold;
        bool partial = State == CongestionState.Recovery && summary.Acknowledged > 0;
        if ((third || partial) && Segments.Count > 0 && (Segments[0].Flags & (SentFlags.Lost | SentFlags.Retransmitted)) == 0)
        {
            Segments.MarkLost(ref Segments[0]);
            summary.NewlyLost = true;
        }
    }

    private void EnterRecovery(in AckContext context)
    {
        if (HasSack)
            counters.TCPSackRecovery++;
        else
            counters.TCPRenoRecovery++;
        RememberForUndo(context);
        _priorWindow = Congestion.Window;
        Congestion.Threshold = Congestion.Reduce(context.Mss);
        _recoveryPoint = context.Nxt;
        _reducedDelivered = 0;
        _reducedSent = 0;
        State = CongestionState.Recovery;
    }

    private bool EndRecovery()
    {
        if (State == CongestionState.Recovery)
        {
            // RFC 6937, 3: at the end the window is what it was to become.
            Congestion.Window = Congestion.Threshold;
            Rack.OnRecoveryEnded();
        }

        State = CongestionState.Open;
        _duplicateAcks = 0;
        _canUndo = false;
        return true;
    }

    // RFC 6937, 3.1 with the slow start reduction bound, as tcp_cwnd_reduction.
    private void ReduceProportionally(in AckContext context, in AckSummary summary)
    {
        _reducedDelivered += summary.Delivered;
        long pipe = Pipe(context.Una, context.Nxt, context.Mss);
        long threshold = Congestion.Threshold;
        long send;
        if (pipe > threshold)
        {
            send = (((threshold * _reducedDelivered) + _priorWindow - 1) / Math.Max(_priorWindow, 1)) - _reducedSent;
        }
        else
        {
            send = Math.Max(_reducedDelivered - _reducedSent, summary.Delivered);
            if (summary.Acknowledged > 0 && !summary.NewlyLost)
                send += context.Mss;
            send = Math.Min(threshold - pipe, send);
        }

        // The first retransmission leaves whatever the arithmetic says.
        Congestion.Window = pipe + Math.Max(send, _reducedSent == 0 ? context.Mss : 0);
    }
}

/// <summary>Where a sender stands when it looks at an ACK or a timer.</summary>
internal readonly ref struct AckContext
{
    public required uint Una { get; init; }

    public required uint Nxt { get; init; }

    public required int Mss { get; init; }

    public required Instant Now { get; init; }

    public required RttEstimator Rtt { get; init; }

    /// <summary>Whether the congestion window is what held the sender back (RFC 9438, 4.2; RFC 7661).</summary>
    public bool WindowLimited { get; init; }

    /// <summary>Whether the ACK is a duplicate in the sense of RFC 5681, 2.</summary>
    public bool IsDuplicate { get; init; }

    /// <summary>The timestamp that the ACK echoes, in our timestamp clock; null without one.</summary>
    public uint? TimestampEcho { get; init; }
}
