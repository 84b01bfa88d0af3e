using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using k8s;
using k8s.Models;

namespace ActorNet.Cli.Lab;

/// <summary>A lab whose hosts this process started: several host processes on this machine that are one cluster.</summary>
internal sealed class LabCluster : IAsyncDisposable
{
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DnsPatience = TimeSpan.FromSeconds(60);

    private readonly LabPlan _plan;
    private readonly List<LabHost> _hosts = [];
    private bool _left;

    private LabCluster(LabPlan plan, bool madeParent)
    {
        _plan = plan;
        Record = new LabRecord { Name = plan.Directory.Name, IsDetached = plan.Outlives, MadeParent = madeParent, Store = plan.Store, Hosts = [] };
    }

    /// <summary>The hosts.</summary>
    public IReadOnlyList<LabHost> Hosts => _hosts;

    /// <summary>What others find the lab by.</summary>
    public LabRecord Record { get; private set; }

    /// <summary>Where everything of the lab is.</summary>
    public LabDirectory Directory => _plan.Directory;

    /// <summary>Its Nodes when all of them had become Ready.</summary>
    public IReadOnlyList<V1Node> Nodes { get; private set; } = [];

    /// <summary>Starts the hosts and waits until the API says that their nodes are Ready. What fails is said, and nothing is left behind.</summary>
    /// <param name="plan">The lab.</param>
    /// <param name="madeParent">Whether the directory that holds the lab's was made for it.</param>
    /// <param name="progress">Hears of it.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">A host did not start, or the cluster did not become ready.</exception>
    public static async Task<LabCluster> StartAsync(LabPlan plan, bool madeParent, ILabProgress progress, CancellationToken ct)
    {
        var cluster = new LabCluster(plan, madeParent);
        try
        {
            cluster.Launch(progress);
            await cluster.ReadyHostsAsync(progress, ct).ConfigureAwait(false);
            File.Copy(Path.Combine(cluster._hosts[0].StateDirectory, HostSecurity.KubeconfigName), plan.Directory.Kubeconfig, overwrite: true);
            await cluster.NodesReadyAsync(progress, ct).ConfigureAwait(false);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Gives the cluster its DNS, whose pods come to run behind this.</summary>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">The API refuses it.</exception>
    public async Task InstallDnsAsync(CancellationToken ct)
    {
        using HostClient first = _hosts[0].Connect();
        await first.InstallDnsAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Waits until the cluster's DNS is available, at most 60 s.</summary>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">It is not.</exception>
    public async Task DnsReadyAsync(CancellationToken ct)
    {
        using IKubernetes api = LabApi.Open(Directory.Kubeconfig);
        await LabApi.UntilAsync(
            limit => api.AppsV1.ReadNamespacedDeploymentAsync(DnsAddon.Name, DnsAddon.Space, cancellationToken: limit),
            static dns => dns.Status?.Conditions?.Any(static c => c is { Type: "Available", Status: "True" }) == true,
            DnsPatience, "the cluster's DNS", ct).ConfigureAwait(false);
    }

    /// <summary>Lets the hosts go on when this process ends.</summary>
    public void Leave() => _left = true;

    /// <summary>Ends the hosts and removes what the lab made, unless it was left to go on or is kept.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_left)
        {
            _hosts.ForEach(static host => host.Leave());
        }
        else if (_plan.Outlives)
        {
            await LabEnd.EndHostsAsync(Directory, Record, static _ => { }).ConfigureAwait(false);
        }

        // As LabEnd: the first host is the last.
        await Task.WhenAll(_hosts.Skip(1).Select(static host => host.DisposeAsync().AsTask())).ConfigureAwait(false);
        foreach (LabHost host in _hosts.Take(1))
            await host.DisposeAsync().ConfigureAwait(false);
        if (_left || _plan.Keeps)
            return;
        if (System.IO.Directory.Exists(Directory.Root))
            Directory.Remove(Record);
        if (Record.MadeParent)
            Directory.RemoveParent();
    }

    // All at once: what takes long is the runtime's start and the first run of all code, and the others wait for the first host anyway.
    private void Launch(ILabProgress progress)
    {
        for (int i = 0; i < _plan.Hosts.Count; i++)
        {
            LabHost host = LabHost.Launch(_plan.StartOf(i));
            _hosts.Add(host);
            progress.Tell(host.Name, $"started (process {host.ProcessId})");
            // Recorded before anything can go wrong: whatever happens to this process, `actornet down` finds the host.
            if (host.Mark is { } mark)
                Record = Record with { Hosts = [.. Record.Hosts, new LabHostRecord(host.Name, mark, _plan.Hosts[i])] };
            Record.Save(Directory);
        }
    }

    // The first failure ends the waiting for the others: a host whose first one is gone would ask for it as long as it is allowed to.
    private async Task ReadyHostsAsync(ILabProgress progress, CancellationToken ct)
    {
        using CancellationTokenSource failed = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            await foreach (Task ready in Task.WhenEach(_hosts.Select(host => FollowAsync(host, progress, failed.Token))).ConfigureAwait(false))
                await ready.ConfigureAwait(false);
        }
        catch
        {
            await failed.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task FollowAsync(LabHost host, ILabProgress progress, CancellationToken ct)
    {
        await host.ReadyAsync(ct).ConfigureAwait(false);
        progress.Tell(host.Name, "in the cluster");
    }

    private async Task NodesReadyAsync(ILabProgress progress, CancellationToken ct)
    {
        using IKubernetes api = LabApi.Open(Directory.Kubeconfig);
        var told = new HashSet<string>();
        V1NodeList nodes = await LabApi.UntilAsync(
            limit => api.CoreV1.ListNodeAsync(cancellationToken: limit),
            list =>
            {
                foreach (V1Node node in list.Items.Where(LabApi.IsReady).Where(n => told.Add(n.Metadata.Name)))
                    progress.Tell(node.Metadata.Name, "Ready");
                return list.Items.Count(LabApi.IsReady) == _hosts.Count;
            },
            ReadyPatience,
            $"{_hosts.Count} nodes Ready",
            ct).ConfigureAwait(false);
        Nodes = [.. nodes.Items.OrderBy(static n => n.Metadata.Name.Length).ThenBy(static n => n.Metadata.Name, StringComparer.Ordinal)];
    }
}
