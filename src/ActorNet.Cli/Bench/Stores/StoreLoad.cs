using System.Collections.Concurrent;
using ActorNet.Cluster.Stores;
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

    // A store that changes its leader takes none meanwhile.
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(20);

    private int _number;
    private int _failed;

    /// <summary>Writes for a while.</summary>
    /// <param name="duration">How long.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">Not one write was acknowledged.</exception>
    /// <exception cref="StoreException">A write was refused.</exception>
    public async Task<StoreLoadResult> RunAsync(TimeSpan duration, CancellationToken ct)
    {
        var times = new ConcurrentBag<List<double>>();
        _failed = 0;
        long began = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => Task.Run(() => WriteAsync(began, duration, times, ct), ct))).ConfigureAwait(false);
        double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        List<double> sorted = [.. times.SelectMany(static each => each).Order()];
        if (sorted.Count == 0)
            throw new UsageException($"bench: the store acknowledged none of {_failed} writes in {seconds:0.#} s.");
        return new StoreLoadResult(sorted.Count, _failed, seconds, KernelPathRunner.Percentile(sorted, 0.5), KernelPathRunner.Percentile(sorted, 0.99));
    }

    private async Task WriteAsync(long began, TimeSpan duration, ConcurrentBag<List<double>> times, CancellationToken ct)
    {
        var own = new List<double>();
        while (TimeProvider.System.GetElapsedTime(began) < duration)
        {
            string key = $"/registry/configmaps/bench/{Interlocked.Increment(ref _number):D8}";
            long start = TimeProvider.System.GetTimestamp();
            try
            {
                await store.CommitAsync(new StoreTransaction([Comparison.Absent(key)], [new PutOperation(key, Value)], []), ct).ConfigureAwait(false);
                own.Add(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
            }
            catch (StoreUnavailableException)
            {
                Interlocked.Increment(ref _failed);
                await Task.Delay(AskAgainAfter, ct).ConfigureAwait(false);
            }
        }

        times.Add(own);
    }
}

/// <summary>What became of the writes.</summary>
/// <param name="Writes">How many were acknowledged.</param>
/// <param name="Failed">How many were not, as the store had no leader for a while.</param>
/// <param name="Seconds">In which time.</param>
/// <param name="P50Milliseconds">Median of a write.</param>
/// <param name="P99Milliseconds">99th percentile of a write.</param>
internal readonly record struct StoreLoadResult(int Writes, int Failed, double Seconds, double P50Milliseconds, double P99Milliseconds);
