using ActorNet.Cli.Host;

namespace ActorNet.Cli.Bench;

/// <summary>Measures how long very many pods take to Running on three host processes that keep the API's objects on their disks.</summary>
internal static class CrowdBench
{
    private const int Hosts = 3;

    private static readonly string[] Room = ["--profile", "lab", "--node-cidr-mask-size", "20", "--max-pods", "1000"];

    /// <summary>Starts the hosts, makes the pods and waits.</summary>
    /// <param name="state">Where the hosts have their state.</param>
    /// <param name="pods">How many.</param>
    /// <param name="progress">Where progress is said.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<CrowdReport> RunAsync(string state, int pods, TextWriter progress, CancellationToken ct)
    {
        await using BenchLab lab = await BenchLab.StartAsync(Hosts, state, Room, progress, ct).ConfigureAwait(false);
        await lab.StoredOnAllAsync(ct).ConfigureAwait(false);
        return await MeasureAsync(lab, pods, progress, ct).ConfigureAwait(false);
    }

    private static async Task<CrowdReport> MeasureAsync(BenchLab lab, int pods, TextWriter progress, CancellationToken ct)
    {
        using HttpClient http = KubeconfigHttp.Open(lab.Kubeconfig);
        var objects = new BenchObjects(http);
        await objects.CreateNamespaceAsync(BenchObjects.Namespace, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"{pods} pods on three hosts").ConfigureAwait(false);
        TimeSpan[] before = [.. lab.Hosts.Select(static host => host.ProcessorTime)];
        PodsReport made = await PodStartBench.RunAsync(objects, pods, ct).ConfigureAwait(false);
        TimeSpan[] after = [.. lab.Hosts.Select(static host => host.ProcessorTime)];
        HostStatus[] status = await lab.StatusAsync(ct).ConfigureAwait(false);
        return new CrowdReport
        {
            Count = made.Count,
            OnHosts = made.OnHosts,
            Seconds = made.Seconds,
            ProcessorSeconds = lab.Hosts.Index().ToDictionary(static each => each.Item.Name, each => Math.Round((after[each.Index] - before[each.Index]).TotalSeconds, 1)),
            WorkingSetBytes = lab.Hosts.ToDictionary(static host => host.Name, static host => host.WorkingSetBytes),
            HeartbeatWarnings = status.Sum(static host => host.HeartbeatWarnings),
        };
    }
}
