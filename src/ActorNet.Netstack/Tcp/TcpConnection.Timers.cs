using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <content>Time (linux net/ipv4/tcp_timer.c): each timer is a moment; the earliest is the connection's deadline.</content>
internal sealed partial class TcpConnection
{
    private RetransmissionTimer _timer;
    private Instant _retransmitAt = Instant.Never;
    private Instant _timeoutAt = Instant.Never;
    private Instant _tailProbeAt = Instant.Never;
    private Instant _delayedAckAt = Instant.Never;
    private Instant _keepAliveAt = Instant.Never;
    private Instant _finishAt = Instant.Never;
    private Instant _lingerUntil = Instant.Never;
    private Instant _lastReceivedAt;
    private Instant _lastProgressAt;
    private Instant _firstTimeoutAt;
    private int _backoff;
    private int _retransmissionsInRow;
    private int _probesOut;
    private bool _rearm;
    private bool _newDataSent;

    private enum RetransmissionTimer : byte
    {
        Timeout,
        TailProbe,
        Reordering,
        WindowProbe,
    }

    /// <summary>When <see cref="RunTimers"/> is to be called.</summary>
    public Instant NextDeadline => Earlier(Earlier(_retransmitAt, _delayedAckAt), Earlier(_keepAliveAt, Earlier(_finishAt, _lingerUntil)));

    public override void RunTimers(Instant now)
    {
        if (_delayedAckAt <= now)
            OnDelayedAck();
        if (_finishAt <= now || _lingerUntil <= now)
        {
            if (_lingerUntil <= now)
                SendReset();
            End(SocketResult.Ok);
            return;
        }

        if (_retransmitAt <= now)
            OnRetransmissionTimer(now);
        if (_keepAliveAt <= now)
            OnKeepAlive(now);
        _host.Changed(this);
    }

    private static Instant Earlier(Instant a, Instant b) => a < b ? a : b;

    private void StopTimers()
    {
        _retransmitAt = Instant.Never;
        _timeoutAt = Instant.Never;
        _tailProbeAt = Instant.Never;
        _delayedAckAt = Instant.Never;
        _keepAliveAt = Instant.Never;
        _finishAt = Instant.Never;
        _lingerUntil = Instant.Never;
    }

    // tcp_delack_timer_handler: in bulk the timeout was too short, in an exchange the reply did not come.
    private void OnDelayedAck()
    {
        _host.Counters.DelayedACKs++;
        if (_isInteractive)
            (_isInteractive, _ackTimeout) = (false, MinAckTimeout);
        else
            _ackTimeout = Math.Min(_ackTimeout * 2, MaxAckTimeout);
        _delayedAckAt = Instant.Never;
        _ackNow = true;
    }

    /// <summary>Sets the one timer that watches over what is in flight, or over a closed window.</summary>
    private void ArmRetransmission(Instant now)
    {
        if (_recovery.Segments.Count == 0)
        {
            _timeoutAt = Instant.Never;
            _tailProbeAt = Instant.Never;
            ArmWindowProbe(now);
        }
        else
        {
            // The window opened: what follows is not backed off for what the probes waited (tcp_ack_probe).
            if (_timer == RetransmissionTimer.WindowProbe)
                (_timer, _retransmitAt, _backoff) = (RetransmissionTimer.Timeout, Instant.Never, 0);
            // RFC 6298, 5.1 and 5.3: from the first segment sent, and again from every ACK of new data.
            if (_timeoutAt == Instant.Never || _rearm)
                _timeoutAt = new Instant(now.Nanoseconds + CurrentTimeout);
            if (_newDataSent || _rearm)
                _tailProbeAt = TailProbeTime(now);
            ChooseTimer();
        }

        _rearm = false;
        _newDataSent = false;
    }

    private long CurrentTimeout => _state is TcpState.SynSent ? RttEstimator.InitialRto << Math.Max(0, _backoff - _host.Settings.SynLinearTimeouts) : _rtt.BackedOff(_backoff);

    private void ChooseTimer()
    {
        (_timer, _retransmitAt) = (RetransmissionTimer.Timeout, _timeoutAt);
        if (_recovery.ReorderingAt < _retransmitAt)
            (_timer, _retransmitAt) = (RetransmissionTimer.Reordering, _recovery.ReorderingAt);
        if (_tailProbeAt < _retransmitAt)
            (_timer, _retransmitAt) = (RetransmissionTimer.TailProbe, _tailProbeAt);
    }

