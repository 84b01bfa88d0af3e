using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;
using ActorNet.Node;

namespace ActorNet.Cli.Bench;

/// <summary>
/// Measures how long it takes from an endpoint's change of readiness at the API of one host process to rules in force on the node of another, as the
/// other's kube-proxy measures it: from the moment that the EndpointSlice says, which is just before it is written.
/// </summary>
internal static class ReadinessBench
{
    private const string Namespace = "bench-rules";
    private const string Services = $"api/v1/namespaces/{Namespace}/services";
    private const string Slices = $"apis/discovery.k8s.io/v1/namespaces/{Namespace}/endpointslices";
    private const int Writers = 8;
    private const int WarmUp = 100;
    private const double ChangesPerSecond = 25;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Runs the benchmark.</summary>
    /// <param name="progress">Where progress is said.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<ReadinessReport> RunAsync(TextWriter progress, CancellationToken ct)
    {
        string state = Path.Combine(Path.GetTempPath(), $"actornet-bench-{Environment.ProcessId}");
        try
        {
            IReadOnlyList<LabAddress> at = LabAddress.Choose(2);
            await progress.WriteLineAsync("starting two host processes").ConfigureAwait(false);
            await using LabHost n1 = await LabHost.StartAsync("n1", at[0].Address, state, null, [.. at[0].Options, "--profile", "lab"], ct).ConfigureAwait(false);
            await using LabHost n2 = await LabHost.StartAsync("n2", at[1].Address, state, at[0].Control, [.. at[1].Options, "--profile", "lab"], ct).ConfigureAwait(false);
            // The first host has the API server.
            using HttpClient http = KubeconfigHttp.Open(Path.Combine(n1.StateDirectory, HostSecurity.KubeconfigName));
            using HostClient other = n2.Connect();
            return await MeasureAsync(new BenchObjects(http), other, progress, ct).ConfigureAwait(false);
        }
        catch (ToolException e)
        {
            throw new UsageException($"bench: {e.Message}");
        }
        finally
        {
            if (Directory.Exists(state))
                Directory.Delete(state, recursive: true);
        }
    }

    private static async Task<ReadinessReport> MeasureAsync(BenchObjects objects, HostClient other, TextWriter progress, CancellationToken ct)
    {
        await progress.WriteLineAsync($"making {ReadinessReport.ServiceCount} Services of {ReadinessReport.EndpointCount} endpoints").ConfigureAwait(false);
        await objects.CreateNamespaceAsync(Namespace, ct).ConfigureAwait(false);
        await InParallelAsync(ReadinessReport.ServiceCount, async i =>
        {
            await objects.CreateAsync(Services, Service(i), ct).ConfigureAwait(false);
            await objects.CreateAsync(Slices, Slice(i), ct).ConfigureAwait(false);
        }).ConfigureAwait(false);
        KubeProxyStatus before = await WaitAsync(other, static s => s.Endpoints >= ReadinessReport.ServiceCount * ReadinessReport.EndpointCount, "rules for all of them", ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"{WarmUp} changes of readiness to warm up, then {ReadinessReport.Changes}").ConfigureAwait(false);
        before = await ChangeAsync(objects, other, before, WarmUp, ct).ConfigureAwait(false);
        KubeProxyStatus after = await ChangeAsync(objects, other, before, ReadinessReport.Changes, ct).ConfigureAwait(false);
        return new ReadinessReport(after.Latency.P50Milliseconds, after.Latency.P99Milliseconds, after.Latency.MaxMilliseconds, after.FullSyncs - before.FullSyncs, after.PartialSyncs - before.PartialSyncs);
    }

