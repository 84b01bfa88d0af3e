namespace ActorNet.Cli.Bench.Stores;

/// <summary>The rounds of load on one store.</summary>
/// <param name="servers">The store.</param>
/// <param name="writers">Writers at once.</param>
internal sealed class StoreRounds(IStoreServers servers, int writers)
{
    private readonly StoreLoad _load = new(servers.Leader, writers);
    private readonly List<(StoreLoadResult Result, long Syncs)> _rounds = [];

    /// <summary>Load that is not counted: both runtimes compile, files are made.</summary>
    /// <param name="duration">How long.</param>
    /// <param name="ct">Cancellation.</param>
    public Task WarmAsync(TimeSpan duration, CancellationToken ct) => _load.RunAsync(duration, ct);

    /// <summary>One round.</summary>
    /// <param name="duration">How long.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>Writes in a second.</returns>
    public async Task<double> RunAsync(TimeSpan duration, CancellationToken ct)
    {
        long before = await servers.SyncsAsync(ct).ConfigureAwait(false);
        StoreLoadResult result = await _load.RunAsync(duration, ct).ConfigureAwait(false);
        _rounds.Add((result, await servers.SyncsAsync(ct).ConfigureAwait(false) - before));
        return result.Writes / result.Seconds;
    }

    /// <summary>Medians of the rounds.</summary>
    public StoreRateReport Report() => new()
    {
        WritesPerSecond = Math.Round(Median(static each => each.Result.Writes / each.Result.Seconds)),
        P50Milliseconds = Math.Round(Median(static each => each.Result.P50Milliseconds), 2),
        P99Milliseconds = Math.Round(Median(static each => each.Result.P99Milliseconds), 2),
        Failed = _rounds.Sum(static each => each.Result.Failed),
        FsyncsPerWrite = Math.Round(Median(static each => (double)each.Syncs / each.Result.Writes), 3),
    };

    private double Median(Func<(StoreLoadResult Result, long Syncs), double> of) => _rounds.Select(of).Order().ElementAt(_rounds.Count / 2);
}
