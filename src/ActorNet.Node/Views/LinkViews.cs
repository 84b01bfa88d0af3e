using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Inspection;

namespace ActorNet.Node.Views;

/// <summary>Makes what `ip link` prints from the device that carries the frames.</summary>
internal static class LinkViews
{
    /// <summary>A device's view. The caller adds what its kind has more of.</summary>
    /// <param name="device">The live device.</param>
    /// <param name="master">Bridge it is a port of, or null.</param>
    public static LinkView Of(NetworkDevice device, string? master = null)
    {
        var veth = device as VethDevice;
        return new LinkView
        {
            IfIndex = device.IfIndex,
            Name = device.Name,
            Kind = device.Kind.Length == 0 ? null : device.Kind,
            Flags = Flags(device),
            Mtu = device.Mtu,
            OperState = Oper(device),
            Mac = device.Mac,
            Master = master,
            PeerIfIndex = veth?.PeerIfIndex,
            PeerNetns = veth?.PeerNamespace,
            MinMtu = device is LoopbackDevice ? 0 : 68,
            MaxMtu = device is LoopbackDevice ? 0 : 65535,
            Promiscuity = master is null ? 0 : 1,
            AllMulticast = master is null ? 0 : 1,
            Counters = Of(device.Counters),
        };
    }

    private static LinkFlags Flags(NetworkDevice device)
    {
        LinkFlags flags = device is LoopbackDevice ? LinkFlags.Loopback : LinkFlags.Broadcast | LinkFlags.Multicast;
        if (device.IsUp)
            flags |= LinkFlags.Up;
        if (device.IsRunning)
            flags |= LinkFlags.Running | LinkFlags.LowerUp;
        return flags;
    }

    // linux net/core/link_watch.c default_operstate(): what has no carrier of its own is UNKNOWN while up; a veth whose peer is down is
    // LOWERLAYERDOWN, for its lower device is another.
    private static OperState Oper(NetworkDevice device) => device switch
    {
        { IsUp: false } => OperState.Down,
        LoopbackDevice => OperState.Unknown,
        { Kind: "vxlan" } => OperState.Unknown,
        { HasCarrier: true } => OperState.Up,
        VethDevice => OperState.LowerLayerDown,
        _ => OperState.Down,
    };

    private static LinkCounters Of(DeviceCounters c) => new()
    {
        RxBytes = c.RxBytes,
        RxPackets = c.RxPackets,
        RxErrors = c.RxErrors,
        RxDropped = c.RxDropped,
        RxFrameErrors = c.RxFrameErrors,
        Multicast = c.Multicast,
        TxBytes = c.TxBytes,
        TxPackets = c.TxPackets,
        TxErrors = c.TxErrors,
        TxDropped = c.TxDropped,
        TxCarrierErrors = c.TxCarrierErrors,
        Collisions = c.Collisions,
    };
}
