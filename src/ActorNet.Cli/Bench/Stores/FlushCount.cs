using System.Diagnostics.Metrics;
using ActorNet.Cli.Host.Telemetry;

namespace ActorNet.Cli.Bench.Stores;

/// <summary>How often this process's store has flushed its log, by the meter that `/metrics` shows.</summary>
internal sealed class FlushCount : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly StoreLogMeter _meter;
    private long _count;

    /// <summary>Begins to count.</summary>
    public FlushCount()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == StoreLogMeter.Name)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref _count));
        _listener.Start();
        _meter = new StoreLogMeter();
    }

    /// <summary>Flushes so far.</summary>
    public long Value => Interlocked.Read(ref _count);

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        _listener.Dispose();
    }
}
