using System.Collections.Concurrent;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cli.Bench.Stores;

/// <summary>Many writers of one store, each with one write under way: objects that are not there yet, as the API server makes them.</summary>
/// <param name="store">The store.</param>
/// <param name="writers">How many at once.</param>
internal sealed class StoreLoad(IObjectStore store, int writers)
{
    /// <summary>Bytes of a value.</summary>
    public const int ValueBytes = 1024;

    private static readonly byte[] Value = Enumerable.Range(0, ValueBytes).Select(static i => (byte)('a' + (i % 26))).ToArray();

    private int _number;

    /// <summary>Writes for a while.</summary>
    /// <param name="duration">How long.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="StoreException">A write failed.</exception>
    public async Task<StoreLoadResult> RunAsync(TimeSpan duration, CancellationToken ct)
    {
        var times = new ConcurrentBag<List<double>>();
        long began = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(() => WriteAsync(began, duration, times, ct), ct))).ConfigureAwait(false);
        double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        List<double> sorted = [.. times.SelectMany(static each => each).Order()];
        return new StoreLoadResult(sorted.Count, seconds, KernelPathRunner.Percentile(sorted, 0.5), KernelPathRunner.Percentile(sorted, 0.99));
    }

    private async Task WriteAsync(long began, TimeSpan duration, ConcurrentBag<List<double>> times, CancellationToken ct)
    {
        var own = new List<double>();
        while (TimeProvider.System.GetElapsedTime(began) < duration)
        {
            string key = $"/registry/configmaps/bench/{Interlocked.Increment(ref _number):D8}";
            long start = TimeProvider.System.GetTimestamp();
            await store.CommitAsync(new StoreTransaction([Comparison.Absent(key)], [new PutOperation(key, Value)], []), ct).ConfigureAwait(false);
            own.Add(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Add(own);
    }
}

/// <summary>What became of the writes.</summary>
/// <param name="Writes">How many were acknowledged.</param>
/// <param name="Seconds">In which time.</param>
/// <param name="P50Milliseconds">Median of a write.</param>
/// <param name="P99Milliseconds">99th percentile of a write.</param>
internal readonly record struct StoreLoadResult(int Writes, double Seconds, double P50Milliseconds, double P99Milliseconds);
