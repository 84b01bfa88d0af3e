using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Bench;

/// <summary>Measures how long very many pods take to Running on three host processes that keep the API's objects on their disks.</summary>
internal static class CrowdBench
{
    private static readonly string[] Room = ["--profile", "lab", "--node-cidr-mask-size", "20", "--max-pods", "1000"];

    /// <summary>Starts the hosts, makes the pods and waits.</summary>
    /// <param name="state">Where the hosts have their state.</param>
    /// <param name="pods">How many.</param>
    /// <param name="progress">Where progress is said.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<CrowdReport> RunAsync(string state, int pods, TextWriter progress, CancellationToken ct)
    {
        IReadOnlyList<LabAddress> at = LabAddress.ChooseForThisProcess(3);
        await progress.WriteLineAsync("starting three host processes").ConfigureAwait(false);
        var hosts = new List<LabHost>();
        try
        {
            foreach (LabAddress place in at)
                hosts.Add(await LabHost.StartAsync($"n{hosts.Count + 1}", place.Address, state, hosts.Count == 0 ? null : at[0].Control, [.. place.Options, .. Room], ct).ConfigureAwait(false));
            await StoredOnAllAsync(hosts, ct).ConfigureAwait(false);
            return await MeasureAsync(hosts, pods, progress, ct).ConfigureAwait(false);
        }
        finally
        {
            foreach (LabHost host in hosts)
                await host.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task<CrowdReport> MeasureAsync(List<LabHost> hosts, int pods, TextWriter progress, CancellationToken ct)
    {
        using HttpClient http = KubeconfigHttp.Open(Path.Combine(hosts[0].StateDirectory, HostSecurity.KubeconfigName));
        var objects = new BenchObjects(http);
        await objects.CreateNamespaceAsync(BenchObjects.Namespace, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"{pods} pods on three hosts").ConfigureAwait(false);
        TimeSpan[] before = [.. hosts.Select(static host => host.ProcessorTime)];
        PodsReport made = await PodStartBench.RunAsync(objects, pods, ct).ConfigureAwait(false);
        TimeSpan[] after = [.. hosts.Select(static host => host.ProcessorTime)];
        HostStatus[] status = await StatusAsync(hosts, ct).ConfigureAwait(false);
        return new CrowdReport
        {
            Count = made.Count,
            OnHosts = made.OnHosts,
            Seconds = made.Seconds,
            ProcessorSeconds = hosts.Index().ToDictionary(static each => each.Item.Name, each => Math.Round((after[each.Index] - before[each.Index]).TotalSeconds, 1)),
            WorkingSetBytes = hosts.ToDictionary(static host => host.Name, static host => host.WorkingSetBytes),
            HeartbeatWarnings = status.Sum(static host => host.HeartbeatWarnings),
        };
    }

    // The store grows to all three on its own; while it does, it is not yet what is to be measured.
    private static async Task StoredOnAllAsync(List<LabHost> hosts, CancellationToken ct)
    {
        while ((await StatusAsync(hosts, ct).ConfigureAwait(false)).Any(host => host.Store.Members.Count < hosts.Count))
            await Task.Delay(TimeSpan.FromMilliseconds(200), ct).ConfigureAwait(false);
    }

    private static Task<HostStatus[]> StatusAsync(List<LabHost> hosts, CancellationToken ct) => Task.WhenAll(hosts.Select(async host =>
    {
        using HostClient client = host.Connect();
        return await client.GetAsync<HostStatus>("actornet/v1/status", ct).ConfigureAwait(false);
    }));
}
