using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;
using ActorNet.Node;

namespace ActorNet.Cli.Bench;

/// <summary>
/// Measures how long it takes from a pod's change of readiness at the API of one host process to rules in force on the node of another, in two steps: from
/// just before the pod's condition is written to the moment that its EndpointSlice says, and from there to rules in force, as the other's kube-proxy measures it.
/// </summary>
internal static class ReadinessBench
{
    private const string Namespace = "bench-rules";
    private const string Services = $"api/v1/namespaces/{Namespace}/services";
    private const string Pods = $"api/v1/namespaces/{Namespace}/pods";
    private const string Slices = $"apis/discovery.k8s.io/v1/namespaces/{Namespace}/endpointslices";
    private const string ServiceName = "kubernetes.io/service-name", ManagedBy = "endpointslice.kubernetes.io/managed-by", TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";
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
            IReadOnlyList<LabAddress> at = LabAddress.ChooseForThisProcess(2);
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
        await MakeAsync(objects, ct).ConfigureAwait(false);
        KubeProxyStatus before = await WaitAsync(other, static s => s.Endpoints >= ReadinessReport.ServiceCount * ReadinessReport.EndpointCount, "rules for all of them", ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"{WarmUp} changes of readiness to warm up, then {ReadinessReport.Changes}").ConfigureAwait(false);
        var written = new DateTimeOffset[ReadinessReport.ServiceCount];
        before = await ChangeAsync(objects, other, before, WarmUp, static _ => false, written, ct).ConfigureAwait(false);
        // Those that warming up made unready become ready again.
        KubeProxyStatus after = await ChangeAsync(objects, other, before, ReadinessReport.Changes, static service => service < WarmUp, written, ct).ConfigureAwait(false);
        Percentiles toSlice = Percentiles.Of(await UntilSlicesAsync(objects, written, ct).ConfigureAwait(false));
        var toRules = new Percentiles(after.Latency.P50Milliseconds, after.Latency.P99Milliseconds, after.Latency.MaxMilliseconds);
        return new ReadinessReport(toSlice, toRules, after.FullSyncs - before.FullSyncs, after.PartialSyncs - before.PartialSyncs);
    }

    // Of each Service's endpoints the first is a pod, which the controller knows; the others are in a slice that is written here. No kubelet has the pods.
    private static async Task MakeAsync(BenchObjects objects, CancellationToken ct)
    {
        await objects.CreateNamespaceAsync(Namespace, ct).ConfigureAwait(false);
        // Pods are refused before their namespace has its account.
        await UntilAsync(() => objects.ExistsAsync($"api/v1/namespaces/{Namespace}/serviceaccounts/default", ct), "the account of the namespace", ct).ConfigureAwait(false);
        await InParallelAsync(ReadinessReport.ServiceCount, async i =>
        {
            await objects.CreateAsync(Services, Service(i), ct).ConfigureAwait(false);
            await objects.CreateAsync(Slices, Slice(i), ct).ConfigureAwait(false);
            await objects.CreateAsync(Pods, Pod(i), ct).ConfigureAwait(false);
            await objects.PatchAsync($"{Pods}/{NameOf(i)}/status", Status(i, ready: true), ct).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    // Every change at its time; until all are in force.
    private static async Task<KubeProxyStatus> ChangeAsync(
        BenchObjects objects, HostClient other, KubeProxyStatus before, int changes, Func<int, bool> isReady, DateTimeOffset[] written, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAsync())).ConfigureAwait(false);
        await UntilSlicesAsync(objects, written, ct).ConfigureAwait(false);
        return await WaitAsync(other, s => s.Latency.Count >= before.Latency.Count + changes, $"the rules of {changes} changes", ct).ConfigureAwait(false);

        async Task WriteAsync()
        {
            while (Interlocked.Increment(ref next) - 1 is var number && number < changes)
            {
                TimeSpan due = TimeSpan.FromSeconds(number / ChangesPerSecond) - TimeProvider.System.GetElapsedTime(start);
                if (due > TimeSpan.Zero)
                    await Task.Delay(due, ct).ConfigureAwait(false);
                int service = number % ReadinessReport.ServiceCount;
                JsonObject status = Status(service, isReady(service));
                written[service] = TimeProvider.System.GetUtcNow();
                await objects.PatchAsync($"{Pods}/{NameOf(service)}/status", status, ct).ConfigureAwait(false);
            }
        }
    }

    // Milliseconds from each pod's change to the moment that its slice says; waits until every slice says one behind its change.
    private static async Task<IReadOnlyList<double>> UntilSlicesAsync(BenchObjects objects, DateTimeOffset[] written, CancellationToken ct)
    {
        var taken = new List<double>();
        await UntilAsync(
            async () =>
            {
                JsonObject list = await objects.GetAsync($"{Slices}?labelSelector={ManagedBy}%3Dendpointslice-controller.k8s.io", ct).ConfigureAwait(false);
                taken.Clear();
                foreach (JsonNode? slice in list["items"]!.AsArray())
                {
                    int service = int.Parse(slice!["metadata"]!["labels"]![ServiceName]!.GetValue<string>()[NamePrefix.Length..], CultureInfo.InvariantCulture);
                    if (written[service] != default)
                        taken.Add((DateTimeOffset.Parse(slice["metadata"]!["annotations"]![TriggerTime]!.GetValue<string>(), CultureInfo.InvariantCulture) - written[service]).TotalMilliseconds);
                }

                return taken.Count == written.Count(static w => w != default) && taken.TrueForAll(static t => t >= 0);
            },
            "the EndpointSlices of all changes",
            ct).ConfigureAwait(false);
        return taken;
    }

    private static async Task UntilAsync(Func<Task<bool>> isThere, string what, CancellationToken ct)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!await isThere().ConfigureAwait(false))
        {
            if (TimeProvider.System.GetElapsedTime(start) > Patience)
                throw new UsageException($"bench: {what} were not there after {Patience.TotalSeconds:0} s.");
            await Task.Delay(Poll, ct).ConfigureAwait(false);
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

    private const string NamePrefix = "service-";

    private static string NameOf(int service) => $"{NamePrefix}{service:D4}";

    private static JsonObject Service(int service) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject { ["name"] = NameOf(service) },
        ["spec"] = new JsonObject { ["selector"] = new JsonObject { ["app"] = NameOf(service) }, ["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["port"] = 80 }) },
    };

    private static JsonObject Slice(int service) => new()
    {
        ["apiVersion"] = "discovery.k8s.io/v1",
        ["kind"] = "EndpointSlice",
        ["metadata"] = new JsonObject { ["name"] = NameOf(service), ["labels"] = new JsonObject { [ServiceName] = NameOf(service), [ManagedBy] = "bench" } },
        ["addressType"] = "IPv4",
        ["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["port"] = 80, ["protocol"] = "TCP" }),
        ["endpoints"] = Endpoints(service),
    };

    // No scheduler of that name gives it a node.
    private static JsonObject Pod(int service) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject { ["name"] = NameOf(service), ["labels"] = new JsonObject { ["app"] = NameOf(service) } },
        ["spec"] = new JsonObject { ["schedulerName"] = "bench", ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "pause" }) },
    };

    private static JsonObject Status(int service, bool ready) => new()
    {
        ["status"] = new JsonObject
        {
            ["phase"] = "Running",
            ["podIP"] = AddressOf(service, 0),
            ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = AddressOf(service, 0) }),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = ready ? "True" : "False" }),
        },
    };

    private static string AddressOf(int service, int endpoint)
    {
        int number = (service * ReadinessReport.EndpointCount) + endpoint;
        return $"10.245.{number / 250}.{(number % 250) + 1}";
    }

    // All but the pod.
    private static JsonArray Endpoints(int service) =>
    [
        .. Enumerable.Range(1, ReadinessReport.EndpointCount - 1).Select(i => new JsonObject
        {
            ["addresses"] = new JsonArray(AddressOf(service, i)),
            ["conditions"] = new JsonObject { ["ready"] = true, ["serving"] = true, ["terminating"] = false },
            ["nodeName"] = "n1",
        }),
    ];
}

