using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Bench;

/// <summary>Host processes of a benchmark on this machine, which keep the API's objects on their disks. The first has the API server. They end with this.</summary>
internal sealed class BenchLab : IAsyncDisposable
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    private readonly List<LabHost> _hosts = [];

    private BenchLab()
    {
    }

    /// <summary>The hosts' processes, in the order in which they joined.</summary>
    public IReadOnlyList<LabHost> Hosts => _hosts;

    /// <summary>What a client of the API needs.</summary>
    public string Kubeconfig => Path.Combine(_hosts[0].StateDirectory, HostSecurity.KubeconfigName);

    /// <summary>Starts hosts n1, n2 and so on, one after another.</summary>
    /// <param name="hosts">How many.</param>
    /// <param name="state">Where each gets a directory.</param>
    /// <param name="room">Options of each host beside where it is.</param>
    /// <param name="progress">Where progress is said.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<BenchLab> StartAsync(int hosts, string state, IReadOnlyList<string> room, TextWriter progress, CancellationToken ct)
    {
        await progress.WriteLineAsync(hosts == 1 ? "starting a host process" : $"starting {hosts} host processes").ConfigureAwait(false);
        IReadOnlyList<LabAddress> at = LabAddress.ChooseForThisProcess(hosts);
        var lab = new BenchLab();
        try
        {
            foreach (LabAddress place in at)
                lab._hosts.Add(await LabHost.StartAsync($"n{lab._hosts.Count + 1}", place.Address, state, lab._hosts.Count == 0 ? null : at[0].Control, [.. place.Options, .. room], ct).ConfigureAwait(false));
            return lab;
        }
        catch
        {
            await lab.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits until the store has a member on every host, as it grows on its own and is not yet what is to be measured meanwhile. It grows to one, three or five.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task StoredOnAllAsync(CancellationToken ct)
    {
        while ((await StatusAsync(ct).ConfigureAwait(false)).Any(host => host.Store.Members.Count < _hosts.Count))
            await Task.Delay(LookAgain, ct).ConfigureAwait(false);
    }

    /// <summary>What each host says of itself.</summary>
    /// <param name="ct">Cancellation.</param>
    public Task<HostStatus[]> StatusAsync(CancellationToken ct) => Task.WhenAll(_hosts.Select(async host =>
    {
        using HostClient client = host.Connect();
        return await client.GetAsync<HostStatus>("actornet/v1/status", ct).ConfigureAwait(false);
    }));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (LabHost host in Enumerable.Reverse(_hosts))
            await host.DisposeAsync().ConfigureAwait(false);
    }
}
