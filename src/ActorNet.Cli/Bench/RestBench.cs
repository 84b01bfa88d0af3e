using System.Collections.Concurrent;
using ActorNet.Cli.Bench.Stores;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Bench;

/// <summary>Measures how many objects clients of the API create in a second, through all that a request passes: TLS, authorization, admission, validation, the store.</summary>
/// <param name="objects">The API.</param>
/// <param name="hosts">The hosts' processes; the clients are this one.</param>
/// <param name="writers">Clients at once, each with a connection of its own.</param>
internal sealed class RestBench(BenchObjects objects, IReadOnlyList<LabHost> hosts, int writers)
{
    private const string Namespace = "bench-creates", Clients = "clients";

    // As many as of the store alone, which this is compared with.
    private const int Rounds = 3;

    // Whoever serves compiles meanwhile what it runs often: behind one of 6 s one host took 146 us of processor time for an object, behind one of 12 s 107.
    private const int RoundsBefore = 3;

    private int _round;

    /// <summary>Starts hosts with a member of the store each and has objects created there.</summary>
    /// <param name="hosts">How many: one, three or five, the sizes of the store.</param>
    /// <param name="store">The store alone, with as many members, which the creates are compared with.</param>
    /// <param name="state">Where the hosts have their state.</param>
    /// <param name="options">How many clients, and how long a round takes.</param>
    /// <param name="progress">Where progress is said.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<RestReport> RunAsync(int hosts, StoreRateReport store, string state, ControlBenchOptions options, TextWriter progress, CancellationToken ct)
    {
        await using BenchLab lab = await BenchLab.StartAsync(hosts, state, ["--profile", "lab"], progress, ct).ConfigureAwait(false);
        await lab.StoredOnAllAsync(ct).ConfigureAwait(false);
        using HttpClient http = KubeconfigHttp.Open(lab.Kubeconfig);
        await progress.WriteLineAsync($"{options.Writers} writers over HTTPS").ConfigureAwait(false);
        return await new RestBench(new BenchObjects(http), lab.Hosts, options.Writers).MeasureAsync(options.Duration, store.WritesPerSecond, ct).ConfigureAwait(false);
    }

    // A round goes before those that count: whoever serves compiles meanwhile what it runs often.
    private async Task<RestReport> MeasureAsync(TimeSpan duration, double storeRate, CancellationToken ct)
    {
        await objects.CreateNamespaceAsync(Namespace, ct).ConfigureAwait(false);
        for (int before = 0; before < RoundsBefore; before++)
            await RoundAsync(duration, ct).ConfigureAwait(false);
        var rounds = new List<Round>();
        while (rounds.Count < Rounds)
            rounds.Add(await RoundAsync(duration, ct).ConfigureAwait(false));
        double rate = Median(rounds, static round => round.Rate);
        return new RestReport
        {
            Hosts = hosts.Count,
            Writers = writers,
            CreatesPerSecond = Math.Round(rate),
            P50Milliseconds = Math.Round(Median(rounds, static round => KernelPathRunner.Percentile(round.Times, 0.5)), 2),
            P99Milliseconds = Math.Round(Median(rounds, static round => KernelPathRunner.Percentile(round.Times, 0.99)), 2),
            ProcessorMicroseconds = rounds[0].Microseconds.Keys.ToDictionary(static who => who, who => Math.Round(Median(rounds, round => round.Microseconds[who]))),
            ShareOfStore = Math.Round(rate / storeRate, 2),
        };
    }

    private static double Median(List<Round> rounds, Func<Round, double> of) => rounds.Select(of).Order().ElementAt(rounds.Count / 2);

    private async Task<Round> RoundAsync(TimeSpan duration, CancellationToken ct)
    {
        Dictionary<string, TimeSpan> before = Processor();
        long began = TimeProvider.System.GetTimestamp();
        List<double> times = await CreateAsync($"made-{_round++}", duration, ct).ConfigureAwait(false);
        double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        return new Round(times, times.Count / seconds, Processor().ToDictionary(static each => each.Key, each => (each.Value - before[each.Key]).TotalMicroseconds / times.Count));
    }

    private Dictionary<string, TimeSpan> Processor() => new(hosts.Select(static host => KeyValuePair.Create(host.Name, host.ProcessorTime)))
    {
        [Clients] = Environment.CpuUsage.TotalTime,
    };

    private async Task<List<double>> CreateAsync(string prefix, TimeSpan duration, CancellationToken ct)
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

    /// <summary>What a round measured.</summary>
    /// <param name="Times">Milliseconds of each request, the shortest first.</param>
    /// <param name="Rate">Objects in a second.</param>
    /// <param name="Microseconds">Processor time for each object, by process.</param>
    private sealed record Round(List<double> Times, double Rate, Dictionary<string, double> Microseconds);
}
