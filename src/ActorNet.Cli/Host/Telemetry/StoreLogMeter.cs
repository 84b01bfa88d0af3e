using System.Diagnostics.Metrics;

namespace ActorNet.Cli.Host.Telemetry;

/// <summary>Says in Prometheus' base units what the library of the store's log measures (DotNext.IO.WriteAheadLog): how often and how long it flushes to disk.</summary>
internal sealed class StoreLogMeter : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "ActorNet.StoreLog";

    private const string Library = "DotNext.IO.WriteAheadLog", FlushDuration = "entries-flush-duration";

    private readonly Meter _meter = new(Name);
    private readonly MeterListener _listener = new();

    /// <summary>Begins to listen.</summary>
    public StoreLogMeter()
    {
        // etcd's buckets of etcd_disk_wal_fsync_duration_seconds (server/storage/wal/metrics.go): 1 ms, doubled 13 times.
        var buckets = new InstrumentAdvice<double> { HistogramBucketBoundaries = [.. Enumerable.Range(0, 14).Select(static n => 0.001 * (1 << n))] };
        Histogram<double> flushes = _meter.CreateHistogram("actornet_store_fsync_duration_seconds", "s", "How long the store's log took to flush to disk.", null, buckets);
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == Library && instrument.Name == FlushDuration)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, milliseconds, _, _) => flushes.Record(milliseconds / 1000));
        _listener.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
    }
}
