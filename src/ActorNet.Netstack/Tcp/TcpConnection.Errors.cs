using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <content>ICMP errors (RFC 1122 4.2.3.9, RFC 5461, RFC 5927; linux tcp_v4_err) and what is counted.</content>
internal sealed partial class TcpConnection
{
    private SocketResult _softError;
    private long _segmentsIn;
    private long _segmentsOut;
    private long _dataSegmentsIn;
    private long _dataSegmentsOut;
    private long _bytesSent;
    private long _bytesRetransmitted;
    private long _bytesAcked;
    private long _bytesReceived;
    private long _retransmissions;

    public TcpInfo Info => WithTimes(new()
    {
        State = _state,
        CongestionState = _recovery.State,
        Backoff = _backoff,
        Probes = _probesOut,
        Timestamps = _hasTimestamps,
        Sack = _recovery.HasSack,
        WindowScaling = _receiveShift > 0,
        SendWindowScale = _sendShift,
        ReceiveWindowScale = _receiveShift,
        RetransmissionTimeout = Span(_rtt.BackedOff(_backoff)),
        AckTimeout = Span(_ackTimeout),
        RoundTripTime = Span(_rtt.Smoothed),
        RoundTripVariation = Span(_rtt.Variation),
        MinRoundTripTime = Span(_rtt.Minimum),
        SendMss = _mss,
        ReceiveMss = _receiveMss,
        // Less the timestamps of every segment once they are agreed on (tcp_rcv_synsent_state_process, tcp_create_openreq_child).
        AdvertisedMss = _advertisedMss - (_hasTimestamps && _state is not (TcpState.SynSent or TcpState.SynReceived) ? TimestampsLength : 0),
        PathMtu = _pathMtu,
        CongestionWindow = (int)(_recovery.Congestion.Window / _mss),
        SlowStartThreshold = (int)Math.Min(_recovery.Congestion.Threshold / _mss, int.MaxValue),
        BytesInFlight = _nxt - _una,
        SendWindow = _sendWindow,
        ReceiveWindow = OpenReceiveWindow,
        BytesSent = _bytesSent,
        BytesRetransmitted = _bytesRetransmitted,
        BytesAcked = _bytesAcked,
        BytesReceived = _bytesReceived,
        SegmentsOut = _segmentsOut,
        SegmentsIn = _segmentsIn,
        DataSegmentsOut = _dataSegmentsOut,
        DataSegmentsIn = _dataSegmentsIn,
        TotalRetransmissions = _retransmissions,
        DuplicateSacks = _recovery.DuplicateSacks,
        ReorderingsSeen = _recovery.Rack.ReorderingsSeen,
        SendQueue = _send.Length,
        ReceiveQueue = _received.Length,
        SendBuffer = SendLimit,
        ReceiveBuffer = _receiveLimit,
        Unacknowledged = _recovery.Segments.Count,
    });

    /// <summary>Whether a sequence number that an ICMP error quotes is in flight: only then can the error be true (RFC 5927, 4.1).</summary>
    public bool IsInFlight(uint quotedSequence) => _state != TcpState.Closed && TcpSequence.IsBetween(quotedSequence, _una, _nxt);

    /// <summary>An ICMP error about one of our segments, other than "fragmentation needed".</summary>
    /// <param name="result">What it means.</param>
    public void OnIcmpError(SocketResult result)
    {
        // Before the connection stands every error ends the attempt; afterwards none does, it is only told when the timer gives up
        // (RFC 5461, 4.1). Linux has a socket that asks for errors hear the hard ones; ours do not ask.
        if (_state is TcpState.SynSent or TcpState.SynReceived)
        {
            End(result);
            return;
        }

        _softError = result;
    }

    private TcpInfo WithTimes(TcpInfo info)
    {
        Instant now = _host.Now;
        (TcpTimerKind kind, Instant at, int count) = RunningTimer();
        return info with
        {
            SinceDataSent = _lastSentAt == default ? null : now - _lastSentAt,
            SinceDataReceived = _lastDataAt < 0 ? null : Span(now.Nanoseconds - _lastDataAt),
            SinceReceived = now - _lastReceivedAt,
            Timer = kind,
            TimerRemaining = kind == TcpTimerKind.Off || at <= now ? TimeSpan.Zero : at - now,
            TimerCount = count,
        };
    }

    // inet_csk_diag_fill: the retransmission timer goes before the keep-alive's.
    private (TcpTimerKind Kind, Instant At, int Count) RunningTimer() =>
        _finishAt != Instant.Never ? (TcpTimerKind.TimeWait, _finishAt, 0)
        : _retransmitAt == Instant.Never ? (_keepAliveAt == Instant.Never ? TcpTimerKind.Off : TcpTimerKind.KeepAlive, _keepAliveAt, _keepAliveAt == Instant.Never ? 0 : _probesOut)
        : _timer == RetransmissionTimer.WindowProbe ? (TcpTimerKind.Persist, _retransmitAt, _probesOut)
        : (TcpTimerKind.On, _retransmitAt, _retransmissionsInRow);

    private static TimeSpan Span(long nanoseconds) => new(nanoseconds / 100);
}
