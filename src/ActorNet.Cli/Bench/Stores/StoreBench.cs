using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Bench.Stores;

/// <summary>Measures the embedded store beside etcd: the same load over loopback, on the same disk, in turn.</summary>
internal static class StoreBench
{
    private const int Rounds = 3;
    private const double PromisedOfOne = 1, PromisedOfThree = 0.5;

    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(2);

    /// <summary>Runs the benchmark.</summary>
    /// <param name="directory">Where the members have their directories; removed by whoever made it.</param>
    /// <param name="writers">Writers at once.</param>
    /// <param name="duration">How long each round of each store is.</param>
    /// <param name="progress">Where progress is said.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<StoreReport> RunAsync(string directory, int writers, TimeSpan duration, TextWriter progress, CancellationToken ct)
    {
        Directory.CreateDirectory(directory);
        string? missing = await MissingAsync(ct).ConfigureAwait(false);
        if (missing is not null)
            await progress.WriteLineAsync(missing).ConfigureAwait(false);
        async Task<StoreSizeReport> OfAsync(int members, double promised)
        {
            await progress.WriteLineAsync($"store: {members} member{(members == 1 ? "" : "s")}, {writers} writers").ConfigureAwait(false);
            return await MeasureAsync(Path.Combine(directory, $"{members}"), members, promised, missing is null, writers, duration, ct).ConfigureAwait(false);
        }

        return new StoreReport
        {
            Writers = writers,
            ValueBytes = StoreLoad.ValueBytes,
            FileSystem = new DriveInfo(directory).DriveFormat,
            EtcdNotMeasured = missing,
            One = await OfAsync(1, PromisedOfOne).ConfigureAwait(false),
            Three = await OfAsync(3, PromisedOfThree).ConfigureAwait(false),
        };
    }

    private static async Task<string?> MissingAsync(CancellationToken ct)
    {
        try
        {
            await Tool.RunAsync("etcd", ["--version"], null, ct).ConfigureAwait(false);
            return null;
        }
        catch (ToolException absent)
        {
            return $"etcd is not measured: {absent.Message}. Install it (Debian: etcd-server) to see both.";
        }
    }

    private static async Task<StoreSizeReport> MeasureAsync(string directory, int members, double promised, bool withEtcd, int writers, TimeSpan duration, CancellationToken ct)
    {
        IReadOnlyList<LabAddress> at = LabAddress.ChooseForThisProcess(members);
        await using EmbeddedServers embedded = await EmbeddedServers.StartAsync(Path.Combine(directory, "embedded"), at, ct).ConfigureAwait(false);
        await using EtcdServers? etcd = withEtcd ? await EtcdServers.StartAsync(Path.Combine(directory, "etcd"), at, ct).ConfigureAwait(false) : null;
        var ours = new StoreRounds(embedded, writers);
        StoreRounds? theirs = etcd is null ? null : new StoreRounds(etcd, writers);
        TimeSpan warmUp = duration < LongestWarmUp ? duration : LongestWarmUp;
        await ours.WarmAsync(warmUp, ct).ConfigureAwait(false);
        await (theirs?.WarmAsync(warmUp, ct) ?? Task.CompletedTask).ConfigureAwait(false);
        var ratios = new List<double>();
        for (int round = 0; round < Rounds; round++)
        {
            double own = await ours.RunAsync(duration, ct).ConfigureAwait(false);
            if (theirs is not null)
                ratios.Add(Math.Round(own / await theirs.RunAsync(duration, ct).ConfigureAwait(false), 2));
        }

        return new StoreSizeReport { Members = members, PromisedRatio = promised, Embedded = ours.Report(), Etcd = theirs?.Report(), Ratios = ratios };
    }
}
