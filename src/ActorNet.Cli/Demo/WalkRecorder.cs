using System.Diagnostics;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;

namespace ActorNet.Cli.Demo;

/// <summary>Records the walks of packets on several hosts at once.</summary>
/// <param name="hosts">The hosts.</param>
internal sealed class WalkRecorder(IReadOnlyList<HostClient> hosts)
{
    private const string DnsPort = "53";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    /// <summary>Begins to record.</summary>
    /// <param name="request">Which packets.</param>
    /// <param name="ct">Cancellation.</param>
    public Task StartAsync(TraceRequest request, CancellationToken ct) =>
        Task.WhenAll(hosts.Select(host => host.PostAsync<TraceRequest, int>("actornet/v1/trace", request, ct)));

    /// <summary>
    /// Waits until the first TCP connection that was opened is closed on both sides and every packet of it that set out has arrived or was dropped, at
    /// most 3 s; then stops recording.
    /// </summary>
    /// <param name="ct">Cancellation.</param>
    /// <returns>
    /// The walks of that connection, and before them those of questions to name servers and of their answers. The last packets of an earlier connection may
    /// have been on their way when recording began: they are left out.
    /// </returns>
    public async Task<IReadOnlyList<PacketWalk>> CollectAsync(CancellationToken ct)
    {
        long began = Stopwatch.GetTimestamp();
        while (!IsOver(ConnectionOf(await TakeAsync(goOn: true, ct).ConfigureAwait(false))) && Stopwatch.GetElapsedTime(began) < Patience)
            await Task.Delay(LookAgain, ct).ConfigureAwait(false);
        IReadOnlyList<PacketWalk> walks = await TakeAsync(goOn: false, ct).ConfigureAwait(false);
        return [.. walks.Where(static w => w.HasPort(DnsPort)), .. ConnectionOf(walks)];
    }

    // Both have sent a FIN, and the last packet that set out is the answer to one; or somebody reset it.
    private static bool IsOver(IReadOnlyList<PacketWalk> walks) =>
        walks.Count > 0 && walks.All(static w => w.HasEnded)
            && (walks.Any(static w => w.Flags.Contains('R', StringComparison.Ordinal))
                || (walks.Count(static w => w.Flags.Contains('F', StringComparison.Ordinal)) >= 2 && walks[^1].Flags == "."));

    private static IReadOnlyList<PacketWalk> ConnectionOf(IReadOnlyList<PacketWalk> walks) =>
        walks.FirstOrDefault(static w => w.Flags == "S") is { } syn ? [.. walks.Where(w => w.HasPort(syn.SourcePort))] : [];

    private async Task<IReadOnlyList<PacketWalk>> TakeAsync(bool goOn, CancellationToken ct)
    {
        string path = $"actornet/v1/trace{(goOn ? "?goOn=true" : "")}";
        HopRow[][] hops = await Task.WhenAll(hosts.Select(host => host.GetAsync<HopRow[]>(path, ct))).ConfigureAwait(false);
        return PacketWalk.Of(hops.SelectMany(static h => h));
    }
}
