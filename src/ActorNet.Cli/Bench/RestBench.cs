using System.Collections.Concurrent;

namespace ActorNet.Cli.Bench;

/// <summary>Measures how many objects clients of the API create in a second, through all that a request passes: TLS, authorization, admission, validation, the store.</summary>
internal static class RestBench
{
    private const string Namespace = "bench-creates";

    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(2);

    /// <summary>Creates for a while.</summary>
    /// <param name="objects">The API.</param>
    /// <param name="writers">Clients at once, each with a connection of its own.</param>
    /// <param name="duration">How long.</param>
    /// <param name="storeRate">Writes in a second of the store alone.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<RestReport> RunAsync(BenchObjects objects, int writers, TimeSpan duration, double storeRate, CancellationToken ct)
    {
        await objects.CreateNamespaceAsync(Namespace, ct).ConfigureAwait(false);
        await CreateAsync(objects, "warm", writers, duration < LongestWarmUp ? duration : LongestWarmUp, ct).ConfigureAwait(false);
        long began = TimeProvider.System.GetTimestamp();
        List<double> times = await CreateAsync(objects, "made", writers, duration, ct).ConfigureAwait(false);
        double rate = times.Count / TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        return new RestReport
        {
            Writers = writers,
            CreatesPerSecond = Math.Round(rate),
            P50Milliseconds = Math.Round(KernelPathRunner.Percentile(times, 0.5), 2),
            P99Milliseconds = Math.Round(KernelPathRunner.Percentile(times, 0.99), 2),
            ShareOfStore = Math.Round(rate / storeRate, 2),
        };
    }

    private static async Task<List<double>> CreateAsync(BenchObjects objects, string prefix, int writers, TimeSpan duration, CancellationToken ct)
    {
        var times = new ConcurrentBag<double>();
        long began = TimeProvider.System.GetTimestamp();
        async Task WriteAsync(int writer)
        {
            for (int n = 0; TimeProvider.System.GetElapsedTime(began) < duration; n++)
            {
                long start = TimeProvider.System.GetTimestamp();
                await objects.CreateAsync($"api/v1/namespaces/{Namespace}/configmaps", BenchObjects.ConfigMap($"{prefix}-{writer}-{n}", ("text", ListBench.Filling)), ct).ConfigureAwait(false);
                times.Add(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => WriteAsync(writer), ct))).ConfigureAwait(false);
        return [.. times.Order()];
    }
}