    // Every change at its time; until all are in force.
    private static async Task<KubeProxyStatus> ChangeAsync(BenchObjects objects, HostClient other, KubeProxyStatus before, int changes, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAsync())).ConfigureAwait(false);
        return await WaitAsync(other, s => s.Latency.Count >= before.Latency.Count + changes, $"the rules of {changes} changes", ct).ConfigureAwait(false);

        async Task WriteAsync()
        {
            while (Interlocked.Increment(ref next) - 1 is var number && number < changes)
            {
                TimeSpan due = TimeSpan.FromSeconds(number / ChangesPerSecond) - TimeProvider.System.GetElapsedTime(start);
                if (due > TimeSpan.Zero)
                    await Task.Delay(due, ct).ConfigureAwait(false);
                int service = number % ReadinessReport.ServiceCount;
                // Those that warming up made unready become ready again.
                bool ready = before.Latency.Count > 0 && service < WarmUp;
                await objects.PatchAsync($"{Slices}/{NameOf(service)}", Change(service, ready), ct).ConfigureAwait(false);
            }
        }
    }

    private static async Task<KubeProxyStatus> WaitAsync(HostClient other, Func<KubeProxyStatus, bool> isThere, string what, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            KubeProxyStatus status = (await other.GetAsync<HostStatus>("actornet/v1/status", ct).ConfigureAwait(false)).KubeProxy;
            if (isThere(status))
                return status;
            if (TimeProvider.System.GetElapsedTime(start) > Patience)
                throw new UsageException($"bench: {what} were not in force on the other host after {Patience.TotalSeconds:0} s; its kube-proxy says: {status}");
            await Task.Delay(Poll, ct).ConfigureAwait(false);
        }
    }

    private static async Task InParallelAsync(int count, Func<int, Task> make) =>
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            for (int i = writer; i < count; i += Writers)
                await make(i).ConfigureAwait(false);
        })).ConfigureAwait(false);

    private static string NameOf(int service) => $"service-{service:D4}";

    // Without a selector: what its endpoints are is said here.
    private static JsonObject Service(int service) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject { ["name"] = NameOf(service) },
        ["spec"] = new JsonObject { ["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["port"] = 80 }) },
    };

    private static JsonObject Slice(int service) => new()
    {
        ["apiVersion"] = "discovery.k8s.io/v1",
        ["kind"] = "EndpointSlice",
        ["metadata"] = new JsonObject { ["name"] = NameOf(service), ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = NameOf(service) } },
        ["addressType"] = "IPv4",
        ["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["port"] = 80, ["protocol"] = "TCP" }),
        ["endpoints"] = Endpoints(service, ready: true),
    };

    private static JsonObject Change(int service, bool ready) => new()
    {
        ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { ["endpoints.kubernetes.io/last-change-trigger-time"] = TimeProvider.System.GetUtcNow().UtcDateTime.ToString("O", CultureInfo.InvariantCulture) } },
        ["endpoints"] = Endpoints(service, ready),
    };

    // The first is the one that changes.
    private static JsonArray Endpoints(int service, bool ready) =>
    [
        .. Enumerable.Range(0, ReadinessReport.EndpointCount).Select(i => new JsonObject
        {
            ["addresses"] = new JsonArray($"10.245.{((service * ReadinessReport.EndpointCount) + i) / 250}.{(((service * ReadinessReport.EndpointCount) + i) % 250) + 1}"),
            ["conditions"] = new JsonObject { ["ready"] = ready || i > 0, ["serving"] = ready || i > 0, ["terminating"] = false },
            ["nodeName"] = "n1",
        }),
    ];
}

/// <summary>What `bench readiness` found.</summary>
/// <param name="P50Milliseconds">Median.</param>
/// <param name="P99Milliseconds">99th percentile.</param>
/// <param name="MaxMilliseconds">The longest.</param>
/// <param name="FullSyncs">Programs with every chain meanwhile: there should be none.</param>
/// <param name="PartialSyncs">Programs with the chains of what changed.</param>
internal sealed record ReadinessReport(double P50Milliseconds, double P99Milliseconds, double MaxMilliseconds, long FullSyncs, long PartialSyncs)
{
    /// <summary>Services.</summary>
    public const int ServiceCount = 1_000;

    /// <summary>Endpoints of each.</summary>
    public const int EndpointCount = 10;

    /// <summary>Changes of readiness: as many as kube-proxy keeps the times of.</summary>
    public const int Changes = 1_000;

    /// <summary>How long 99 of 100 may take, in milliseconds.</summary>
    public const double TargetMilliseconds = 100;

    /// <summary>Whether that holds.</summary>
    public bool Holds => P99Milliseconds < TargetMilliseconds;
}
