using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ActorNet.Node;

/// <summary>
/// Measures a node's kube-proxy under upstream's names and with its buckets (kubernetes pkg/proxy/metrics/metrics.go), and makes a span of each change of
/// endpoints, from the moment that its EndpointSlice names to rules in force.
/// </summary>
public sealed class KubeProxyMeter : IDisposable
{
    /// <summary>The name of the meter and of the source of spans.</summary>
    public const string Name = "ActorNet.KubeProxy";

    // metrics.ExponentialBuckets(0.001, 2, 15).
    private static readonly InstrumentAdvice<double> SyncBuckets = new() { HistogramBucketBoundaries = [.. Enumerable.Range(0, 15).Select(static n => 0.001 * (1 << n))] };

    // 0.25 s and 0.50 s, each second to 59 s, each 5 s to 115 s, each 30 s to 300 s.
    private static readonly InstrumentAdvice<double> ProgrammingBuckets = new()
    {
        HistogramBucketBoundaries =
        [
            0.25, 0.5, .. Enumerable.Range(1, 59).Select(static n => (double)n), .. Enumerable.Range(0, 12).Select(static n => 60.0 + 5 * n),
            .. Enumerable.Range(0, 7).Select(static n => 120.0 + 30 * n),
        ],
    };

    private readonly Meter _meter = new(Name);
    private readonly ActivitySource _spans = new(Name);
    private readonly Histogram<double> _sync;
    private readonly Histogram<double> _full;
    private readonly Histogram<double> _partial;
    private readonly Histogram<double> _programming;
    private long _refused;
    private double _lastQueued;
    private double _lastSynced;

    /// <summary>Makes the instruments.</summary>
    public KubeProxyMeter()
    {
        _sync = Duration("kubeproxy_sync_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds", SyncBuckets);
        _full = Duration("kubeproxy_sync_full_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds for full resyncs", SyncBuckets);
        _partial = Duration("kubeproxy_sync_partial_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds for partial resyncs", SyncBuckets);
        _programming = Duration("kubeproxy_network_programming_duration_seconds", "In Cluster Network Programming Latency in seconds", ProgrammingBuckets);
        _meter.CreateObservableCounter("kubeproxy_sync_proxy_rules_iptables_restore_failures_total", () => Interlocked.Read(ref _refused), description: "Cumulative proxy iptables restore failures");
        _meter.CreateObservableGauge("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", () => Volatile.Read(ref _lastQueued), "s", "The last time a sync of proxy rules was queued");
        _meter.CreateObservableGauge("kubeproxy_sync_proxy_rules_last_timestamp_seconds", () => Volatile.Read(ref _lastSynced), "s", "The last time proxy rules were successfully synced");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        _spans.Dispose();
    }

    /// <summary>There is something to be put in force.</summary>
    /// <param name="at">Now.</param>
    public void Queued(DateTimeOffset at) => Volatile.Write(ref _lastQueued, Seconds(at));

    /// <summary>A program is in force.</summary>
    /// <param name="isFull">Whether it had every chain.</param>
    /// <param name="took">From when it was begun to be written.</param>
    /// <param name="at">Now.</param>
    public void Synced(bool isFull, TimeSpan took, DateTimeOffset at)
    {
        _sync.Record(took.TotalSeconds);
        (isFull ? _full : _partial).Record(took.TotalSeconds);
        Volatile.Write(ref _lastSynced, Seconds(at));
    }

    /// <summary>A program was refused.</summary>
    public void Refused() => Interlocked.Increment(ref _refused);

    /// <summary>The rules of a change are in force.</summary>
    /// <param name="trigger">When the endpoints changed, as the EndpointSlice says.</param>
    /// <param name="at">Now.</param>
    public void Programmed(DateTimeOffset trigger, DateTimeOffset at)
    {
        _programming.Record(Math.Max(0, (at - trigger).TotalSeconds));
        if (_spans.HasListeners())
            _spans.StartActivity("endpoints to rules in force", ActivityKind.Internal, default(ActivityContext), startTime: trigger)?.Dispose();
    }

    private static double Seconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / 1000.0;

    private Histogram<double> Duration(string name, string description, InstrumentAdvice<double> buckets) => _meter.CreateHistogram(name, "s", description, null, buckets);
}
