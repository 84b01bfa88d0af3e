using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <content>Acknowledgments in: SND.UNA, the peer's window, round-trip times (RFC 9293 3.10.7.4 fifth; linux tcp_ack).</content>
internal sealed partial class TcpConnection
{
    private uint _usageEnd;
    private long _usageMost;
    private bool _usageLimited;
    private uint _tailProbeEnd;
    private bool _tailProbeOut;
    private bool _tailProbeWasCopy;

    /// <summary>Takes the acknowledgment of a segment.</summary>
    /// <returns>False when the segment is to be dropped.</returns>
    private bool OnAcknowledgment(in TcpSegment segment, Instant now)
    {
        uint ack = segment.Acknowledgment;
        if (TcpSequence.IsBefore(ack, _una))
        {
            // RFC 5961, 5.2: older than any window we saw is an attack or a stray.
            if (TcpSequence.Distance(_una, ack) > (int)Math.Min(Math.Max(_maxSendWindow, 1), int.MaxValue))
            {
                Challenge(now, syn: false);
                return false;
            }

            // An ACK that was overtaken: its SACK blocks may still tell something.
            if (_recovery.HasSack && segment.SackCount > 0)
                AfterAck(segment, ReadSacks(segment, now, AckSummary.Nothing), isDuplicate: false, now);
            return true;
        }

        // RFC 5961, 5.2: an ACK of what was never sent is challenged.
        if (TcpSequence.IsAfter(ack, _nxt))
        {
            Challenge(now, syn: false);
            return false;
        }

        bool windowChanged = UpdateSendWindow(segment);
        _probesOut = 0;
        bool isDuplicate = ack == _una && segment.DataLength == 0 && !segment.IsFin && !windowChanged && _recovery.Segments.Count > 0;
        AckSummary summary = AckSummary.Nothing;
        if (_recovery.HasSack && segment.SackCount > 0)
            summary = ReadSacks(segment, now, summary);
        if (ack != _una)
        {
            _recovery.Acknowledge(ack, now, _rtt.Minimum, ref summary);
            Advance(ack, now);
        }

        if (summary.Acknowledged > 0 || summary.NewlySacked)
            SampleRoundTrip(segment, summary, now);
        AfterAck(segment, summary, isDuplicate, now);
        return true;
    }

    private AckSummary ReadSacks(in TcpSegment segment, Instant now, AckSummary summary)
    {
        _recovery.ReadSacks(segment, _una, _nxt, now, _rtt.Minimum, ref summary);
        return summary;
    }

    private void AfterAck(in TcpSegment segment, AckSummary summary, bool isDuplicate, Instant now)
    {
        if (segment.DataLength == 0 && !segment.IsFin)
            _host.Counters.TCPPureAcks++;
        if (_recovery.Segments.Count > 0 || summary.Acknowledged > 0)
        {
            FinishTailProbe(segment, summary, now);
            _recovery.OnAck(Context(now, isDuplicate, segment.HasTimestamps && _hasTimestamps ? segment.TimestampEcho : null), ref summary);
        }

        if (summary.Acknowledged > 0)
        {
            _backoff = 0;
            _retransmissionsInRow = 0;
            _firstTimeoutAt = default;
            _retransmitAt = Instant.Never;
        }

        _rearm |= summary.Acknowledged > 0 || summary.NewlySacked;
        _host.Changed(this);
    }

    private AckContext Context(Instant now, bool isDuplicate = false, uint? echo = null) => new()
    {
        Una = _una,
        Nxt = _nxt,
        Mss = _mss,
        Now = now,
        Rtt = _rtt,
        IsDuplicate = isDuplicate,
        TimestampEcho = echo,
        // tcp_is_cwnd_limited: in slow start it is enough that half of the window was used.
        WindowLimited = _recovery.Congestion.InSlowStart ? _recovery.Congestion.Window < 2 * _usageMost : _usageLimited,
    };

