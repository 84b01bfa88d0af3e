namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>
/// How long it took from an endpoint's change to rules in force, upstream's network_programming_duration_seconds (kubernetes
/// pkg/proxy/metrics/metrics.go): of the newest changes, for a person to look at.
/// </summary>
public sealed class ProgrammingLatency
{
    private const int Kept = 1000;

    private readonly Queue<double> _newest = new(Kept);

    /// <summary>Changes so far.</summary>
    public long Count { get; private set; }

    /// <summary>Notes one.</summary>
    /// <param name="latency">From the moment that the EndpointSlice says to rules in force; below 0 when clocks differ, which counts as 0.</param>
    public void Observe(TimeSpan latency)
    {
        if (_newest.Count == Kept)
            _newest.Dequeue();
        _newest.Enqueue(Math.Max(0, latency.TotalMilliseconds));
        Count++;
    }

    /// <summary>What to show.</summary>
    public ProgrammingLatencyView View()
    {
        double[] sorted = [.. _newest.Order()];
        return sorted.Length == 0 ? new ProgrammingLatencyView(0, 0, 0, 0) : new ProgrammingLatencyView(Count, At(50), At(99), Math.Round(sorted[^1], 2));

        double At(int percent) => Math.Round(sorted[sorted.Length * percent / 100], 2);
    }
}

/// <summary>The time from endpoints' changes to rules in force.</summary>
/// <param name="Count">Changes so far.</param>
/// <param name="P50Milliseconds">Median of the newest 1,000.</param>
/// <param name="P99Milliseconds">99th percentile of those.</param>
/// <param name="MaxMilliseconds">The longest of those.</param>
public sealed record ProgrammingLatencyView(long Count, double P50Milliseconds, double P99Milliseconds, double MaxMilliseconds);
