using System.Runtime.InteropServices;
using ActorNet.Cli.Bench.Stores;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Bench;

/// <summary>Measures the store beside etcd, and the API of a cluster of two host processes: pods to Ready, objects created, a long list, many watchers.</summary>
internal static class ControlBench
{
    /// <summary>Runs the benchmark.</summary>
    /// <param name="options">How much.</param>
    /// <param name="progress">Where progress is said.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<ControlReport> RunAsync(ControlBenchOptions options, TextWriter progress, CancellationToken ct)
    {
        string state = Path.Combine(Path.GetTempPath(), $"actornet-bench-{Environment.ProcessId}");
        try
        {
            ControlReport report = await MeasureAsync(state, options, progress, ct).ConfigureAwait(false);
            return options.Crowd == 0 ? report : report with { Crowd = await CrowdBench.RunAsync(Path.Combine(state, "crowd"), options.Crowd, progress, ct).ConfigureAwait(false) };
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

    private static async Task<ControlReport> MeasureAsync(string state, ControlBenchOptions options, TextWriter progress, CancellationToken ct)
    {
        StoreReport store = await StoreBench.RunAsync(Path.Combine(state, "stores"), options.Writers, options.Duration, progress, ct).ConfigureAwait(false);
        IReadOnlyList<LabAddress> at = LabAddress.ChooseForThisProcess(2);
        string[] more = ["--profile", "lab", "--node-cidr-mask-size", "22", "--max-pods", "400"];
        await progress.WriteLineAsync("starting two host processes").ConfigureAwait(false);
        await using LabHost n1 = await LabHost.StartAsync("n1", at[0].Address, state, null, [.. at[0].Options, .. more], ct).ConfigureAwait(false);
        await using LabHost n2 = await LabHost.StartAsync("n2", at[1].Address, state, at[0].Control, [.. at[1].Options, .. more], ct).ConfigureAwait(false);
        // The first host has the API server.
        string kubeconfig = Path.Combine(n1.StateDirectory, HostSecurity.KubeconfigName);
        using HttpClient http = KubeconfigHttp.Open(kubeconfig);
        var objects = new BenchObjects(http);
        await objects.CreateNamespaceAsync(BenchObjects.Namespace, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"{options.Pods} pods on two hosts").ConfigureAwait(false);
        PodsReport pods = await PodStartBench.RunAsync(objects, options.Pods, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"{options.Writers} writers over HTTPS").ConfigureAwait(false);
        RestReport rest = await new RestBench(objects, [n1, n2], options.Writers).RunAsync(options.Duration, store.One.Embedded.WritesPerSecond, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"making {options.Objects} objects").ConfigureAwait(false);
        await ListBench.FillAsync(objects, options.Objects, ct).ConfigureAwait(false);
        await progress.WriteLineAsync("listing them").ConfigureAwait(false);
        ListReport list = await ListBench.RunAsync(http, options.Objects, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"opening {options.Watchers} watches").ConfigureAwait(false);
        WatchReport watch;
        await using (WatchBench bench = await WatchBench.StartAsync(objects, n1, kubeconfig, options, progress, ct).ConfigureAwait(false))
            watch = await bench.RunAsync(ct).ConfigureAwait(false);
        using HostClient first = n1.Connect();
        using HostClient second = n2.Connect();
        HostStatus[] after = [await first.GetAsync<HostStatus>("actornet/v1/status", ct).ConfigureAwait(false), await second.GetAsync<HostStatus>("actornet/v1/status", ct).ConfigureAwait(false)];
        return new ControlReport
        {
            Machine = new MachineReport(Environment.ProcessorCount, RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription, after[0].SegmentationOffload),
            Store = store,
            Rest = rest,
            Pods = pods,
            List = list,
            Watch = watch,
            After = new ControlAfterReport(after.Sum(host => host.HeartbeatWarnings)),
        };
    }
}
