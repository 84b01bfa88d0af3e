using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <summary>
/// Round-trip time and retransmission timeout (RFC 6298). As in Linux the lower bound of 200 ms is on the part that the variation gives
/// (tcp_rto_min_us), not the 1 s of RFC 6298 2.4 on the whole. All values in nanoseconds.
/// </summary>
internal struct RttEstimator
{
    public const long InitialRto = 1_000_000_000;
    public const long MinRto = 200_000_000;
    public const long MaxRto = 120_000_000_000;

    // tcp_min_rtt_wlen: the least time of the last 300 s counts.
    private const long MinimumWindow = 300_000_000_000;

    private long _minimum;
    private long _nextMinimum;
    private long _windowStart;

    public long Smoothed { get; private set; }

    public long Variation { get; private set; }

    public readonly bool HasSample => Smoothed != 0;

    /// <summary>The least round-trip time of the last 300 to 600 s; 0 without a sample.</summary>
    public readonly long Minimum => _minimum;

    /// <summary>The timeout without backoff.</summary>
    public readonly long Timeout => Smoothed == 0 ? InitialRto : Math.Min(Smoothed + Math.Max(MinRto, 4 * Variation), MaxRto);

    /// <summary>The timeout after a number of timeouts in a row (RFC 6298, 5.5).</summary>
    public readonly long BackedOff(int backoff) => Math.Min(Timeout << Math.Min(backoff, 20), MaxRto);

    public void Sample(long rtt, Instant now)
    {
        rtt = Math.Max(rtt, 1);
        SampleMinimum(rtt, now.Nanoseconds);
        if (Smoothed == 0)
        {
            // RFC 6298, 2.2.
            Smoothed = rtt;
            Variation = rtt / 2;
            return;
        }

        // RFC 6298, 2.3, with alpha = 1/8 and beta = 1/4: the variation first, with the old mean.
        Variation += (Math.Abs(Smoothed - rtt) - Variation) / 4;
        Smoothed += (rtt - Smoothed) / 8;
    }

    private void SampleMinimum(long rtt, long now)
    {
        if (_minimum == 0)
        {
            (_minimum, _nextMinimum, _windowStart) = (rtt, rtt, now);
            return;
        }

        if (now - _windowStart > MinimumWindow)
            (_minimum, _nextMinimum, _windowStart) = (_nextMinimum, rtt, now);
        _minimum = Math.Min(_minimum, rtt);
        _nextMinimum = Math.Min(_nextMinimum, rtt);
    }
}
