using System.Globalization;
using ActorNet.Cli.Lab;
using ActorNet.Cluster.Stores.Etcd;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cli.Bench.Stores;

/// <summary>The system's etcd, once for each member.</summary>
internal sealed class EtcdServers : IStoreServers
{
    // etcd, server/storage/wal/metrics.go and server/etcdserver/metrics.go.
    private const string Syncs = "etcd_disk_wal_fsync_duration_seconds_count", IsLeader = "etcd_server_is_leader";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly List<Tool> _members = [];
    private Uri? _leader;
    private EtcdObjectStore? _client;

    /// <inheritdoc/>
    public IObjectStore Leader => _client!;

    /// <summary>Starts the members and waits until one leads.</summary>
    /// <param name="directory">Where each gets a directory.</param>
    /// <param name="at">Where each listens.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="ToolException">It is not installed, or none leads.</exception>
    public static async Task<EtcdServers> StartAsync(string directory, IReadOnlyList<LabAddress> at, CancellationToken ct)
    {
        var servers = new EtcdServers();
        try
        {
            servers.Launch(directory, at);
            servers._leader = await servers.FindLeaderAsync([.. at.Select(Clients)], ct).ConfigureAwait(false);
            servers._client = new EtcdObjectStore(new EtcdStoreOptions { Endpoint = servers._leader });
            return servers;
        }
        catch
        {
            await servers.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<long> SyncsAsync(CancellationToken ct) => (long)await MetricAsync(_leader!, Syncs, ct).ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_client is { } client)
            await client.DisposeAsync().ConfigureAwait(false);
        foreach (Tool member in _members)
            await member.DisposeAsync().ConfigureAwait(false);
    }

    private static Uri Clients(LabAddress at) => new($"http://{at.Address}:{at.KubeletPort}");

    private static string Peers(LabAddress at) => $"http://{at.Address}:{at.ControlPort}";

    private void Launch(string directory, IReadOnlyList<LabAddress> at)
    {
        string cluster = string.Join(',', at.Select(static (place, i) => $"e{i + 1}={Peers(place)}"));
        for (int i = 0; i < at.Count; i++)
        {
            string clients = Clients(at[i]).ToString().TrimEnd('/'), peers = Peers(at[i]), own = Path.Combine(directory, $"e{i + 1}");
            _members.Add(Tool.Start(
                "etcd",
                [
                    "--data-dir", Path.Combine(own, "data"), "--name", $"e{i + 1}", "--logger", "zap", "--log-level", "error", "--log-outputs", "stderr",
                    "--listen-client-urls", clients, "--advertise-client-urls", clients,
                    "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", cluster,
                ]));
        }
    }

    private async Task<Uri> FindLeaderAsync(IReadOnlyList<Uri> members, CancellationToken ct)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < Patience)
        {
            foreach (Uri member in members)
            {
                try
                {
                    if (await MetricAsync(member, IsLeader, ct).ConfigureAwait(false) > 0)
                        return member;
                }
                catch (HttpRequestException)
                {
                    // It does not listen yet.
                }
            }

            await Task.Delay(LookAgain, ct).ConfigureAwait(false);
        }

        throw new ToolException($"etcd has no leader after {Patience.TotalSeconds:0} s");
    }

    private async Task<double> MetricAsync(Uri member, string name, CancellationToken ct)
    {
        string text = await _http.GetStringAsync(new Uri(member, "metrics"), ct).ConfigureAwait(false);
        string? line = text.Split('\n').FirstOrDefault(each => each.StartsWith(name + " ", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[name.Length..], CultureInfo.InvariantCulture);
    }
}
