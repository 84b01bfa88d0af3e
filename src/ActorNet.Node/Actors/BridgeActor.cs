using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Time;
using ActorNet.Node.Links;
using ActorNet.Node.Views;
using ActorNet.Packets;
using Akka.Actor;

namespace ActorNet.Node.Actors;

/// <summary>Owns one <see cref="Bridge"/>: the device the namespace sees, the ports (the host ends of the pods' veth pairs) and the FDB.</summary>
internal sealed class BridgeActor : FrameActor
{
    /// <summary>The number of frames that the root namespace sends into the bridge.</summary>
    public const int FromRoot = 0;

    private readonly Bridge _bridge;
    private readonly IActorRef _root;
    private readonly Dictionary<string, BridgePort> _byName = new(StringComparer.Ordinal);
    private readonly List<PortLink?> _byLink = [null];

    public BridgeActor(string name, int ifIndex, MacAddress mac, int mtu, IActorRef root, NodeServices services)
        : base(services)
    {
        _root = root;
        _bridge = new Bridge(name, ifIndex, mac, mtu, Frames, Clock);
        _bridge.Device.Upper = new ActorSink(root, ifIndex, new CreditWindow(LinkWindows.Node), Frames, _bridge.Device.Counters);
        _bridge.Device.StateChanged += _ => _root.Tell(new DeviceStateChanged(DeviceState.Of(_bridge.Device)));
    }

    /// <inheritdoc/>
    protected override Instant NextDeadline => _bridge.NextDeadline;

    /// <inheritdoc/>
    protected override IEnumerable<NetworkDevice> Devices => _bridge.Ports.Select(p => p.Device).Prepend(_bridge.Device);

    /// <inheritdoc/>
    protected override IEnumerable<LinkPlace> LinkPlaces => _byLink.OfType<PortLink>().SelectMany(l => new[] { l.Egress, l.Ingress });

    /// <inheritdoc/>
    protected override void PreStart()
    {
        base.PreStart();
        _root.Tell(new DeviceOffered(DeviceState.Of(_bridge.Device), Self, FromRoot));
        _bridge.Device.SetUp(true);
    }

    /// <inheritdoc/>
    protected override void OnFrames(FrameVector vector)
    {
        if (vector.Port == FromRoot)
            _bridge.Device.Transmit(vector);
        else if ((uint)vector.Port < (uint)_byLink.Count && _byLink[vector.Port] is { } link)
            link.Ingress.Push(vector);
        else
            DropForRemovedPort(vector);
    }

    /// <inheritdoc/>
    protected override void OnWake(Instant now) => _bridge.Poll(now);

    /// <inheritdoc/>
    protected override bool OnMessage(object message)
    {
        switch (message)
        {
            case BridgeProtocol.AttachPort attach:
                Sender.Tell(Attach(attach));
                return true;
            case BridgeProtocol.DetachPort detach:
                Detach(detach.Device);
                return true;
            case BridgeProtocol.CallIptables call:
                _bridge.CallsIptables = call.Calls;
                return true;
            case PeerStateChanged peer:
                if (_byName.TryGetValue(peer.Device, out BridgePort? port))
                    ((VethDevice)port.Device).SetCarrier(peer.PeerIsUp);
                return true;
            case RequestUp up:
                Sender.Tell(BridgeChanges.Apply(_bridge, _byName, new SetLinkState(up.Device, up.Up)));
                return true;
            case Inspect:
                Sender.Tell(new OwnedView(BridgeViews.Of(_bridge, Clock.Now)));
                return true;
            case NamespaceChange change:
                Sender.Tell(BridgeChanges.Apply(_bridge, _byName, change));
                return true;
            default:
                return false;
        }
    }

    private object Attach(BridgeProtocol.AttachPort attach)
    {
        if (_byName.ContainsKey(attach.Device))
            return new BridgeProtocol.PortRefused(attach.Device, $"bridge {_bridge.Device.Name} has a port {attach.Device} already");
        if (_bridge.Ports.Count >= Bridge.MaxPorts)
            return new BridgeProtocol.PortRefused(attach.Device, $"bridge {_bridge.Device.Name} has {Bridge.MaxPorts} ports, as many as a Linux bridge can have");
        var veth = new VethDevice(attach.Device, attach.IfIndex, attach.Mac, attach.Mtu, Frames)
        {
            PeerIfIndex = attach.PeerIfIndex,
            PeerNamespace = attach.PeerNamespace,
        };
        var far = new ActorSink(attach.Pod, PodActor.Eth0Link, new CreditWindow(LinkWindows.Veth), Frames, veth.Counters);
        var egress = new LinkPlace(veth, FrameDirection.Transmit, far, Frames, Clock);
        veth.Link = egress;
        IActorRef pod = attach.Pod;
        bool told = false;
        veth.StateChanged += _ =>
        {
            // The pod's end hears only of our administrative state: its carrier is exactly that.
            if (veth.IsUp == told)
                return;
            told = veth.IsUp;
            pod.Tell(new PeerStateChanged("eth0", told));
        };
        BridgePort port = _bridge.AddPort(veth);
        port.Hairpin = attach.Hairpin;
        _byName[attach.Device] = port;
        _byLink.Add(new PortLink(port, egress, new LinkPlace(veth, FrameDirection.Receive, new CallSink(veth.Receive), Frames, Clock)));
        veth.SetUp(true);
        return new BridgeProtocol.PortAttached(attach.Device, _byLink.Count - 1);
    }

    private void Detach(string device)
    {
        if (!_byName.Remove(device, out BridgePort? port))
            return;
        int number = _byLink.FindIndex(l => l?.Port == port);
        Forget(_byLink[number]!.Egress);
        Forget(_byLink[number]!.Ingress);
        _byLink[number] = null;
        _bridge.RemovePort(port);
        Services.Removed.Add(port.Device.Counters.Drops);
    }

    private void DropForRemovedPort(FrameVector vector)
    {
        _bridge.Device.Counters.Drops.Count(DropReason.DeviceDown, vector.WireCount);
        Frames.Release(vector);
    }

    private sealed record PortLink(BridgePort Port, LinkPlace Egress, LinkPlace Ingress);
}