/// <summary>What `bench readiness` found, in milliseconds.</summary>
/// <param name="ConditionToSlice">From just before a pod's condition is written to the moment that its EndpointSlice says.</param>
/// <param name="SliceToRules">From there to rules in force on the other host.</param>
/// <param name="FullSyncs">Programs with every chain meanwhile: there should be none.</param>
/// <param name="PartialSyncs">Programs with the chains of what changed.</param>
internal sealed record ReadinessReport(Percentiles ConditionToSlice, Percentiles SliceToRules, long FullSyncs, long PartialSyncs)
{
    /// <summary>Services.</summary>
    public const int ServiceCount = 1_000;

    /// <summary>Endpoints of each.</summary>
    public const int EndpointCount = 10;

    /// <summary>Changes of readiness: as many as kube-proxy keeps the times of.</summary>
    public const int Changes = 1_000;

    /// <summary>How long 99 of 100 may take, in milliseconds.</summary>
    public const double TargetMilliseconds = 100;

    /// <summary>
    /// What 99 of 100 changes do not exceed in both steps together: which change took how long in both is not known, but none took longer in one step than
    /// its longest, and 99 of 100 no longer in the other than its 99th percentile.
    /// </summary>
    public double P99Bound => Math.Round(Math.Min(ConditionToSlice.P99 + SliceToRules.Max, ConditionToSlice.Max + SliceToRules.P99), 1);

    /// <summary>Whether that holds.</summary>
    public bool Holds => P99Bound < TargetMilliseconds;
}
