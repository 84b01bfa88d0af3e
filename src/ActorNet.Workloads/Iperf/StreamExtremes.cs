using ActorNet.Netstack;

namespace ActorNet.Workloads.Iperf;

/// <summary>The extremes of a sender's TCP over the intervals, as iperf3's JSON tells them at the end.</summary>
internal sealed class StreamExtremes
{
    private double _rttSum;
    private int _count;

    /// <summary>Bytes.</summary>
    public long MaxCongestionWindow { get; private set; }

    /// <summary>Bytes.</summary>
    public long MaxSendWindow { get; private set; }

    /// <summary>Microseconds.</summary>
    public long MaxRtt { get; private set; }

    /// <summary>Microseconds.</summary>
    public long MinRtt { get; private set; }

    /// <summary>Microseconds.</summary>
    public long MeanRtt => _count == 0 ? 0 : (long)(_rttSum / _count);

    public void Add(in TcpInfo info)
    {
        long rtt = (long)info.RoundTripTime.TotalMicroseconds;
        MaxCongestionWindow = Math.Max(MaxCongestionWindow, CongestionWindow(info));
        MaxSendWindow = Math.Max(MaxSendWindow, info.SendWindow);
        MaxRtt = Math.Max(MaxRtt, rtt);
        MinRtt = _count == 0 ? rtt : Math.Min(MinRtt, rtt);
        _rttSum += rtt;
        _count++;
    }

    /// <summary>tcpi_snd_cwnd times tcpi_snd_mss.</summary>
    public static long CongestionWindow(in TcpInfo info) => (long)info.CongestionWindow * info.SendMss;
}
