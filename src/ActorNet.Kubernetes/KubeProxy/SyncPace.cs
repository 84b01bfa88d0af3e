namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>How often programs are made (kubernetes pkg/util/async BoundedFrequencyRunner): a bucket of two, refilled with one each period.</summary>
/// <param name="period">Between two programs; 0 for no bound.</param>
public sealed class SyncPace(TimeSpan period)
{
    private const double Burst = 2;

    private double _tokens = Burst;
    private TimeSpan _filled;

    /// <summary>How long to wait before a program may be made; 0 takes the right to make one.</summary>
    /// <param name="now">Monotonic time.</param>
    public TimeSpan Take(TimeSpan now)
    {
        if (period <= TimeSpan.Zero)
            return TimeSpan.Zero;
        _tokens = Math.Min(Burst, _tokens + ((now - _filled) / period));
        _filled = now;
        if (_tokens < 1)
            return (1 - _tokens) * period;
        _tokens--;
        return TimeSpan.Zero;
    }
}
