using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Devices;

/// <summary>
/// A device with a Linux name in a namespace: what `ip link` lists. It is owned by one actor (with the bridge its ports belong to, with the
/// tunnel its VTEP, else with the namespace). Frames leave downward through <see cref="Transmit"/> and come up through <see cref="Receive"/>.
/// </summary>
public abstract class NetworkDevice
{
    /// <summary>Makes a device.</summary>
    /// <param name="name">Name, 1 to 15 characters (IFNAMSIZ - 1).</param>
    /// <param name="ifIndex">Interface index, unique in its namespace, from 1.</param>
    /// <param name="mac">Hardware address.</param>
    /// <param name="mtu">MTU in bytes.</param>
    protected NetworkDevice(string name, int ifIndex, MacAddress mac, int mtu)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Length > 15)
            throw new ArgumentException($"Device name '{name}' has {name.Length} characters; Linux allows 15.", nameof(name));
        Name = name;
        IfIndex = ifIndex;
        Mac = mac;
        Mtu = mtu;
    }

    /// <summary>The name, as `eth0`.</summary>
    public string Name { get; }

    /// <summary>The interface index.</summary>
    public int IfIndex { get; }

    /// <summary>The kind as `ip -d link` names it: veth, bridge, vxlan; loopback has none.</summary>
    public abstract string Kind { get; }

    /// <summary>The hardware address.</summary>
    public MacAddress Mac { get; set; }

    /// <summary>MTU in bytes, the largest IP packet that leaves by it.</summary>
    public int Mtu { get; set; }

    /// <summary>IFF_UP: the administrator's wish. Change it through the owner, which tells the peer.</summary>
    public bool IsUp { get; protected set; }

    /// <summary>IFF_LOWER_UP: the carrier; a veth end has it while its peer is up.</summary>
    public bool HasCarrier { get; protected set; }

    /// <summary>Whether frames pass: up and with carrier.</summary>
    public bool IsRunning => IsUp && HasCarrier;

    /// <summary>What `ip -s link` shows.</summary>
    public DeviceCounters Counters { get; } = new();

    /// <summary>
    /// Whether the device takes trains (<see cref="FrameTrain"/>), as with Linux's tx-tcp-segmentation on. To one that does not, the namespace
    /// sends single frames.
    /// </summary>
    public bool TakesTrains { get; set; }

    /// <summary>Who wants to see frames pass here, or null: the hot path tests only for null.</summary>
    public IDeviceObserver? Observer { get; set; }

    /// <summary>Raised by the owner when <see cref="IsUp"/> or <see cref="HasCarrier"/> changed: the shell tells the peer, a bridge its port.</summary>
    public event Action<NetworkDevice>? StateChanged;

    /// <summary>Where received frames go: the namespace, or the bridge when the device is a port. Null drops.</summary>
    public IFrameSink? Upper { get; set; }

    /// <summary>Sends frames out of the device; takes ownership.</summary>
    /// <param name="frames">Whole Ethernet frames.</param>
    public abstract void Transmit(FrameVector frames);

    /// <summary>Takes frames that arrived from the link; takes ownership.</summary>
    /// <param name="frames">Whole Ethernet frames.</param>
    public abstract void Receive(FrameVector frames);

    /// <summary>Sets the device up or down.</summary>
    /// <param name="up">Up?</param>
    public abstract void SetUp(bool up);

    /// <summary>Raises <see cref="StateChanged"/>.</summary>
    protected void OnStateChanged() => StateChanged?.Invoke(this);
}

/// <summary>
/// Packet and byte counters of a device, as Linux rtnl_link_stats64; bytes include the Ethernet header. Frames are counted as they are on the
/// wire, also when they pass as a train: a capture has as many. (Linux counts a GSO packet once on a virtual device, by its frames on a NIC.)
/// </summary>
public sealed class DeviceCounters
{
    /// <summary>Frames received.</summary>
    public long RxPackets { get; set; }

    /// <summary>Bytes received.</summary>
    public long RxBytes { get; set; }

    /// <summary>Frames received in error.</summary>
    public long RxErrors { get; set; }

    /// <summary>Of those, with a bad frame (rx_frame_errors).</summary>
    public long RxFrameErrors { get; set; }

    /// <summary>Frames dropped on receive.</summary>
    public long RxDropped { get; set; }

    /// <summary>Group frames received.</summary>
    public long Multicast { get; set; }

    /// <summary>Frames sent.</summary>
    public long TxPackets { get; set; }

    /// <summary>Bytes sent.</summary>
    public long TxBytes { get; set; }

    /// <summary>Frames not sent for an error.</summary>
    public long TxErrors { get; set; }

    /// <summary>Frames dropped on sending.</summary>
    public long TxDropped { get; set; }

    /// <summary>Of the errors, for want of a route or carrier.</summary>
    public long TxCarrierErrors { get; set; }

    /// <summary>Of the errors, routing loops of a tunnel.</summary>
    public long Collisions { get; set; }

    /// <summary>Drops at this device by reason.</summary>
    public DropCounters Drops { get; } = new();
}

/// <summary>Which way a frame passes a device, seen from the namespace that the device is in.</summary>
public enum FrameDirection : byte
{
    /// <summary>Into the namespace.</summary>
    Receive,

    /// <summary>Out of the namespace.</summary>
    Transmit,
}

/// <summary>Sees the frames that pass a device: captures and traces. It must not change or keep them.</summary>
public interface IDeviceObserver
{
    /// <summary>Called by the device's owner for each vector that passes; it may have trains, whose followers' headers are not written (<see cref="FrameTrain.CopyTo"/>).</summary>
    /// <param name="device">The device.</param>
    /// <param name="direction">Which way.</param>
    /// <param name="frames">The frames, still the caller's.</param>
    void Observe(NetworkDevice device, FrameDirection direction, FrameVector frames);

    /// <summary>Called for each frame, or train, that the device drops.</summary>
    /// <param name="device">The device.</param>
    /// <param name="reason">Why.</param>
    /// <param name="frame">The frame, about to be released.</param>
    void ObserveDrop(NetworkDevice device, DropReason reason, in Frame frame);
}
