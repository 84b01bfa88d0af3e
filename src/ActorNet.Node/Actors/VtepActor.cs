using System.Collections.Immutable;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Time;
using ActorNet.Dataplane.Tunnels;
using ActorNet.Node.Links;
using ActorNet.Node.Views;
using ActorNet.Packets;
using Akka.Actor;

namespace ActorNet.Node.Actors;

/// <summary>
/// Where the nodes' tunnels really end: the translation of node addresses (the public-ip of flannel's annotation) to underlay endpoints. On
/// real machines the two are the same address. It replaces what was known before.
/// </summary>
/// <param name="Endpoints">The real UDP endpoint of each node that there is.</param>
internal sealed record UnderlaysKnown(ImmutableDictionary<Ipv4Address, UnderlayEndpoint> Endpoints);

/// <summary>A host that is joining will send probes of this number.</summary>
/// <param name="Number">The number.</param>
/// <param name="Asker">Where it asks from.</param>
internal sealed record ExpectProbes(Guid Number, string Asker);

/// <summary>Asks how many probes of a number came; answered with <see cref="ProbesHeard"/>.</summary>
/// <param name="Number">The number.</param>
internal sealed record GetProbesHeard(Guid Number);

/// <summary>How many probes came.</summary>
/// <param name="Count">How many.</param>
internal sealed record ProbesHeard(int Count);

/// <summary>Owns one <see cref="VxlanDevice"/>: encapsulates what the root namespace sends, decapsulates what the uplink received.</summary>
internal sealed class VtepActor : FrameActor
{
    /// <summary>The number of frames that the root namespace sends into the tunnel.</summary>
    public const int FromRoot = 0;

    private readonly VxlanDevice _device;
    private readonly LinkPlace _egress;
    private readonly LinkPlace _ingress;
    private readonly IActorRef _root;
    private readonly TunnelProbes _probes;
    private ImmutableDictionary<Ipv4Address, UnderlayEndpoint> _underlay = ImmutableDictionary<Ipv4Address, UnderlayEndpoint>.Empty;

    public VtepActor(string name, int ifIndex, MacAddress mac, int mtu, VxlanSettings settings, IActorRef root, IActorRef uplink, NodeServices services)
        : base(services)
    {
        _root = root;
        _device = new VxlanDevice(name, ifIndex, mac, mtu, settings, Frames);
        _device.Upper = new ActorSink(root, ifIndex, new CreditWindow(LinkWindows.Node), Frames, _device.Counters);
        var underlay = new ActorSink(uplink, 0, new CreditWindow(LinkWindows.Node), Frames, _device.Counters);
        _egress = new LinkPlace(_device, FrameDirection.Transmit, underlay, Frames, Clock, VxlanView.HeaderLength);
        _ingress = new LinkPlace(_device, FrameDirection.Receive, new CallSink(_device.Decapsulate), Frames, Clock, VxlanView.HeaderLength);
        _device.Underlay = _egress;
        _probes = new TunnelProbes(Frames);
        _device.StateChanged += _ => _root.Tell(new DeviceStateChanged(DeviceState.Of(_device)));
    }

    /// <inheritdoc/>
    protected override Instant NextDeadline => Instant.Never;

    /// <inheritdoc/>
    protected override IEnumerable<NetworkDevice> Devices => [_device];

    /// <inheritdoc/>
    protected override IEnumerable<LinkPlace> LinkPlaces => [_egress, _ingress];

    /// <inheritdoc/>
    protected override void PreStart()
    {
        base.PreStart();
        _root.Tell(new DeviceOffered(DeviceState.Of(_device), Self, FromRoot));
        _device.SetUp(true);
    }

    /// <inheritdoc/>
    protected override void OnFrames(FrameVector vector)
    {
        if (vector.Port != UplinkActor.Received)
            _device.Transmit(vector);
        else if (_probes.IsExpecting)
            OnReceivedWithProbes(vector);
        else
            _ingress.Push(vector);
    }

    private void OnReceivedWithProbes(FrameVector vector)
    {
        _probes.Answer(vector, _egress, Clock.Now);
        if (vector.Count > 0)
            _ingress.Push(vector);
        else
            Frames.ReleaseEmpty(vector);
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
            case UnderlaysKnown known:
                _underlay = known.Endpoints;
                return true;
            case RequestUp up:
                _device.SetUp(up.Up);
                Sender.Tell(ControlResult.Ok);
                return true;
            case Inspect:
                Sender.Tell(new OwnedView(VxlanViews.Of(_device, "eth0")));
                return true;
            case ExpectProbes expect:
                _probes.Expect(expect.Number, expect.Asker, Clock.Now);
                return true;
            case GetProbesHeard heard:
                Sender.Tell(new ProbesHeard(_probes.Heard(heard.Number)));
                return true;
            case NamespaceChange change:
                Sender.Tell(Apply(change));
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
            case ChangeFdbEntry fdb:
                return ApplyFdb(fdb);
            default:
                return ControlResult.NotSupported;
        }
    }

    private ControlResult ApplyFdb(ChangeFdbEntry change)
    {
        MacAddress mac = change.Entry.Mac;
        if (change.Operation == EntryOperation.Delete)
            return _device.Fdb.Remove(mac) ? ControlResult.Ok : ControlResult.NoSuchFile;
        if (change.Entry.Destination is not { } destination)
            return ControlResult.InvalidArgument;
        if (change.Operation == EntryOperation.Add && _device.Fdb.Find(mac) is not null)
            return ControlResult.FileExists;
        UnderlayEndpoint endpoint = _underlay.TryGetValue(destination, out UnderlayEndpoint known)
            ? known
            : new UnderlayEndpoint(destination, (ushort)(change.Entry.Port ?? _device.Settings.DestinationPort));
        return _device.Fdb.Set(mac, endpoint, destination) ? ControlResult.Ok : ControlResult.Refused("No space left on device");
    }
}
