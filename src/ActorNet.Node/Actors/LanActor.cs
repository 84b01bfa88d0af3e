using System.Collections.Immutable;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Time;
using ActorNet.Dataplane.Tunnels;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Node.Links;
using ActorNet.Node.Views;
using ActorNet.Packets;
using Akka.Actor;

namespace ActorNet.Node.Actors;

/// <summary>The other nodes on the LAN. It replaces what was known before.</summary>
/// <param name="Peers">All of them.</param>
internal sealed record LanPeersKnown(ImmutableArray<LanPeer> Peers);

/// <summary>
/// Owns a node's eth0: its port of the Ethernet segment between the nodes, which VXLAN framing carries from host to host on a UDP port of its
/// own. Where an address is, is known from the Nodes; a frame for all goes to each of them, so ARP is on the wire.
/// </summary>
internal sealed class LanActor : FrameActor
{
    /// <summary>The number of frames that the root namespace sends.</summary>
    public const int FromRoot = 0;

    /// <summary>The number of frames that the edge sends: the outside, plugged in on this host alone.</summary>
    public const int FromEdge = 2;

    /// <summary>The segment's VXLAN network identifier; another one than the tunnel's, so that neither takes the other's datagrams.</summary>
    public const int Vni = 2;

    private readonly VxlanDevice _device;
    private readonly LinkPlace _egress;
    private readonly LinkPlace _ingress;
    private readonly IActorRef _root;
    private readonly Ipv4Prefix _subnet;
    private readonly Ipv4Address _node;
    private LinkPlace? _toEdge;
    private LinkPlace? _fromEdge;
    private MacAddress _edge;
    private ImmutableArray<LanPeer> _peers = [];

    public LanActor(NodeSettings settings, MacAddress mac, IActorRef root, IActorRef? uplink, NodeServices services)
        : base(services)
    {
        _root = root;
        _node = settings.NodeIp;
        _subnet = new Ipv4Prefix(settings.NodeIp, NodeLayout.NodePrefixLength);
        var framing = new VxlanSettings { Vni = Vni, Local = settings.NodeIp, IsNic = true, TypeOfService = 1, JoinsReceived = settings.Offload };
        _device = new VxlanDevice(NodeLayout.Underlay, NodeLayout.UnderlayIfIndex, mac, settings.LanMtu, framing, Frames);
        _device.Upper = new ActorSink(root, NodeLayout.UnderlayIfIndex, new CreditWindow(LinkWindows.Node), Frames, _device.Counters);
        IFrameSink wire = uplink is null
            ? new CallSink(Unplugged)
            : new ActorSink(uplink, 0, new CreditWindow(LinkWindows.Node), Frames, _device.Counters);
        _egress = new LinkPlace(_device, FrameDirection.Transmit, wire, Frames, Clock, VxlanView.HeaderLength);
        _ingress = new LinkPlace(_device, FrameDirection.Receive, new CallSink(_device.Decapsulate), Frames, Clock, VxlanView.HeaderLength);
        _device.Underlay = _egress;
        _device.StateChanged += _ => _root.Tell(new DeviceStateChanged(DeviceState.Of(_device)));
    }

    /// <inheritdoc/>
    protected override Instant NextDeadline => Instant.Never;

    /// <inheritdoc/>
    protected override IEnumerable<NetworkDevice> Devices => [_device];

    /// <inheritdoc/>
    protected override IEnumerable<LinkPlace> LinkPlaces => _toEdge is null ? [_egress, _ingress] : [_egress, _ingress, _toEdge, _fromEdge!];

    /// <inheritdoc/>
    protected override void PreStart()
    {
        base.PreStart();
        // Up before the root namespace has it: a default route by a device that is down would be refused.
        _device.SetUp(true);
        _root.Tell(new DeviceOffered(DeviceState.Of(_device), Self, FromRoot));
    }

    /// <inheritdoc/>
    protected override void OnFrames(FrameVector vector)
    {
        if (vector.Port == UplinkActor.Received)
            _ingress.Push(vector);
        else if (vector.Port == FromEdge)
            _fromEdge!.Push(vector);
        else
            _device.Transmit(vector);
    }

    /// <inheritdoc/>
    protected override void OnWake(Instant now)
    {
    }

