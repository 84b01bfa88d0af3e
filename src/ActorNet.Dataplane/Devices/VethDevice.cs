using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Devices;

/// <summary>
/// One end of a veth pair (linux drivers/net/veth.c). The ends live in different actors, so an end knows its peer only as the sink that its
/// frames go to and as the carrier it is told of. Its owner tells the peer's owner of every <see cref="NetworkDevice.StateChanged"/>.
/// </summary>
public sealed class VethDevice : EthernetDevice
{
    private bool _peerIsUp;

    /// <summary>Makes an end, down and without carrier.</summary>
    /// <param name="name">Name, as eth0 or veth1a2b3c4d.</param>
    /// <param name="ifIndex">Interface index.</param>
    /// <param name="mac">Hardware address.</param>
    /// <param name="mtu">MTU in bytes.</param>
    /// <param name="frames">The owner's memory.</param>
    public VethDevice(string name, int ifIndex, MacAddress mac, int mtu, FrameCache frames)
        : base(name, ifIndex, mac, mtu, frames)
    {
    }

    /// <inheritdoc/>
    public override string Kind => "veth";

    /// <summary>Where transmitted frames go: the peer's <see cref="Receive"/>, or what stands for it. Null drops.</summary>
    public IFrameSink? Link { get; set; }

    /// <summary>The peer's interface index in its own namespace, printed as eth0@if5; 0 when unknown.</summary>
    public int PeerIfIndex { get; set; }

    /// <summary>The namespace that the peer is in, or null when it is the same one.</summary>
    public string? PeerNamespace { get; set; }

    /// <summary>Wires two ends directly: for one owner of both, as in tests and single-threaded simulation.</summary>
    /// <param name="a">One end.</param>
    /// <param name="b">The other.</param>
    public static void Join(VethDevice a, VethDevice b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        a.Link = new PeerLink(b);
        b.Link = new PeerLink(a);
        a.PeerIfIndex = b.IfIndex;
        b.PeerIfIndex = a.IfIndex;
        a.StateChanged += _ => b.SetCarrier(a.IsUp);
        b.StateChanged += _ => a.SetCarrier(b.IsUp);
        a.SetCarrier(b.IsUp);
        b.SetCarrier(a.IsUp);
    }

    /// <inheritdoc/>
    public override void SetUp(bool up) => Change(up, _peerIsUp);

    /// <summary>Tells this end whether its peer is up. The carrier is there while both ends are up (veth_open, veth_close).</summary>
    /// <param name="peerIsUp">Whether the peer is up.</param>
    public void SetCarrier(bool peerIsUp) => Change(IsUp, peerIsUp);

    /// <summary>Sends frames to the peer. Not running or too long is tx_dropped.</summary>
    /// <inheritdoc/>
    public override void Transmit(FrameVector frames)
    {
        if (Link is null)
            DropTransmit(frames, DropReason.DeviceDown);
        else if (AdmitTransmit(frames))
            Link.Push(frames);
    }

    /// <summary>Takes frames from the peer. Not running or too long is rx_dropped.</summary>
    /// <inheritdoc/>
    public override void Receive(FrameVector frames)
    {
        if (AdmitReceive(frames))
            PassUp(frames);
    }

    private void Change(bool up, bool peerIsUp)
    {
        bool carrier = up && peerIsUp;
        bool changed = up != IsUp || carrier != HasCarrier;
        IsUp = up;
        _peerIsUp = peerIsUp;
        HasCarrier = carrier;
        if (changed)
            OnStateChanged();
    }

    private sealed class PeerLink(VethDevice peer) : IFrameSink
    {
        public void Push(FrameVector frames) => peer.Receive(frames);
    }
}
