using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <content>What the SYNs agree on: segment size, window scale, timestamps, SACK (RFC 9293 3.7.1, RFC 7323, RFC 2018).</content>
internal sealed partial class TcpConnection
{
    // TCP_MSS_DEFAULT: without the option (RFC 9293, 3.7.1).
    private const int DefaultMss = 536;
    private const int HeadersLength = 40;
    private const int TimestampsLength = 12;

    private readonly uint _timestampOffset;
    private int _peerMss = DefaultMss;
    private int _advertisedMss = DefaultMss;
    private int _pathMtu;

    // Bytes of data in a full segment, timestamps taken off, SACK blocks not.
    private int _mss = DefaultMss;
    private int _sendShift;
    private int _receiveShift;
    private bool _hasTimestamps;
    private uint _synTimestamp;

    private uint Timestamp(Instant now) => (uint)(now.Nanoseconds / 1_000_000) + _timestampOffset;

    // Before the first SYN: what we announce, from the route's MTU.
    private void PrepareSegmentSize()
    {
        _pathMtu = Math.Max(_host.PathMtu(this), 68);
        _advertisedMss = Math.Max(_pathMtu - HeadersLength, DefaultMss / 8);
        if (_options.MaxSegmentSize > 0)
            _advertisedMss = Math.Min(_advertisedMss, _options.MaxSegmentSize);
        _hasTimestamps = _host.Settings.Timestamps;
        _recovery.HasSack = _host.Settings.Sack;
        _receiveShift = _host.Settings.WindowScaling ? ReceiveScale(_host.Settings) : 0;
    }

    /// <summary>The shift that we announce: enough for the largest window (tcp_select_initial_window).</summary>
    public static byte ReceiveScale(TcpSettings settings)
    {
        byte shift = 0;
        for (int space = settings.MaxReceiveBuffer; space > 65_535 && shift < 14; space >>= 1)
            shift++;
        return shift;
    }

    // The peer's SYN: where its numbers begin and what it knows.
    private void TakeSyn(in TcpSegment segment, Instant now)
    {
        _rcvNxt = segment.Sequence + 1;
        _rcvAcked = _rcvNxt;
        _peerMss = segment.Mss > 0 ? segment.Mss : DefaultMss;
        _hasTimestamps &= segment.HasTimestamps;
        _timestampRecent = segment.TimestampValue;
        _timestampRecentAt = now.Nanoseconds;
        _recovery.HasSack &= segment.SackPermitted;
        if (segment.HasWindowScale && _host.Settings.WindowScaling)
            _sendShift = segment.WindowScale;
        else
            (_sendShift, _receiveShift) = (0, 0);
        // RFC 7323, 2.2: the window of a SYN is not scaled.
        _sendWindow = segment.Window;
        _maxSendWindow = segment.Window;
        _lastWindowSequence = segment.Sequence;
        if (_rcvWindow == 0)
            _rcvWindow = InitialWindow();
        UpdateSegmentSize();
        _receiveMss = Math.Clamp(Math.Min(_advertisedMss, _mss), 88, DefaultMss);
    }

    // tcp_sync_mss, tcp_bound_to_half_wnd.
    private void UpdateSegmentSize()
    {
        int mtu = Math.Min(_pathMtu, _provenMtu);
        int mss = Math.Min(_peerMss, mtu - HeadersLength);
        if (_options.MaxSegmentSize > 0)
            mss = Math.Min(mss, _options.MaxSegmentSize);
        if (_maxSendWindow > DefaultMss)
            mss = (int)Math.Min(mss, _maxSendWindow / 2);
        else if (_maxSendWindow > 0)
            mss = (int)Math.Min(mss, _maxSendWindow);
        mss = Math.Max(mss, _host.Settings.MinSendMss);
        _mss = mss - (_hasTimestamps ? TimestampsLength : 0);
    }

    // RFC 6928, 2.
    private long InitialCongestionWindow() => 10L * _mss;

    /// <summary>"Fragmentation needed" came for a segment in flight, and the route learned of it (RFC 1191; linux tcp_v4_mtu_reduced).</summary>
    public void OnPathMtu(int mtu)
    {
        if (mtu < _pathMtu)
            AdoptPathMtu(Math.Max(mtu, 68));
    }

    private void AdoptPathMtu(int mtu)
    {
        _pathMtu = mtu;
        _suspectMtu = Math.Min(_suspectMtu, mtu);
        int before = _mss;
        UpdateSegmentSize();
        if (_mss >= before)
            return;
        _recovery.OnSmallerMss(_mss);
        // tcp_simple_retransmit: what was too large left the network; the window lets it go again.
        _recovery.Congestion.Window = Math.Max(_recovery.Congestion.Window, _recovery.Pipe(_una, _nxt, _mss) + (long)_mss);
        _host.Changed(this);
    }
}
