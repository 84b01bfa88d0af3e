using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <content>Segments in: the checks of RFC 9293 3.10.7 and RFC 5961, then a method per state (linux tcp_rcv_state_process).</content>
internal sealed partial class TcpConnection
{
    // RFC 7323, 5.5: a timestamp is outdated after 24 days without a segment.
    private const long TimestampLife = 24L * 86_400 * 1_000_000_000;

    private uint _timestampRecent;
    private long _timestampRecentAt;
    private long _lastInvalidAckAt = long.MinValue / 2;

    /// <inheritdoc/>
    public override void Receive(in TcpSegment segment, ref Frame data, Instant now)
    {
        _segmentsIn++;
        _lastReceivedAt = now;
        if (_state == TcpState.SynSent)
        {
            OnSynSent(segment, now);
            return;
        }

        if (_state == TcpState.Closed || !IsAcceptable(segment, now))
            return;
        // RFC 9293, 3.10.7.4: fifth, without ACK the segment is dropped.
        if (!segment.HasAck)
            return;
        if (_state == TcpState.SynReceived && !OnSynReceived(segment, now))
            return;
        if (!OnAcknowledgment(segment, now))
            return;
        switch (_state)
        {
            case TcpState.Established:
                OnEstablished(segment, ref data, now);
                break;
            case TcpState.FinWait1:
                OnFinWait1(segment, ref data, now);
                break;
            case TcpState.FinWait2:
                OnFinWait2(segment, ref data, now);
                break;
            case TcpState.CloseWait:
                AnswerCopy(segment);
                break;
            case TcpState.Closing:
                AnswerCopy(segment);
                OnClosing(now);
                break;
            case TcpState.LastAck:
                AnswerCopy(segment);
                OnLastAck();
                break;
        }
    }

    /// <summary>A SYN came to a listener: answers it (RFC 9293, 3.10.7.2).</summary>
    public void OnListenSyn(in TcpSegment segment, Instant now)
    {
        Enter(TcpState.SynReceived);
        PrepareSegmentSize();
        TakeSyn(segment, now);
        SendSyn(now);
        _host.Changed(this);
    }

    /// <summary>A cookie came back: the connection stands as if its SYN had been remembered.</summary>
    /// <param name="syn">The SYN as far as the cookie remembers it.</param>
    /// <param name="ack">The segment that brought the cookie.</param>
    /// <param name="now">Time.</param>
    public void OnCookie(in TcpSegment syn, in TcpSegment ack, Instant now)
    {
        Enter(TcpState.SynReceived);
        PrepareSegmentSize();
        TakeSyn(syn, now);
        _nxt = _iss + 1;
        _recovery.Segments.Append(_iss, _nxt, now.Nanoseconds, SentFlags.Syn | SentFlags.EverRetransmitted);
        _rcvWindow = InitialWindow();
        _rcvAcked = _rcvNxt;
        Frame none = default;
        Receive(ack, ref none, now);
    }

    private void OnSynSent(in TcpSegment segment, Instant now)
    {
        // 3.10.7.3: an ACK of anything but our SYN is answered with a reset, unless it is one.
        bool acknowledges = segment.HasAck;
        if (acknowledges && !(TcpSequence.IsAfter(segment.Acknowledgment, _iss) && TcpSequence.IsAtMost(segment.Acknowledgment, _nxt)))
        {
            if (!segment.IsRst)
                _host.Refuse(this, segment);
            return;
        }

        if (acknowledges && _hasTimestamps && segment.HasTimestamps && !TcpSequence.IsBetween(segment.TimestampEcho, _synTimestamp, Timestamp(now)))
        {
            // tcp_rcv_synsent_state_process: an echo that we never sent is an old duplicate's (PAWSActiveRejected).
            _host.Counters.PAWSActive++;
            if (!segment.IsRst)
                _host.Refuse(this, segment);
            return;
        }

        if (segment.IsRst)
        {
            if (acknowledges)
                End(SocketResult.ConnectionRefused);
            return;
        }

        if (!segment.IsSyn)
            return;
        TakeSyn(segment, now);
        if (!acknowledges)
        {
            // Simultaneous open: our SYN goes again, now with an ACK.
            Enter(TcpState.SynReceived);
            SendSynAgain(now);
            _host.Changed(this);
            return;
        }

        AckSummary summary = AckSummary.Nothing;
        _recovery.Acknowledge(segment.Acknowledgment, now, _rtt.Minimum, ref summary);
        _una = segment.Acknowledgment;
        _bytesAcked++;
        SampleRoundTrip(segment, summary, now);
        Establish(segment, now);
        // The third part of the handshake leaves at once unless data takes it along.
        _ackNow = true;
        _host.Changed(this);
        Socket?.Signal();
    }