    /// <inheritdoc/>
    protected override bool OnMessage(object message)
    {
        switch (message)
        {
            case LanPeersKnown known:
                Take(known.Peers);
                return true;
            case AttachEdge attach:
                Attach(attach);
                return true;
            case FindPeer find:
                Sender.Tell(new FlannelActor.Peer(_peers.FirstOrDefault(p => p.NodeName == find.Node)?.Mac, [.. _peers.Select(p => p.NodeName)]));
                return true;
            case RequestUp up:
                _device.SetUp(up.Up);
                Sender.Tell(ControlResult.Ok);
                return true;
            case Inspect:
                Sender.Tell(new OwnedView(new NamespaceView { Name = _device.Name, Links = [LinkViews.Of(_device)] }));
                return true;
            case NamespaceChange change:
                Sender.Tell(Apply(change));
                return true;
            case ControlResult:
                return true;
            default:
                return false;
        }
    }

    private ControlResult Apply(NamespaceChange change)
    {
        switch (change)
        {
            case SetLinkState state:
                _device.SetUp(state.Up);
                return ControlResult.Ok;
            case SetLinkMtu mtu:
                _device.Mtu = mtu.Mtu;
                _root.Tell(new DeviceStateChanged(DeviceState.Of(_device)));
                return ControlResult.Ok;
            default:
                return ControlResult.NotSupported;
        }
    }

    // The broadcast entry has one remote for each peer. It is made anew, for one remote alone cannot be taken out of it (bridge fdb del 00:00:00:00:00:00).
    private void Take(ImmutableArray<LanPeer> peers)
    {
        if (peers.SequenceEqual(_peers))
            return;
        _device.Fdb.Remove(MacAddress.Zero);
        SetEdge();
        foreach (LanPeer gone in _peers.Except(peers))
        {
            _device.Fdb.Remove(gone.Mac);
            ChangeRoute(EntryOperation.Delete, gone);
        }

        foreach (LanPeer peer in peers)
        {
            // Not the endpoint's address: on one machine that may be this host's own, and a destination that is this host's is the edge.
            _device.Fdb.Set(MacAddress.Zero, peer.Endpoint, peer.Address ?? Ipv4Address.Any);
            _device.Fdb.Set(peer.Mac, peer.Endpoint, peer.Address ?? Ipv4Address.Any);
        }

        foreach (LanPeer added in peers.Except(_peers))
            ChangeRoute(EntryOperation.Replace, added);
        _peers = peers;
    }

    private void Attach(AttachEdge attach)
    {
        _edge = attach.Mac;
        _toEdge = new LinkPlace(_device, FrameDirection.Transmit, new ActorSink(attach.Edge, EdgeActor.Eth0Link, new CreditWindow(LinkWindows.Node), Frames, _device.Counters), Frames, Clock);
        _fromEdge = new LinkPlace(_device, FrameDirection.Receive, new CallSink(_device.Receive), Frames, Clock);
        _device.Neighbour = _toEdge;
        ImmutableArray<LanPeer> peers = _peers;
        _device.Fdb.Remove(MacAddress.Zero);
        _peers = [];
        SetEdge();
        Take(peers);
    }

    // The edge is on this host, so its frames are handed over as they are. It has to be the first remote of a frame for all: the others get copies.
    private void SetEdge()
    {
        if (_toEdge is null)
            return;
        _device.Fdb.Set(MacAddress.Zero, default, _node);
        _device.Fdb.Set(_edge, default, _node);
    }

    // Machines of one cluster may be in several subnets; here all of them are on one segment.
    private void ChangeRoute(EntryOperation operation, LanPeer peer)
    {
        if (peer.Address is { } address && !_subnet.Contains(address))
            _root.Tell(new ChangeRoute(operation, new RouteView { Destination = new Ipv4Prefix(address, 32), Device = NodeLayout.Underlay, Scope = RouteScope.Link }));
    }

    private void Unplugged(FrameVector frames)
    {
        _device.Counters.TxDropped += frames.WireCount;
        _device.Counters.Drops.Count(DropReason.UnderlaySendFailed, frames.WireCount);
        Frames.Release(frames);
    }

    /// <summary>Plugs the edge in.</summary>
    /// <param name="Edge">Its actor.</param>
    /// <param name="Mac">MAC of its eth0.</param>
    internal sealed record AttachEdge(IActorRef Edge, MacAddress Mac);

    /// <summary>Asks for another node on the LAN; answered with <see cref="FlannelActor.Peer"/>.</summary>
    /// <param name="Node">Its name.</param>
    internal sealed record FindPeer(string Node);
}
