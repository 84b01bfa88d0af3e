using ActorNet.Packets;

namespace ActorNet.Dataplane.Inspection;

/// <summary>A device as RTM_NEWLINK describes it (linux net/core/rtnetlink.c rtnl_fill_ifinfo).</summary>
public sealed record LinkView
{
    /// <summary>The interface index, from 1.</summary>
    public required int IfIndex { get; init; }

    /// <summary>The name, as `eth0`.</summary>
    public required string Name { get; init; }

    /// <summary>The kind as `ip -d link` names it: `veth`, `bridge`, `vxlan`; null where the kernel gives none (`lo`).</summary>
    public string? Kind { get; init; }

    /// <summary>The flags. <see cref="LinkFlags.Running"/> is not derived from the operational state: set it.</summary>
    public LinkFlags Flags { get; init; } = LinkFlags.Broadcast | LinkFlags.Multicast;

    /// <summary>MTU in bytes.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>The queueing discipline: `noqueue` for a virtual device that has been up, `noop` before.</summary>
    public string Qdisc { get; init; } = "noqueue";

    /// <summary>Operational state (RFC 2863).</summary>
    public OperState OperState { get; init; } = OperState.Unknown;

    /// <summary>The hardware address.</summary>
    public MacAddress Mac { get; init; }

    /// <summary>Transmit queue length in frames, `qlen`.</summary>
    public int TxQueueLength { get; init; } = 1000;

    /// <summary>The other end's interface index in its own namespace (IFLA_LINK), or null; a vxlan device's lower device is not told here.</summary>
    public int? PeerIfIndex { get; init; }

    /// <summary>The local id of the namespace that the other end is in (IFLA_LINK_NETNSID), or null when it is in this one.</summary>
    public int? PeerNetnsId { get; init; }

    /// <summary>The name of that namespace; null when it has none, and then the id is printed.</summary>
    public string? PeerNetns { get; init; }

    /// <summary>The bridge that the device is a port of, by name, or null.</summary>
    public string? Master { get; init; }

    /// <summary>How many users have asked for promiscuous mode; a bridge port has one.</summary>
    public int Promiscuity { get; init; }

    /// <summary>How many users have asked for all multicast frames.</summary>
    public int AllMulticast { get; init; }

    /// <summary>The smallest MTU that the device takes: 68 for Ethernet, 0 for `lo`.</summary>
    public int MinMtu { get; init; } = 68;

    /// <summary>The largest MTU that the device takes: 65535 for the virtual kinds, 0 (no limit) for `lo`.</summary>
    public int MaxMtu { get; init; } = 65535;

    /// <summary>Queue counts and segmentation limits.</summary>
    public LinkLimits Limits { get; init; } = LinkLimits.SingleQueue;

    /// <summary>The counters.</summary>
    public LinkCounters Counters { get; init; } = LinkCounters.Zero;

    /// <summary>The tunnel's details when the kind is `vxlan`.</summary>
    public VxlanLinkView? Vxlan { get; init; }

    /// <summary>The bridge's details when the kind is `bridge`.</summary>
    public BridgeView? Bridge { get; init; }

    /// <summary>The port's details when the device has a bridge as master.</summary>
    public BridgePortView? Port { get; init; }

    /// <summary>Whether IFF_UP is set.</summary>
    public bool IsUp => (Flags & LinkFlags.Up) != 0;

    /// <summary>Whether the device is a loopback (ARPHRD_LOOPBACK).</summary>
    public bool IsLoopback => (Flags & LinkFlags.Loopback) != 0;
}

/// <summary>Device flags with their Linux values (linux include/uapi/linux/if.h net_device_flags).</summary>
[Flags]
public enum LinkFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>IFF_UP: the administrator's wish.</summary>
    Up = 0x1,

    /// <summary>IFF_BROADCAST.</summary>
    Broadcast = 0x2,

    /// <summary>IFF_LOOPBACK.</summary>
    Loopback = 0x8,

    /// <summary>IFF_POINTOPOINT.</summary>
    PointToPoint = 0x10,

    /// <summary>IFF_RUNNING: operational.</summary>
    Running = 0x40,

    /// <summary>IFF_NOARP.</summary>
    NoArp = 0x80,

    /// <summary>IFF_PROMISC: asked for by the administrator, not by a bridge.</summary>
    Promiscuous = 0x100,

    /// <summary>IFF_ALLMULTI.</summary>
    AllMulticast = 0x200,

    /// <summary>IFF_MULTICAST.</summary>
    Multicast = 0x1000,

    /// <summary>IFF_LOWER_UP: the carrier.</summary>
    LowerUp = 0x1_0000,

    /// <summary>IFF_DORMANT.</summary>
    Dormant = 0x2_0000,
}

