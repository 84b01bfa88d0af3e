namespace ActorNet.Netstack;

/// <summary>
/// Loss detection by time (RACK, RFC 8985, 6.2; linux net/ipv4/tcp_recovery.c): a segment is lost when one that was sent later has arrived
/// and the reordering window has passed. Until reordering was seen, three SACKed segments (RFC 6675, DupThresh) make the window zero.
/// </summary>
internal sealed class RackDetector(TcpCounters counters)
{
    private const int DuplicateThreshold = 3;

    // RFC 8985, 6.2 step 4: the window stays widened for 16 recoveries.
    private const int RecoveriesToPersist = 16;

    private long _sentAt = -1;
    private uint _end;
    private long _rtt;
    private int _steps = 1;
    private int _persist;
    private uint _roundEnd;
    private bool _widened;

    /// <summary>How often segments were seen to overtake each other.</summary>
    public int ReorderingsSeen { get; private set; }

    /// <summary>A segment was newly delivered (RFC 8985, 6.2 steps 1 and 2).</summary>
    public void OnDelivered(in SentSegment segment, long now, long minimumRtt)
    {
        long rtt = now - segment.SentAt;
        // An ACK that is too early for the retransmission is for the original (step 1, Karn).
        if (segment.Is(SentFlags.EverRetransmitted) && rtt < minimumRtt)
            return;
        _rtt = rtt;
        if (_sentAt < 0 || WasSentAfter(segment.SentAt, segment.End, _sentAt, _end))
            (_sentAt, _end) = (segment.SentAt, segment.End);
    }

    /// <summary>A segment that was sent once arrived after one behind it (step 3).</summary>
    public void OnReordering()
    {
        ReorderingsSeen++;
        counters.TCPSACKReorder++;
    }

    /// <summary>The peer reported a duplicate: the window was too small; once per round trip (step 4).</summary>
    public void OnDuplicateSack(uint una, uint nxt)
    {
        if (_widened && TcpSequence.IsBefore(una, _roundEnd))
            return;
        _widened = true;
        _roundEnd = nxt;
        _steps = Math.Min(_steps + 1, 255);
        _persist = RecoveriesToPersist;
    }

    public void OnRecoveryEnded()
    {
        if (_persist > 0 && --_persist == 0)
            _steps = 1;
    }

    /// <summary>Marks what is lost (step 5).</summary>
    /// <returns>Nanoseconds until the next segment may be; 0 when none is waited for.</returns>
    public long Detect(Scoreboard segments, long now, bool recovering, in RttEstimator rtt, ref AckSummary summary)
    {
        if (_sentAt < 0)
            return 0;
        long window = ReorderingWindow(segments, recovering, rtt);
        long wait = 0;
        for (int i = 0; i < segments.Count; i++)
        {
            ref SentSegment segment = ref segments[i];
            if (segment.Is(SentFlags.Sacked) || (segment.Flags & (SentFlags.Lost | SentFlags.Retransmitted)) == SentFlags.Lost)
                continue;
            if (!WasSentAfter(_sentAt, _end, segment.SentAt, segment.End))
            {
                // Originals leave in order: behind the first that was sent too late there are only later ones.
                if (!segment.Is(SentFlags.EverRetransmitted))
                    break;
                continue;
            }

            long remaining = segment.SentAt + _rtt + window - now;
            if (remaining > 0)
            {
                wait = Math.Max(wait, remaining);
                continue;
            }

            if (segment.Is(SentFlags.Retransmitted))
                counters.TCPLostRetransmit++;
            segments.MarkLost(ref segment);
            summary.NewlyLost = true;
        }

        return wait;
    }

    /// <summary>Whether a segment had its time when the retransmission timer ran out (tcp_timeout_mark_lost).</summary>
    public bool IsDue(in SentSegment segment, long now) => segment.SentAt + _rtt <= now;

    private static bool WasSentAfter(long sentAt, uint end, long otherSentAt, uint otherEnd) =>
        sentAt > otherSentAt || (sentAt == otherSentAt && TcpSequence.IsAfter(end, otherEnd));

    private long ReorderingWindow(Scoreboard segments, bool recovering, in RttEstimator rtt)
    {
        if (ReorderingsSeen == 0 && (recovering || segments.SackedCount >= DuplicateThreshold))
            return 0;
        return Math.Min(rtt.Minimum / 4 * _steps, rtt.Smoothed);
    }
}
