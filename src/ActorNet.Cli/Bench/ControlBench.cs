using System.Runtime.InteropServices;
using ActorNet.Cli.Bench.Stores;
using ActorNet.Cli.Host;

namespace ActorNet.Cli.Bench;

/// <summary>Measures the store beside etcd, objects created over the API of one host process and of three, and the API of two: pods to Ready, a long list, many watchers.</summary>
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
        RestReport one = await RestBench.RunAsync(1, store.One.Embedded, Path.Combine(state, "creates-1"), options, progress, ct).ConfigureAwait(false);
        RestReport three = await RestBench.RunAsync(3, store.Three.Embedded, Path.Combine(state, "creates-3"), options, progress, ct).ConfigureAwait(false);
        await using BenchLab lab = await BenchLab.StartAsync(2, state, ["--profile", "lab", "--node-cidr-mask-size", "22", "--max-pods", "400"], progress, ct).ConfigureAwait(false);
        using HttpClient http = KubeconfigHttp.Open(lab.Kubeconfig);
        var objects = new BenchObjects(http);
        await objects.CreateNamespaceAsync(BenchObjects.Namespace, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"{options.Pods} pods on two hosts").ConfigureAwait(false);
        PodsReport pods = await PodStartBench.RunAsync(objects, options.Pods, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"making {options.Objects} objects").ConfigureAwait(false);
        await ListBench.FillAsync(objects, options.Objects, ct).ConfigureAwait(false);
        await progress.WriteLineAsync("listing them").ConfigureAwait(false);
        ListReport list = await ListBench.RunAsync(http, options.Objects, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"opening {options.Watchers} watches").ConfigureAwait(false);
        WatchReport watch;
        await using (WatchBench bench = await WatchBench.StartAsync(objects, lab.Hosts[0], lab.Kubeconfig, options, progress, ct).ConfigureAwait(false))
            watch = await bench.RunAsync(ct).ConfigureAwait(false);
        HostStatus[] after = await lab.StatusAsync(ct).ConfigureAwait(false);
        return new ControlReport
        {
            Machine = new MachineReport(Environment.ProcessorCount, RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription, after[0].SegmentationOffload),
            Store = store,
            Rest = one,
            RestOfThree = three,
            Pods = pods,
            List = list,
            Watch = watch,
            After = new ControlAfterReport(after.Sum(host => host.HeartbeatWarnings)),
        };
    }
}