    // SND.UNA moves: acknowledged data leaves the send buffer.
    private void Advance(uint ack, Instant now)
    {
        uint from = SendStart;
        uint to = TcpSequence.Min(ack, _writeEnd);
        int bytes = TcpSequence.Distance(to, from);
        _una = ack;
        // tcp_snd_una_update counts numbers: a FIN is one, and who connected counts its SYN too.
        if (TcpSequence.IsAfter(ack, _writeEnd))
            _bytesAcked++;
        if (bytes <= 0)
            return;
        _bytesAcked += bytes;
        _send.Release(bytes);
        OnProven(bytes);
        _lastProgressAt = now;
        if (_wantsWrite && SendRoom * 3 >= SendLimit)
        {
            _wantsWrite = false;
            Socket?.Signal();
        }
    }

    // RFC 9293, 3.10.7.4: the newest segment's window counts (tcp_may_update_window).
    private bool UpdateSendWindow(in TcpSegment segment)
    {
        // RFC 7323, 2.2: the window of a SYN is not scaled; in a simultaneous open a SYN brings the acknowledgment.
        uint window = (uint)segment.Window << (segment.IsSyn ? 0 : _sendShift);
        bool newer = TcpSequence.IsAfter(segment.Acknowledgment, _una) || TcpSequence.IsAfter(segment.Sequence, _lastWindowSequence)
            || (segment.Sequence == _lastWindowSequence && (window > _sendWindow || window == 0));
        if (!newer)
            return false;
        _lastWindowSequence = segment.Sequence;
        if (window == _sendWindow)
            return false;
        _sendWindow = window;
        if (window > _maxSendWindow)
        {
            _maxSendWindow = window;
            UpdateSegmentSize();
        }

        return true;
    }

    // Karn: a segment that was sent twice tells nothing, unless the timestamp says which copy was heard (tcp_ack_update_rtt). With a D-SACK
    // the ACK answers a copy while its echo is the original's, whose ACK was lost: the time between is no round trip.
    private void SampleRoundTrip(in TcpSegment segment, in AckSummary summary, Instant now)
    {
        long sentAt = summary.FirstSentAt >= 0 && !summary.RetransmittedAcknowledged ? summary.FirstSentAt
            : summary.Acknowledged == 0 ? summary.LastSentAt : -1;
        long rtt = -1;
        if (sentAt >= 0)
            rtt = now.Nanoseconds - sentAt;
        else if (_hasTimestamps && segment.HasTimestamps && summary.Acknowledged > 0 && !summary.DuplicateSack)
            rtt = Math.Max(TcpSequence.Distance(Timestamp(now), segment.TimestampEcho), 1) * 1_000_000L;
        if (rtt >= 0)
            _rtt.Sample(rtt, now);
    }

    // RFC 8985, 7.4: a probe that repeated data and was not reported as a duplicate repaired a loss, which costs a reduction.
    private void FinishTailProbe(in TcpSegment segment, in AckSummary summary, Instant now)
    {
        if (!_tailProbeOut || TcpSequence.IsBefore(segment.Acknowledgment, _tailProbeEnd))
            return;
        if (!_tailProbeWasCopy || summary.DuplicateSack)
        {
            _tailProbeOut = false;
            return;
        }

        if (!TcpSequence.IsAfter(segment.Acknowledgment, _tailProbeEnd) && summary.Acknowledged == 0)
        {
            // A plain duplicate ACK: both copies arrived.
            _tailProbeOut = segment.SackCount > 0;
            return;
        }

        if (TcpSequence.IsAfter(segment.Acknowledgment, _tailProbeEnd) || summary.Acknowledged > 0)
        {
            _tailProbeOut = false;
            _host.Counters.TCPLossProbeRecovery++;
            _recovery.ReduceOnce(Context(now));
        }
    }

    // RFC 7661 in Linux's form (tcp_cwnd_validate): how much of the window was used in the last round trip.
    private void NoteWindowUsage(bool limited)
    {
        long outstanding = _recovery.Pipe(_una, _nxt, _mss);
        if (!TcpSequence.IsBefore(_una, _usageEnd) || outstanding > _usageMost || (limited && !_usageLimited))
        {
            _usageMost = outstanding;
            _usageLimited = limited;
            _usageEnd = _nxt;
        }
    }
}