    // RFC 8985, 7.2; tcp_schedule_loss_probe: two round trips after the last segment, and a delayed ACK's time when it is alone.
    private Instant TailProbeTime(Instant now)
    {
        if (!_recovery.HasSack || _recovery.State != CongestionState.Open || _recovery.Segments.SackedCount > 0 || _tailProbeOut
            || _state is TcpState.SynSent or TcpState.SynReceived)
        {
            return Instant.Never;
        }

        long wait = _rtt.HasSample ? 2 * _rtt.Smoothed : RttEstimator.InitialRto;
        wait += _recovery.Segments.Count == 1 ? RttEstimator.MinRto : 2_000_000;
        return new Instant(now.Nanoseconds + wait);
    }

    // RFC 9293, 3.8.6.1: with data to send, nothing in flight and no window, the window is asked for.
    private void ArmWindowProbe(Instant now)
    {
        bool blocked = _nxt != EndOfQueue && _state is TcpState.Established or TcpState.CloseWait or TcpState.FinWait1 or TcpState.LastAck or TcpState.Closing;
        if (!blocked || _nxt == EndOfQueue)
        {
            if (_timer == RetransmissionTimer.WindowProbe)
                (_timer, _backoff) = (RetransmissionTimer.Timeout, 0);
            _retransmitAt = Instant.Never;
            return;
        }

        if (_timer == RetransmissionTimer.WindowProbe && _retransmitAt != Instant.Never)
            return;
        _timer = RetransmissionTimer.WindowProbe;
        _retransmitAt = BoundedByUser(new Instant(now.Nanoseconds + _rtt.BackedOff(_backoff)), now, _lastReceivedAt);
    }

    private void OnRetransmissionTimer(Instant now)
    {
        _retransmitAt = Instant.Never;
        switch (_timer)
        {
            case RetransmissionTimer.Reordering:
                _recovery.OnReorderingTimeout(Context(now));
                break;
            case RetransmissionTimer.TailProbe:
                OnTailProbe(now);
                break;
            case RetransmissionTimer.WindowProbe:
                OnWindowProbe(now);
                break;
            default:
                OnTimeout(now);
                break;
        }
    }

    // RFC 8985, 7.3: new data if there is, else the last segment again.
    private void OnTailProbe(Instant now)
    {
        _tailProbeAt = Instant.Never;
        if (_recovery.Segments.Count == 0)
            return;
        int length = NextLength(out bool fin);
        int size = length + (fin ? 1 : 0);
        bool canSendNew = _nxt != EndOfQueue && !TcpSequence.IsAfter(_nxt + (uint)size, _una + _sendWindow) && !_recovery.Segments.IsFull;
        _host.Counters.TCPLossProbes++;
        if (canSendNew)
            SendNext(length, fin, now);
        else
            Retransmit(_recovery.Segments.Count - 1, now);
        _tailProbeOut = true;
        _tailProbeWasCopy = !canSendNew;
        _tailProbeEnd = _nxt;
        _newDataSent = false;
        // The timeout starts anew behind the probe (RFC 8985, 7.3).
        _timeoutAt = new Instant(now.Nanoseconds + _rtt.BackedOff(_backoff));
    }

    private void OnTimeout(Instant now)
    {
        if (_recovery.Segments.Count == 0)
            return;
        // retrans_stamp: a SYN counts from when it left, data from when they first had to go again. What is first in the queue may have left
        // long before: it waited behind what the peer has acknowledged by now.
        if (_firstTimeoutAt == default)
            _firstTimeoutAt = _state is TcpState.SynSent or TcpState.SynReceived ? new Instant(_recovery.Segments[0].SentAt) : now;
        if (HasTimedOut(now))
        {
            GiveUp();
            return;
        }

        _host.Counters.TCPTimeouts++;
        _retransmissionsInRow++;
        if (_state is TcpState.SynSent or TcpState.SynReceived)
        {
            _backoff++;
            ResendSyn(now);
        }
        else
        {
            if (_retransmissionsInRow > _host.Settings.Retries1)
                DoubtPathMtu();
            _recovery.OnTimeout(Context(now), again: _backoff > 0);
            _tailProbeOut = false;
            _backoff++;
            _host.Counters.TCPSlowStartRetrans++;
            Retransmit(0, now);
        }

        _timeoutAt = BoundedByUser(new Instant(now.Nanoseconds + CurrentTimeout), now, _firstTimeoutAt);
    }

