using ActorNet.Dataplane.Bridging;

namespace ActorNet.Dataplane.Inspection;

/// <summary>The details of a bridge port (linux net/bridge/br_netlink.c br_port_fill_attrs).</summary>
public sealed record BridgePortView
{
    /// <summary>The port number in its bridge, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>The state.</summary>
    public BridgePortState State { get; init; } = BridgePortState.Forwarding;

    /// <summary>Priority, 32 by default.</summary>
    public int Priority { get; init; } = 32;

    /// <summary>Path cost, 2 for a veth.</summary>
    public int Cost { get; init; } = 2;

    /// <summary>Whether a frame may leave by the port that it came from.</summary>
    public bool Hairpin { get; init; }

    /// <summary>Whether BPDUs are refused.</summary>
    public bool Guard { get; init; }

    /// <summary>Whether the port may not become the root port.</summary>
    public bool RootBlock { get; init; }

    /// <summary>Whether a multicast leave acts at once.</summary>
    public bool FastLeave { get; init; }

    /// <summary>Whether source addresses are learned.</summary>
    public bool Learning { get; init; } = true;

    /// <summary>Whether unknown unicast is flooded here.</summary>
    public bool Flood { get; init; } = true;

    /// <summary>Whether unknown multicast is flooded here.</summary>
    public bool MulticastFlood { get; init; } = true;

    /// <summary>Whether broadcast is flooded here.</summary>
    public bool BroadcastFlood { get; init; } = true;

    /// <summary>Whether multicast becomes unicast.</summary>
    public bool MulticastToUnicast { get; init; }

    /// <summary>Whether ARP is answered from the neighbour table instead of flooded.</summary>
    public bool NeighbourSuppress { get; init; }

    /// <summary>Whether isolated ports may not talk to each other.</summary>
    public bool Isolated { get; init; }

    /// <summary>Whether only known sources may speak.</summary>
    public bool Locked { get; init; }

    /// <summary>The root's id as the port knows it.</summary>
    public required BridgeId DesignatedRoot { get; init; }

    /// <summary>The designated bridge of the segment.</summary>
    public required BridgeId DesignatedBridge { get; init; }

    /// <summary>The cost that the designated bridge says.</summary>
    public int DesignatedCost { get; init; }

    /// <summary>The designated port's id; this port's own when STP is off.</summary>
    public int DesignatedPort { get; init; }

    /// <summary>Message age timer.</summary>
    public TimeSpan MessageAgeTimer { get; init; }

    /// <summary>Forward delay timer.</summary>
    public TimeSpan ForwardDelayTimer { get; init; }

    /// <summary>Hold timer.</summary>
    public TimeSpan HoldTimer { get; init; }

    /// <summary>The port's id: priority in the high six bits, number in the low ten (linux net/bridge/br_if.c br_make_port_id).</summary>
    public int PortId => ((Priority & 0x3F) << 10) | (Number & 0x3FF);
}