    // The ACK of our SYN: the connection stands.
    private bool OnSynReceived(in TcpSegment segment, Instant now)
    {
        if (!TcpSequence.IsAfter(segment.Acknowledgment, _una) || TcpSequence.IsAfter(segment.Acknowledgment, _nxt))
        {
            _host.Refuse(this, segment);
            return false;
        }

        if (Listener is not null && !_host.TryAccept(this))
            return false;
        bool finQueued = _finQueued;
        Establish(segment, now);
        if (finQueued)
            Enter(TcpState.FinWait1);
        Socket?.Signal();
        return true;
    }

    private void OnEstablished(in TcpSegment segment, ref Frame data, Instant now)
    {
        if (TakeData(segment, ref data, now))
            Enter(TcpState.CloseWait);
    }

    private void OnFinWait1(in TcpSegment segment, ref Frame data, Instant now)
    {
        bool finAcknowledged = _una == _writeEnd + 1;
        if (finAcknowledged)
        {
            Enter(TcpState.FinWait2);
            Socket?.Signal();
            if (_orphan)
                _finishAt = now + _host.Settings.FinTimeout;
            OnFinWait2(segment, ref data, now);
            return;
        }

        if (!IsDataForOrphan(segment) && TakeData(segment, ref data, now))
            Enter(TcpState.Closing);
    }

    private void OnFinWait2(in TcpSegment segment, ref Frame data, Instant now)
    {
        if (!IsDataForOrphan(segment) && TakeData(segment, ref data, now))
            EnterTimeWait(now);
    }

    private void OnClosing(Instant now)
    {
        if (_una == _writeEnd + 1)
            EnterTimeWait(now);
    }

    private void OnLastAck()
    {
        if (_una == _writeEnd + 1)
            End(SocketResult.Ok);
    }

    // Behind the peer's FIN nothing new can come. A copy of what was before it says that our ACK was lost.
    private void AnswerCopy(in TcpSegment segment)
    {
        if (segment.End != segment.Sequence && TcpSequence.IsBefore(segment.Sequence, _rcvNxt))
            TakeCopy(segment.Sequence, segment.End);
    }

    // RFC 1122, 4.2.2.13: who closed hears no more data; the peer is told by a reset.
    private bool IsDataForOrphan(in TcpSegment segment)
    {
        if (!_orphan || segment.DataLength == 0 || !TcpSequence.IsAfter(segment.Sequence + (uint)segment.DataLength, _rcvNxt))
            return false;
        _host.Counters.TCPAbortOnData++;
        _host.Refuse(this, segment);
        End(SocketResult.Ok);
        return true;
    }

    private void EnterTimeWait(Instant now)
    {
        Enter(TcpState.TimeWait);
        // The ACK of the peer's FIN has to leave before the connection's memory goes.
        if (_ackNow)
            SendAck(now);
        _host.Ended(this);
        ReleaseSending();
        _outOfOrder.Clear();
        Socket?.Signal();
    }

    private void Establish(in TcpSegment segment, Instant now)
    {
        Enter(TcpState.Established);
        _sendWindow = (uint)segment.Window << (segment.IsSyn ? 0 : _sendShift);
        _maxSendWindow = Math.Max(_maxSendWindow, _sendWindow);
        _lastWindowSequence = segment.Sequence;
        UpdateSegmentSize();
        _recovery.Congestion.Window = InitialCongestionWindow();
        _backoff = 0;
        RestartKeepAlive(now);
    }