/// <summary>Operational states with their Linux values (linux include/uapi/linux/if.h IF_OPER_*; RFC 2863).</summary>
public enum OperState
{
    /// <summary>No one keeps the state: `lo` and vxlan devices.</summary>
    Unknown = 0,

    /// <summary>The device is not there.</summary>
    NotPresent = 1,

    /// <summary>Down.</summary>
    Down = 2,

    /// <summary>The device below or the other end is down.</summary>
    LowerLayerDown = 3,

    /// <summary>Testing.</summary>
    Testing = 4,

    /// <summary>Waiting for an event.</summary>
    Dormant = 5,

    /// <summary>Up.</summary>
    Up = 6,
}

/// <summary>Queue counts and segmentation limits of a device.</summary>
/// <param name="TxQueues">Transmit queues.</param>
/// <param name="RxQueues">Receive queues.</param>
/// <param name="GsoMaxSize">Largest segmented send, bytes.</param>
/// <param name="GsoMaxSegments">Largest segmented send, segments.</param>
/// <param name="TsoMaxSize">Largest send that hardware segments, bytes.</param>
/// <param name="TsoMaxSegments">Largest send that hardware segments, segments.</param>
/// <param name="GroMaxSize">Largest packet that receive merging builds, bytes.</param>
public sealed record LinkLimits(int TxQueues, int RxQueues, long GsoMaxSize = 65536, long GsoMaxSegments = 65535, long TsoMaxSize = 524280, long TsoMaxSegments = 65535, long GroMaxSize = 65536)
{
    /// <summary>One queue each way and the kernel's default limits: lo, bridge, vxlan.</summary>
    public static readonly LinkLimits SingleQueue = new(1, 1);
}

/// <summary>Counters of a device, as rtnl_link_stats64 (linux include/uapi/linux/if_link.h); bytes include the Ethernet header.</summary>
public sealed record LinkCounters
{
    /// <summary>All zero.</summary>
    public static readonly LinkCounters Zero = new();

    /// <summary>Bytes received.</summary>
    public long RxBytes { get; init; }

    /// <summary>Frames received.</summary>
    public long RxPackets { get; init; }

    /// <summary>Frames received in error.</summary>
    public long RxErrors { get; init; }

    /// <summary>Frames dropped on receive.</summary>
    public long RxDropped { get; init; }

    /// <summary>Frames that the device had no room for.</summary>
    public long RxMissed { get; init; }

    /// <summary>Group frames received.</summary>
    public long Multicast { get; init; }

    /// <summary>Of the receive errors, wrong length.</summary>
    public long RxLengthErrors { get; init; }

    /// <summary>Of the receive errors, bad checksum of the frame.</summary>
    public long RxCrcErrors { get; init; }

    /// <summary>Of the receive errors, bad framing.</summary>
    public long RxFrameErrors { get; init; }

    /// <summary>Of the receive errors, queue overruns (`fifo`).</summary>
    public long RxFifoErrors { get; init; }

    /// <summary>Of the receive errors, ring overruns (`overrun`).</summary>
    public long RxOverErrors { get; init; }

    /// <summary>Bytes sent.</summary>
    public long TxBytes { get; init; }

    /// <summary>Frames sent.</summary>
    public long TxPackets { get; init; }

    /// <summary>Frames not sent for an error.</summary>
    public long TxErrors { get; init; }

    /// <summary>Frames dropped on sending.</summary>
    public long TxDropped { get; init; }

    /// <summary>Of the send errors, lost carrier or no route.</summary>
    public long TxCarrierErrors { get; init; }

    /// <summary>Collisions; tunnels count routing loops here.</summary>
    public long Collisions { get; init; }

    /// <summary>Of the send errors, aborted.</summary>
    public long TxAbortedErrors { get; init; }

    /// <summary>Of the send errors, queue overruns (`fifo`).</summary>
    public long TxFifoErrors { get; init; }

    /// <summary>Of the send errors, out of window.</summary>
    public long TxWindowErrors { get; init; }

    /// <summary>Of the send errors, heartbeat.</summary>
    public long TxHeartbeatErrors { get; init; }

    /// <summary>How often the carrier came or went (`transns`).</summary>
    public long CarrierChanges { get; init; }
}
