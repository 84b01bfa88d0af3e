using ActorNet.Packets;

namespace ActorNet.Dataplane.Inspection;

/// <summary>A bridge identifier: priority and address (IEEE 802.1D, 9.2.5).</summary>
/// <param name="Priority">16 bits, 32768 (0x8000) by default.</param>
/// <param name="Mac">The bridge's address.</param>
public readonly record struct BridgeId(int Priority, MacAddress Mac);

/// <summary>The details of a bridge (linux net/bridge/br_netlink.c br_fill_info). Timers are what is left of them, zero when idle.</summary>
public sealed record BridgeView
{
    /// <summary>The bridge's id.</summary>
    public required BridgeId Id { get; init; }

    /// <summary>The root's id, the bridge's own when STP is off.</summary>
    public required BridgeId DesignatedRoot { get; init; }

    /// <summary>Whether STP runs.</summary>
    public bool Stp { get; init; }

    /// <summary>How long an unseen address stays in the FDB.</summary>
    public TimeSpan Ageing { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long a port stays in listening and in learning.</summary>
    public TimeSpan ForwardDelay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The time between hello messages.</summary>
    public TimeSpan HelloTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the root's word stands.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The port towards the root, 0 when this bridge is the root.</summary>
    public int RootPort { get; init; }

    /// <summary>The cost of the way to the root.</summary>
    public int RootPathCost { get; init; }

    /// <summary>Whether the topology is changing.</summary>
    public bool TopologyChange { get; init; }

    /// <summary>Whether this bridge saw the change.</summary>
    public bool TopologyChangeDetected { get; init; }

    /// <summary>Hello timer.</summary>
    public TimeSpan HelloTimer { get; init; }

    /// <summary>Topology change notification timer.</summary>
    public TimeSpan TcnTimer { get; init; }

    /// <summary>Topology change timer.</summary>
    public TimeSpan TopologyChangeTimer { get; init; }

    /// <summary>The time until the next ageing run.</summary>
    public TimeSpan GcTimer { get; init; }

    /// <summary>Which link-local groups are forwarded, a bit each.</summary>
    public int GroupForwardMask { get; init; }

    /// <summary>Whether multicast snooping is on; the kernel's default is on.</summary>
    public bool MulticastSnooping { get; init; } = true;

    /// <summary>Whether frames pass iptables, ip6tables and arptables (per bridge; the sysctl is another switch).</summary>
    public bool NetfilterCall { get; init; }
}
