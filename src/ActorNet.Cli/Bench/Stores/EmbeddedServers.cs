using System.Diagnostics;
using System.Globalization;
using System.Net;
using ActorNet.Cli.Lab;
using ActorNet.Cluster.Stores.Peers;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cli.Bench.Stores;

/// <summary>The embedded store: `actornet bench store-member`, once for each member.</summary>
internal sealed class EmbeddedServers : IStoreServers
{
    // One flush by the store's meter, as strace shows it: msync of the entries' bytes, msync of their index, and the checkpoint by a write with O_SYNC.
    private const int SyncsInFlush = 3;

    private readonly List<Tool> _members = [];
    private Tool? _leader;
    private StoreClient? _client;

    /// <inheritdoc/>
    public IObjectStore Leader => _client!;

    /// <summary>Starts the members and makes one store of them.</summary>
    /// <param name="directory">Where each gets a directory.</param>
    /// <param name="at">Where each listens.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="ToolException">One ended.</exception>
    public static async Task<EmbeddedServers> StartAsync(string directory, IReadOnlyList<LabAddress> at, CancellationToken ct)
    {
        var servers = new EmbeddedServers();
        try
        {
            await servers.FormAsync(directory, at, ct).ConfigureAwait(false);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<long> SyncsAsync(CancellationToken ct) => SyncsInFlush * long.Parse(await OrderAsync(_leader!, "flushes", ct).ConfigureAwait(false), CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        if (_client is { } client)
            await client.DisposeAsync().ConfigureAwait(false);
        foreach (Tool member in _members)
            await member.DisposeAsync().ConfigureAwait(false);
    }

    private async Task FormAsync(string directory, IReadOnlyList<LabAddress> at, CancellationToken ct)
    {
        ProcessStartInfo self = LabHost.Self();
        string[] names = [.. Enumerable.Range(1, at.Count).Select(static n => $"m{n}")];
        string[] places = [.. names.Zip(at, static (name, place) => $"{name}={place.Address}:{place.StorePort}")];
        for (int i = 0; i < at.Count; i++)
        {
            Tool member = Tool.Start(self.FileName, [.. self.ArgumentList, "bench", StoreMemberCommand.Name, Path.Combine(directory, names[i]), $"{at[i].Address}:{at[i].ApiPort}", names[i], .. places]);
            _members.Add(member);
            await member.ReadLineAsync(ct).ConfigureAwait(false);
            if (i > 0)
                await OrderAsync(_members[0], $"add {names[i]}", ct).ConfigureAwait(false);
        }

        string leader = await OrderAsync(_members[0], "leader", ct).ConfigureAwait(false);
        int leads = Math.Max(0, Array.IndexOf(names, leader));
        _leader = _members[leads];
        _client = await StoreClient.ConnectAsync(new IPEndPoint(IPAddress.Parse(at[leads].Address), at[leads].ApiPort), ct).ConfigureAwait(false);
    }

    private static async Task<string> OrderAsync(Tool member, string order, CancellationToken ct)
    {
        await member.WriteLineAsync(order, ct).ConfigureAwait(false);
        return await member.ReadLineAsync(ct).ConfigureAwait(false);
    }
}
