using System.Collections.Immutable;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;
using Akka.Actor;
using Akka.Event;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <summary>flanneld: holds what is programmed for which Node and sends the difference to the owners of the tables, in the plan's order.</summary>
internal sealed class FlannelActor : UntypedActor
{
    // --iptables-resync
    private static readonly TimeSpan RulesPeriod = TimeSpan.FromSeconds(5);

    private readonly NodeSettings _settings;
    private readonly IActorRef _root;
    private readonly IActorRef _tunnel;
    private readonly ITimer _rules;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private IReadOnlyList<FlannelLease> _programmed = [];
    private ImmutableArray<string> _problems = [];

    public FlannelActor(NodeSettings settings, NodeServices services, IActorRef root, IActorRef tunnel)
    {
        _settings = settings;
        _root = root;
        _tunnel = tunnel;
        var keep = new NetfilterProtocol.Keep("flanneld", NodeRules.Flannel(settings.ClusterCidr, settings.PodCidr));
        root.Tell(keep with { IsFirst = true }, ActorRefs.NoSender);
        _rules = services.Time.CreateTimer(_ => root.Tell(keep, ActorRefs.NoSender), null, RulesPeriod, RulesPeriod);
    }

    /// <inheritdoc/>
    protected override void PostStop() => _rules.Dispose();

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case NodesChanged changed:
                Reconcile(changed.Nodes);
                break;
            case GetProblems:
                Sender.Tell(new Problems(_problems));
                break;
            case FindPeer find:
                FlannelLease? lease = _programmed.FirstOrDefault(l => l.NodeName == find.Node);
                Sender.Tell(new Peer(lease?.VtepMac, [.. _programmed.Select(l => l.NodeName).Order(StringComparer.Ordinal)]));
                break;
            case ControlResult { IsOk: false } refused:
                _log.Warning("flanneld: a table refused an entry: {0}", refused.Error);
                break;
            case ControlResult:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Reconcile(ImmutableArray<V1Node> nodes)
    {
        var claims = new List<FlannelClaim>();
        var problems = new List<string>();
        foreach (V1Node node in nodes)
        {
            FlannelNode read = FlannelAnnotations.Read(node);
            if (read.Lease is { } lease)
                claims.Add(new FlannelClaim(lease, node.Metadata.CreationTimestamp?.Ticks ?? 0));
            else if (read.State == FlannelNodeState.Malformed)
                problems.Add(read.Reason);
        }

        FlannelPlan plan = FlannelPlan.Reconcile(_settings.Name, claims, _programmed);
        problems.AddRange(plan.Problems.Select(p => $"Node {p.NodeName}: {p.Reason}"));
        var underlays = ImmutableDictionary.CreateBuilder<Ipv4Address, UnderlayEndpoint>();
        foreach (FlannelLease lease in plan.Programmed)
            underlays[lease.PublicIp] = lease.Underlay;
        _tunnel.Tell(new UnderlaysKnown(underlays.ToImmutable()));
        foreach (FlannelOperation operation in plan.Operations)
            Apply(operation, plan.Programmed);
        _programmed = plan.Programmed;
        foreach (string problem in problems.Except(_problems))
            _log.Warning("flanneld: {0}", problem);
        _problems = [.. problems];
    }

    // What flanneld would do with netlink; the equivalent commands stand in the facts of flannel's vxlan backend.
    private void Apply(FlannelOperation operation, IReadOnlyList<FlannelLease> leases)
    {
        switch (operation)
        {
            case SetNeighbour set:
                _root.Tell(new ChangeNeighbour(EntryOperation.Replace, Neighbour(set.Address, set.Mac)));
                break;
            case DeleteNeighbour delete:
                _root.Tell(new ChangeNeighbour(EntryOperation.Delete, Neighbour(delete.Address, null)));
                break;
            case SetFdb set:
                _tunnel.Tell(new ChangeFdbEntry(EntryOperation.Replace, Fdb(set.Mac, leases.First(l => l.VtepMac == set.Mac).PublicIp)));
                break;
            case DeleteFdb delete:
                _tunnel.Tell(new ChangeFdbEntry(EntryOperation.Delete, Fdb(delete.Mac, null)));
                break;
            case SetRoute set:
                _root.Tell(new ChangeRoute(EntryOperation.Replace, Route(set.Subnet, set.Via)));
                break;
            case DeleteRoute delete:
                _root.Tell(new ChangeRoute(EntryOperation.Delete, Route(delete.Subnet, null)));
                break;
        }
    }

    private static NeighbourView Neighbour(Ipv4Address address, MacAddress? mac) =>
        new() { Address = address, Device = NodeLayout.Tunnel, Mac = mac, State = NeighbourState.Permanent };

    private static FdbEntryView Fdb(MacAddress mac, Ipv4Address? destination) =>
        new() { Mac = mac, Device = NodeLayout.Tunnel, Destination = destination, Self = true, State = FdbEntryState.Permanent };

    private static RouteView Route(Ipv4Prefix subnet, Ipv4Address? via) =>
        new() { Destination = subnet, Gateway = via, Device = NodeLayout.Tunnel, OnLink = via is not null };

    /// <summary>The Nodes of the cluster.</summary>
    /// <param name="Nodes">All of them.</param>
    internal sealed record NodesChanged(ImmutableArray<V1Node> Nodes);

    /// <summary>Asks for a tunnel peer; answered with <see cref="Peer"/>.</summary>
    /// <param name="Node">Its node's name.</param>
    internal sealed record FindPeer(string Node);

    /// <summary>A tunnel peer.</summary>
    /// <param name="Mac">MAC of its VTEP or, on the LAN, its eth0; null when no such node is programmed.</param>
    /// <param name="Known">Those that are.</param>
    internal sealed record Peer(MacAddress? Mac, ImmutableArray<string> Known);

    /// <summary>Asks what could not be programmed.</summary>
    internal sealed record GetProblems;

    /// <summary>What could not be programmed.</summary>
    /// <param name="Texts">A sentence each.</param>
    internal sealed record Problems(ImmutableArray<string> Texts);
}
