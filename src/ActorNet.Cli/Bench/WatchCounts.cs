namespace ActorNet.Cli.Bench;

/// <summary>How late the events of one phase came to all watchers of a process. For any thread.</summary>
internal sealed class WatchCounts
{
    // Microseconds; the last slot holds everything later.
    private const int Slots = 4_000_000, Step = 10;

    private readonly int[] _counts = new int[Slots / Step + 1];
    private long _delivered;
    private long _latest;

    /// <summary>Events so far.</summary>
    public long Delivered => Interlocked.Read(ref _delivered);

    /// <summary>Counts an event.</summary>
    /// <param name="late">How late it came.</param>
    public void Add(TimeSpan late)
    {
        long microseconds = Math.Max(0, late.Ticks / TimeSpan.TicksPerMicrosecond);
        Interlocked.Increment(ref _counts[Math.Min(microseconds / Step, _counts.Length - 1)]);
        for (long known = Interlocked.Read(ref _latest); microseconds > known; known = Interlocked.Read(ref _latest))
            Interlocked.CompareExchange(ref _latest, microseconds, known);
        Interlocked.Increment(ref _delivered);
    }

    /// <summary>What was counted.</summary>
    public WatchersSaw Result() => new(Delivered, Percentile(0.5), Percentile(0.99), _latest / 1000.0);

    private double Percentile(double share)
    {
        long wanted = (long)Math.Ceiling(Delivered * share), seen = 0;
        for (int slot = 0; slot < _counts.Length - 1; slot++)
        {
            if ((seen += _counts[slot]) >= wanted)
                return slot * Step / 1000.0;
        }

        return _latest / 1000.0;
    }
}

/// <summary>What the watchers of a process saw of a phase.</summary>
/// <param name="Delivered">Events, all watchers together.</param>
/// <param name="P50Milliseconds">Median of how late.</param>
/// <param name="P99Milliseconds">99th percentile.</param>
/// <param name="MaxMilliseconds">The latest.</param>
internal sealed record WatchersSaw(long Delivered, double P50Milliseconds, double P99Milliseconds, double MaxMilliseconds);
