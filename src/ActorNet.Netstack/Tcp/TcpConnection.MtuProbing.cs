using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <content>
/// Black-hole detection (RFC 4821; linux tcp_mtu_probing = 1): when nothing comes through, segments become smaller; when they do come
/// through, single larger ones find out how far the size may rise again. A lost probe is no sign of congestion and only the size is doubted.
/// </content>
internal sealed partial class TcpConnection
{
    // Full segments that must come through before a larger one is tried.
    private const int ProvenSegments = 8;

    // tcp_probe_threshold in bytes and tcp_probe_interval.
    private const int ProbeThreshold = 8;
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(600);

    // What is known to come through, and what is not known to fail; equal to the path's MTU while nothing is in doubt.
    private int _provenMtu = int.MaxValue;
    private int _suspectMtu = int.MaxValue;
    private long _provenBytes;
    private uint _probeStart;
    private uint _probeEnd;
    private bool _probeOut;
    private Instant _searchAgainAt = Instant.Never;

    private bool IsMtuInDoubt => _provenMtu < _pathMtu;

    // tcp_mtu_probing: first the base size, then half of it each time.
    private void DoubtPathMtu()
    {
        if (!_host.Settings.MtuProbing)
            return;
        _host.Counters.TCPMTUPFail++;
        int mss = IsMtuInDoubt ? Math.Min((_provenMtu - HeadersLength) / 2, _host.Settings.BaseMss) : _host.Settings.BaseMss;
        int floor = Math.Max(_host.Settings.MtuProbeFloor, _host.Settings.MinSendMss);
        _provenMtu = Math.Max(mss, floor) + HeadersLength;
        _suspectMtu = _pathMtu;
        _provenBytes = 0;
        _probeOut = false;
        UpdateSegmentSize();
    }

    /// <summary>The data length of a probe that is to go out now, or 0. The whole range is tried first: most doubts were plain loss.</summary>
    private int ProbeLength(int unsent, Instant now)
    {
        if (!IsMtuInDoubt || _probeOut || _provenBytes < (long)ProvenSegments * _mss || _recovery.State != CongestionState.Open)
            return 0;
        if (_suspectMtu - _provenMtu < ProbeThreshold)
        {
            if (now < _searchAgainAt)
                return 0;
            _suspectMtu = _pathMtu;
        }

        int mtu = _suspectMtu == _pathMtu ? _pathMtu : (_provenMtu + _suspectMtu) / 2;
        int length = Math.Min(mtu - HeadersLength, _peerMss) - (_hasTimestamps ? TimestampsLength : 0) - SackOptionLength;
        return length > _mss && unsent >= length ? length : 0;
    }

    private void OnProbeSent(uint start, uint end) => (_probeOut, _probeStart, _probeEnd) = (true, start, end);

    // Data was acknowledged: a probe that is among it proves its size.
    private void OnProven(int bytes)
    {
        if (!IsMtuInDoubt)
            return;
        _provenBytes += bytes;
        if (!_probeOut || TcpSequence.IsBefore(_una, _probeEnd))
            return;
        int overhead = HeadersLength + (_hasTimestamps ? TimestampsLength : 0);
        _provenMtu = Math.Max(_provenMtu, TcpSequence.Distance(_probeEnd, _probeStart) + overhead);
        _probeOut = false;
        _provenBytes = 0;
        UpdateSegmentSize();
    }

    // The probe was lost: the size is too large until the next search.
    private void OnProbeLost(uint start, Instant now)
    {
        if (!_probeOut || start != _probeStart)
            return;
        _probeOut = false;
        _provenBytes = 0;
        int overhead = HeadersLength + (_hasTimestamps ? TimestampsLength : 0);
        _suspectMtu = Math.Max(TcpSequence.Distance(_probeEnd, _probeStart) + overhead - 1, _provenMtu);
        if (_suspectMtu - _provenMtu < ProbeThreshold)
            _searchAgainAt = now + ProbeInterval;
    }
}
