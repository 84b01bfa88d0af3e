using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <summary>
/// CUBIC (RFC 9438) with slow start (RFC 5681). The window is in bytes, the formulas in segments as in the RFC. Reductions during recovery
/// are spread by proportional rate reduction, which is <see cref="LossRecovery"/>'s.
/// </summary>
internal sealed class CubicCongestion
{
    /// <summary>RFC 9438, 5: C in segments per second cubed.</summary>
    public const double C = 0.4;

    /// <summary>RFC 9438, 4.6: the multiplicative decrease.</summary>
    public const double Beta = 0.7;

    // RFC 9438, 4.3: 3 (1 - beta) / (1 + beta).
    private const double RenoIncrease = 3 * (1 - Beta) / (1 + Beta);

    private double _windowMax;
    private double _epochWindow;
    private double _priorWindow;
    private double _renoWindow;
    private double _timeToOrigin;
    private double _fraction;
    private long _epochStart = -1;

    /// <summary>Congestion window in bytes.</summary>
    public long Window { get; set; }

    /// <summary>Slow start threshold in bytes.</summary>
    public long Threshold { get; set; } = long.MaxValue;

    public bool InSlowStart => Window < Threshold;

    /// <summary>The K of RFC 9438, 4.2, in seconds.</summary>
    public double TimeToOrigin => _timeToOrigin;

    /// <summary>The W_max of RFC 9438, 4.1.2, in segments.</summary>
    public double WindowMax => _windowMax;

    /// <summary>Bytes were acknowledged while the window was what held the sender back.</summary>
    public void OnAcknowledged(long bytes, int mss, long rtt, Instant now)
    {
        if (InSlowStart)
        {
            // RFC 9438 has no limit per ACK in it, and neither has Linux: receivers join many segments into one ACK.
            long grow = Math.Min(bytes, Threshold - Window);
            Window += grow;
            bytes -= grow;
            if (bytes <= 0)
                return;
        }

        Avoid(bytes, mss, rtt, now);
    }

    /// <summary>Congestion was found: remembers the window (RFC 9438, 4.6 and 4.7) and answers the new threshold in bytes.</summary>
    /// <param name="mss">Segment size in bytes.</param>
    public long Reduce(int mss)
    {
        double window = (double)Window / mss;
        _epochStart = -1;
        _priorWindow = window;
        // Fast convergence: a flow that did not get back to where it was gives room to newer ones.
        _windowMax = window < _windowMax ? window * (1 + Beta) / 2 : window;
        return Math.Max((long)(window * Beta * mss), 2L * mss);
    }

    /// <summary>The sender was idle: the curve waits for it (RFC 9438, 5.8).</summary>
    public void OnIdle(long nanoseconds)
    {
        if (_epochStart >= 0)
            _epochStart += nanoseconds;
    }

    /// <summary>Forgets the curve: after a timeout slow start leads to a fresh epoch (RFC 9438, 4.8).</summary>
    public void EndEpoch() => _epochStart = -1;

    private void Avoid(long bytes, int mss, long rtt, Instant now)
    {
        double window = (double)Window / mss;
        if (_epochStart < 0)
            BeginEpoch(window, now);
        double acked = (double)bytes / mss;
        double elapsed = (now.Nanoseconds - _epochStart) / 1e9;
        double target = CubicWindow(elapsed + (rtt / 1e9));
        // RFC 9438, 4.2: never below the window, never more than half as much again in a round trip.
        target = Math.Clamp(target, window, 1.5 * window);
        double next = window + ((target - window) / window * acked);
        // RFC 9438, 4.3: at least what Reno would have.
        _renoWindow += (_renoWindow >= _priorWindow ? 1 : RenoIncrease) * (acked / window);
        if (CubicWindow(elapsed) < _renoWindow)
            next = Math.Max(next, _renoWindow);
        _fraction += (next - window) * mss;
        long whole = (long)_fraction;
        _fraction -= whole;
        Window += whole;
    }

    private void BeginEpoch(double window, Instant now)
    {
        _epochStart = now.Nanoseconds;
        _epochWindow = window;
        _renoWindow = window;
        _fraction = 0;
        if (_windowMax <= window)
        {
            // RFC 9438, 4.8 and 4.10: no point to come back to, the curve starts on its convex side.
            _windowMax = window;
            _priorWindow = Math.Max(_priorWindow, window);
            _timeToOrigin = 0;
            return;
        }

        _timeToOrigin = Math.Cbrt((_windowMax - _epochWindow) / C);
    }

    private double CubicWindow(double seconds)
    {
        double t = seconds - _timeToOrigin;
        return (C * t * t * t) + _windowMax;
    }
}
