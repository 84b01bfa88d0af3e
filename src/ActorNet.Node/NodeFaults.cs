using System.Collections.Immutable;
using ActorNet.Kubernetes.Faults;
using ActorNet.Node.Actors;
using ActorNet.Packets;
using Akka.Actor;

namespace ActorNet.Node;

/// <summary>Faults on the links of a node and its pods. Each lives with the actor that owns the link, and goes with the link.</summary>
public sealed class NodeFaults
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(10);

    private readonly NodeParts _parts;
    private readonly Func<CancellationToken, Task<IReadOnlyList<IActorRef>>> _owners;

    internal NodeFaults(NodeParts parts, Func<CancellationToken, Task<IReadOnlyList<IActorRef>>> owners)
    {
        _parts = parts;
        _owners = owners;
    }

    /// <summary>Puts a fault on a link from now on.</summary>
    /// <param name="id">Its number, not in use on this node.</param>
    /// <param name="order">What is wrong, and where.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>The fault, or null when its target is not on this node.</returns>
    /// <exception cref="NodeRefusedException">There is no such link or peer, or it has all the faults that it can.</exception>
    public async Task<LinkFaultStatus?> AddAsync(long id, FaultOrder order, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(order);
        ImmutableArray<IActorRef> owners = await OwnersAsync(order.Target, ct).ConfigureAwait(false);
        if (owners.IsEmpty)
            return null;
        var place = new FaultProtocol.Place(id, order, order.Peer is { } peer ? await PeerAsync(order, peer, ct).ConfigureAwait(false) : null);
        var links = new List<string>();
        foreach (IActorRef owner in owners)
        {
            FaultProtocol.Placed placed = await owner.Ask<FaultProtocol.Placed>(place, AskTimeout, ct).ConfigureAwait(false);
            if (placed.Fault is { } fault)
                return fault;
            if (placed.IsFull)
                throw new NodeRefusedException($"{order.Target}:{order.Device} has {Dataplane.Links.LinkPlace.MaxFaults} faults, as many as a link can have. Clear one first");
            links.AddRange(placed.Links);
        }

        throw new NodeRefusedException($"{order.Target} has no link {order.Device}. It has {(links.Count > 0 ? string.Join(", ", links) : "none")}");
    }

    /// <summary>Takes a fault out; what it held is delivered.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>The fault as it was last, or null when there is none.</returns>
    public async Task<LinkFaultStatus?> ClearAsync(long id, CancellationToken ct)
    {
        foreach (IActorRef owner in await _owners(ct).ConfigureAwait(false))
        {
            if ((await owner.Ask<FaultProtocol.Cleared>(new FaultProtocol.Clear(id), AskTimeout, ct).ConfigureAwait(false)).Fault is { } fault)
                return fault;
        }

        return null;
    }

    /// <summary>All faults, by number.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<ImmutableArray<LinkFaultStatus>> ListAsync(CancellationToken ct)
    {
        IEnumerable<Task<FaultProtocol.Faults>> asks = (await _owners(ct).ConfigureAwait(false))
            .Select(o => o.Ask<FaultProtocol.Faults>(new FaultProtocol.List(), AskTimeout, ct));
        FaultProtocol.Faults[] parts = await Task.WhenAll(asks).ConfigureAwait(false);
        return [.. parts.SelectMany(p => p.All).OrderBy(f => f.Id)];
    }

    private async Task<ImmutableArray<IActorRef>> OwnersAsync(string target, CancellationToken ct)
    {
        if (target == $"node/{_parts.Settings.Name}")
            return _parts.DeviceOwners;
        if (!target.StartsWith("pod/", StringComparison.Ordinal))
            return [];
        object answer = await _parts.Kubelet.Ask<object>(new KubeletProtocol.FindPod(target["pod/".Length..]), AskTimeout, ct).ConfigureAwait(false);
        return answer is KubeletProtocol.PodFound found ? [found.Actor] : [];
    }

    private async Task<MacAddress> PeerAsync(FaultOrder order, string peer, CancellationToken ct)
    {
        (IActorRef owner, object question, string what) = order.Device switch
        {
            NodeLayout.Tunnel => (_parts.Flannel, new FlannelActor.FindPeer(peer), "no tunnel to it. It has tunnels to"),
            NodeLayout.Underlay when order.Target.StartsWith("node/", StringComparison.Ordinal) => (_parts.Lan, (object)new LanActor.FindPeer(peer), "no LAN with it. On the LAN are"),
            _ => throw new NodeRefusedException($"--peer {peer}: {order.Target}:{order.Device} has one far end only. Leave --peer out; {NodeLayout.Tunnel} takes it, and a node's {NodeLayout.Underlay}"),
        };
        FlannelActor.Peer found = await owner.Ask<FlannelActor.Peer>(question, AskTimeout, ct).ConfigureAwait(false);
        return found.Mac ?? throw new NodeRefusedException($"--peer {peer}: {order.Target} has {what} {(found.Known.IsEmpty ? "nobody" : string.Join(", ", found.Known))}");
    }
}
