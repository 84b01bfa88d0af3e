using System.Globalization;
using ActorNet.Cli.Client;
using ActorNet.Cluster.Links;
using ActorNet.Kubernetes.Faults;
using ActorNet.Node;
using ActorNet.Node.Actors;

namespace ActorNet.Cli.Host;

/// <summary>A fault as `fault list` shows it.</summary>
/// <param name="Id">HOST-NUMBER: unique in the cluster.</param>
/// <param name="Link">Where it acts, as pod/client:eth0.</param>
/// <param name="Peer">The far end that is meant, or null for all.</param>
/// <param name="Direction">egress, ingress or both.</param>
/// <param name="Impairment">What is wrong, as "loss 1% delay 20ms".</param>
/// <param name="Seed">Seed of its draws.</param>
/// <param name="SecondsLeft">When it goes by itself, or null for never.</param>
/// <param name="Decided">Frames, or messages of a control link, whose fate it decided.</param>
/// <param name="Dropped">Of those, lost, or dropped for a limit.</param>
/// <param name="Duplicated">Of those, doubled.</param>
/// <param name="Corrupted">Of those, with a flipped bit.</param>
/// <param name="Held">Frames that wait now.</param>
public sealed record FaultRow(
    string Id, string Link, string? Peer, string Direction, string Impairment, ulong Seed, double? SecondsLeft,
    long Decided, long Dropped, long Duplicated, long Corrupted, int Held);

/// <summary>The faults of this host: those on links with the node's actors, those on control links with the cluster's part.</summary>
/// <param name="host">The host's name.</param>
/// <param name="node">The node of this process.</param>
/// <param name="control">Faults of its control links.</param>
internal sealed class HostFaults(string host, NodeHost node, ControlFaults control)
{
    private long _last;

    /// <summary>Puts a fault in.</summary>
    /// <param name="order">What is wrong, and where.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>The fault, or null when its target is not on this host.</returns>
    /// <exception cref="UsageException">The order makes no sense, or there is no such link or peer.</exception>
    public async Task<FaultRow?> AddAsync(FaultOrder order, CancellationToken ct)
    {
        if (FaultRules.Problem(order) is { } problem)
            throw new UsageException(problem);
        long id = Interlocked.Increment(ref _last);
        try
        {
            if (order.IsControl)
                return order.Target == $"node/{host}" ? Row(control.Add(id, order)) : null;
            return await node.Faults.AddAsync(id, order, ct).ConfigureAwait(false) is { } fault ? Row(fault) : null;
        }
        catch (NodeRefusedException e)
        {
            throw new UsageException($"{e.Message}.");
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"{order.Target}:{order.Device}: {e.Message}");
        }
    }

    /// <summary>All faults.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<FaultRow[]> ListAsync(CancellationToken ct)
    {
        IEnumerable<(long Id, FaultRow Row)> links = (await node.Faults.ListAsync(ct).ConfigureAwait(false)).Select(f => (f.Id, Row(f)));
        return [.. links.Concat(control.List().Select(f => (f.Id, Row(f)))).OrderBy(f => f.Item1).Select(f => f.Item2)];
    }

    /// <summary>Takes a fault out.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="NotHereException">This host has no such fault.</exception>
    public async Task<FaultRow> ClearAsync(string id, CancellationToken ct)
    {
        if (id.StartsWith($"{host}-", StringComparison.Ordinal) && long.TryParse(id.AsSpan(host.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            if (control.Clear(number) is { } cleared)
                return Row(cleared);
            if (await node.Faults.ClearAsync(number, ct).ConfigureAwait(false) is { } fault)
                return Row(fault);
        }

        FaultRow[] all = await ListAsync(ct).ConfigureAwait(false);
        throw new NotHereException($"Host {host} has {(all.Length == 0 ? "no faults" : string.Join(", ", all.Select(f => f.Id)))}.");
    }

    /// <summary>Takes every fault out.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<FaultRow[]> ClearAllAsync(CancellationToken ct)
    {
        var cleared = new List<FaultRow>();
        foreach (FaultRow row in await ListAsync(ct).ConfigureAwait(false))
        {
            try
            {
                cleared.Add(await ClearAsync(row.Id, ct).ConfigureAwait(false));
            }
            catch (NotHereException)
            {
                // Its time was over meanwhile, or its pod went.
            }
        }

        return [.. cleared];
    }

    private FaultRow Row(LinkFaultStatus f) =>
        Row(f.Id, f.Order, f.Remaining) with { Decided = f.Decided, Dropped = f.Dropped, Duplicated = f.Duplicated, Corrupted = f.Corrupted, Held = f.Held };

    private FaultRow Row(ControlFaultStatus f) => Row(f.Id, f.Order, f.Remaining) with { Decided = f.Decided, Dropped = f.Dropped };

    private FaultRow Row(long id, FaultOrder order, TimeSpan? remaining) => new(
        string.Create(CultureInfo.InvariantCulture, $"{host}-{id}"),
        $"{order.Target}:{order.Device}",
        order.Peer,
        order.Direction.ToString().ToLowerInvariant(),
        FaultText.Of(order.Impairment),
        order.Impairment.Seed,
        remaining is { } left ? Math.Max(0, Math.Round(left.TotalSeconds, 1)) : null,
        0, 0, 0, 0, 0);
}