    // 3.10.7.4 first to fourth, with RFC 7323 PAWS and RFC 5961 (tcp_validate_incoming). Whether to go on with the segment.
    private bool IsAcceptable(in TcpSegment segment, Instant now)
    {
        if (_hasTimestamps && segment.HasTimestamps && !segment.IsRst && IsOutdated(segment, now))
        {
            _host.Counters.PAWSEstab++;
            SendInvalidAck(segment, now);
            return false;
        }

        if (!IsInWindow(segment))
        {
            if (!segment.IsRst)
            {
                if (segment.IsSyn)
                    Challenge(now, syn: true);
                else
                    SendInvalidAck(segment, now);
            }

            return false;
        }

        if (segment.IsRst)
        {
            OnReset(segment, now);
            return false;
        }

        // RFC 5961, 4.2: a SYN inside a connection is challenged, whatever its number. In SYN-RECEIVED the peer's SYN comes again.
        if (segment.IsSyn)
        {
            if (_state == TcpState.SynReceived && segment.Sequence + 1 == _rcvNxt)
            {
                if (segment.HasAck)
                    return true;
                ResendSyn(now);
                return false;
            }

            Challenge(now, syn: true);
            return false;
        }

        if (_hasTimestamps && segment.HasTimestamps && TcpSequence.IsAtMost(segment.Sequence, _rcvAcked)
            && TcpSequence.IsAtMost(_timestampRecent, segment.TimestampValue))
        {
            _timestampRecent = segment.TimestampValue;
            _timestampRecentAt = now.Nanoseconds;
        }

        return true;
    }

    // RFC 7323, 5.3 R1. A pure ACK that repeats the last number may be reordered and harms nothing (tcp_disordered_ack).
    private bool IsOutdated(in TcpSegment segment, Instant now)
    {
        if (!TcpSequence.IsBefore(segment.TimestampValue, _timestampRecent) || now.Nanoseconds - _timestampRecentAt > TimestampLife)
            return false;
        bool disorderedAck = segment.DataLength == 0 && !segment.IsFin && !segment.IsSyn && segment.Sequence == _rcvNxt
            && segment.Acknowledgment == _una && TcpSequence.Distance(_timestampRecent, segment.TimestampValue) <= _rtt.BackedOff(_backoff) * 1200 / 1_000_000_000;
        return !disorderedAck;
    }

    // tcp_sequence: something of the segment lies in the window, or it is empty at its left edge. The window that was told counts, and a
    // number left of RCV.NXT is let in so that its ACK is seen.
    private bool IsInWindow(in TcpSegment segment)
    {
        if (_state == TcpState.SynReceived && segment.IsSyn && segment.Sequence + 1 == _rcvNxt)
            return true;
        return !TcpSequence.IsBefore(segment.End, _rcvAcked) && TcpSequence.IsAtMost(segment.Sequence, _rcvNxt + OpenReceiveWindow);
    }

    // RFC 5961, 3.2: only the exact number resets; another in the window is challenged.
    private void OnReset(in TcpSegment segment, Instant now)
    {
        bool exact = segment.Sequence == _rcvNxt;
        if (!exact && _outOfOrder.Count > 0 && _outOfOrder.BlockCount > 0)
            exact = segment.Sequence == _outOfOrder.End;
        if (!exact)
        {
            Challenge(now, syn: false);
            return;
        }

        if (_state is TcpState.Established or TcpState.CloseWait)
            _host.Counters.EstabResets++;
        SocketResult why = _state switch
        {
            TcpState.SynReceived => SocketResult.ConnectionRefused,
            TcpState.CloseWait => SocketResult.BrokenPipe,
            _ => SocketResult.ConnectionReset,
        };
        End(why);
    }

    private void Challenge(Instant now, bool syn)
    {
        if (syn)
            _host.Counters.TCPSYNChallenge++;
        if (!MayAnswerInvalid(now) || !_host.TakeChallenge(now))
            return;
        _host.Counters.TCPChallengeACK++;
        SendAck(now);
    }

    // tcp_send_dupack, tcp_oow_rate_limited: data is always answered, since the peer may be repeating what we acknowledged.
    private void SendInvalidAck(in TcpSegment segment, Instant now)
    {
        if (segment.DataLength == 0 && !segment.IsFin && !MayAnswerInvalid(now))
            return;
        if (segment.End != segment.Sequence && TcpSequence.IsBefore(segment.Sequence, _rcvNxt))
            TakeCopy(segment.Sequence, segment.End);
        _ackNow = true;
        _host.Changed(this);
    }

    private bool MayAnswerInvalid(Instant now)
    {
        if (now.Nanoseconds - _lastInvalidAckAt < _host.Settings.InvalidRateLimit.Ticks * 100)
        {
            _host.Counters.TCPACKSkipped++;
            return false;
        }

        _lastInvalidAckAt = now.Nanoseconds;
        return true;
    }
}