    // tcp_clamp_rto_to_user_timeout, tcp_clamp_probe0_to_user_timeout: the user is told when the time that he gave is over, not at the
    // next retransmission.
    private Instant BoundedByUser(Instant next, Instant now, Instant since)
    {
        if (_options.UserTimeout <= TimeSpan.Zero)
            return next;
        Instant end = since + _options.UserTimeout;
        return Earlier(next, end > now ? end : new Instant(now.Nanoseconds + 1_000_000));
    }

    // tcp_write_timeout
    private bool HasTimedOut(Instant now)
    {
        TcpSettings settings = _host.Settings;
        if (_state == TcpState.SynSent)
            return _retransmissionsInRow >= settings.SynRetries + settings.SynLinearTimeouts || IsBeyondUserTimeout(now);
        if (_state == TcpState.SynReceived)
            return _retransmissionsInRow >= settings.SynAckRetries;
        if (IsBeyondUserTimeout(now))
            return true;
        // The peer answers and only has no room: it is given up when it falls silent (tcp_retransmit_timer).
        if (_sendWindow == 0 && !_orphan)
            return (now - _lastReceivedAt).Ticks * 100 > RttEstimator.MaxRto;
        int retries = _orphan ? settings.OrphanRetries : settings.Retries2;
        return now - _firstTimeoutAt >= TimeOf(retries);
    }

    private bool IsBeyondUserTimeout(Instant now) =>
        _options.UserTimeout > TimeSpan.Zero && _firstTimeoutAt != default && now - _firstTimeoutAt >= _options.UserTimeout;

    // tcp_model_timeout: what a number of retransmissions takes that begin at 200 ms, double, and stop doubling at 120 s.
    private static TimeSpan TimeOf(int retries)
    {
        const int Doublings = 9;
        long milliseconds = retries <= Doublings
            ? ((2L << retries) - 1) * 200
            : (((2L << Doublings) - 1) * 200) + ((retries - Doublings) * 120_000L);
        return TimeSpan.FromMilliseconds(milliseconds);
    }

    private void GiveUp()
    {
        _host.Counters.TCPAbortOnTimeout++;
        End(_softError != SocketResult.Ok ? _softError : SocketResult.TimedOut);
    }

    // tcp_probe_timer, tcp_write_wakeup: a piece of data when a little window is open, else a number that the peer has seen.
    private void OnWindowProbe(Instant now)
    {
        int limit = _orphan ? _host.Settings.OrphanRetries : _host.Settings.Retries2;
        bool userTimeout = _options.UserTimeout > TimeSpan.Zero && now - _lastReceivedAt >= _options.UserTimeout;
        // Answers count for nothing when nobody is left who waits: a peer could keep what is queued for ever.
        bool abandoned = _orphan && _rtt.BackedOff(_backoff) >= RttEstimator.MaxRto;
        if (_probesOut >= limit || userTimeout || abandoned)
        {
            GiveUp();
            return;
        }

        _probesOut++;
        _backoff = Math.Min(_backoff + 1, 20);
        _host.Counters.TCPWinProbe++;
        int open = TcpSequence.Distance(_una + _sendWindow, _nxt);
        int length = NextLength(out bool fin);
        if (open > 0 && length > 0)
            SendNext(Math.Min(length, open), fin && length < open, now);
        else
            SendProbe(now);
    }

    private void RestartKeepAlive(Instant now)
    {
        bool wanted = _options.KeepAlive && _state is not (TcpState.Closed or TcpState.SynSent or TcpState.TimeWait);
        _keepAliveAt = wanted ? now + _options.KeepAliveIdle : Instant.Never;
    }

    // tcp_keepalive_timer
    private void OnKeepAlive(Instant now)
    {
        if (_recovery.Segments.Count > 0 || _nxt != EndOfQueue)
        {
            _keepAliveAt = now + _options.KeepAliveIdle;
            return;
        }

        TimeSpan silent = now - _lastReceivedAt;
        if (silent < _options.KeepAliveIdle)
        {
            _keepAliveAt = _lastReceivedAt + _options.KeepAliveIdle;
            _probesOut = 0;
            return;
        }

        bool expired = _options.UserTimeout > TimeSpan.Zero
            ? silent >= _options.UserTimeout && _probesOut > 0
            : _probesOut >= _options.KeepAliveCount;
        if (expired)
        {
            SendReset();
            GiveUp();
            return;
        }

        _probesOut++;
        _host.Counters.TCPKeepAlive++;
        SendProbe(now);
        _keepAliveAt = now + _options.KeepAliveInterval;
    }
}
