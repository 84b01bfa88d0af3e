using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Bridging;

/// <summary>
/// The bridge as a device of the node's namespace, as cni0 (linux net/bridge/br_device.c). Sending goes down into the bridge, what the bridge
/// delivers locally comes up. It has carrier while a port forwards.
/// </summary>
public sealed class BridgeDevice : EthernetDevice
{
    private readonly Bridge _bridge;

    internal BridgeDevice(Bridge bridge, string name, int ifIndex, MacAddress mac, int mtu, FrameCache frames)
        : base(name, ifIndex, mac, mtu, frames) => _bridge = bridge;

    /// <inheritdoc/>
    public override string Kind => "bridge";

    /// <summary>Whether unknown and foreign unicast is passed up too (IFF_PROMISC).</summary>
    public bool IsPromiscuous { get; set; }

    /// <inheritdoc/>
    public override void SetUp(bool up)
    {
        if (up == IsUp)
            return;
        IsUp = up;
        if (!_bridge.UpdatePorts())
            OnStateChanged();
    }

    /// <summary>Sends the namespace's frames through the bridge (br_dev_xmit); takes back what the bridge gave to the namespace's rules.</summary>
    /// <inheritdoc/>
    public override void Transmit(FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (frames.Passage.IsSet)
            _bridge.Resume(frames);
        else if (AdmitTransmit(frames))
            _bridge.Input(null, frames);
    }

    /// <summary>
    /// Takes frames that the bridge delivers locally (br_pass_frame_up). Its rx_bytes are without the Ethernet header, which has been pulled
    /// by then; a port's are with it.
    /// </summary>
    /// <inheritdoc/>
    public override void Receive(FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        int bytes = 0;
        int packets = 0;
        foreach (ref Frame frame in frames.Frames)
        {
            packets += frame.Count;
            bytes += frame.TotalLength;
        }

        Counters.RxPackets += packets;
        Counters.RxBytes += bytes - (packets * EthernetView.HeaderLength);
        Observer?.Observe(this, FrameDirection.Receive, frames);
        PassUp(frames);
    }

    /// <summary>Sets the carrier; says whether the state changed.</summary>
    internal bool SetCarrier(bool carrier)
    {
        if (carrier == HasCarrier)
            return false;
        HasCarrier = carrier;
        OnStateChanged();
        return true;
    }

    internal void Discard(ref Frame frame, DropReason reason) => Drop(ref frame, reason);

    /// <summary>Gives frames to the namespace's rules that are not, or not only, for the namespace itself: the device has not received them.</summary>
    internal void AskAbout(FrameVector frames) => PassUp(frames);

    internal void CountMulticast() => Counters.Multicast++;
}
