using ActorNet.Packets;

namespace ActorNet.Dataplane.Inspection;

/// <summary>The state of a neighbour entry with its Linux value (linux include/uapi/linux/neighbour.h NUD_*).</summary>
public enum NeighbourState
{
    /// <summary>No state: a new entry.</summary>
    None = 0x00,

    /// <summary>Asking.</summary>
    Incomplete = 0x01,

    /// <summary>Confirmed lately.</summary>
    Reachable = 0x02,

    /// <summary>Known, not confirmed.</summary>
    Stale = 0x04,

    /// <summary>In use, waiting for a confirmation from above.</summary>
    Delay = 0x08,

    /// <summary>In use, asking the known address.</summary>
    Probe = 0x10,

    /// <summary>Nobody answered.</summary>
    Failed = 0x20,

    /// <summary>Needs no resolution.</summary>
    NoArp = 0x40,

    /// <summary>Fixed by the administrator.</summary>
    Permanent = 0x80,
}

/// <summary>A neighbour entry (linux net/core/neighbour.c neigh_fill_info).</summary>
public sealed record NeighbourView
{
    /// <summary>The neighbour's IPv4 address.</summary>
    public required Ipv4Address Address { get; init; }

    /// <summary>The device's name.</summary>
    public required string Device { get; init; }

    /// <summary>The link-layer address, or null while it is not known.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>The state.</summary>
    public required NeighbourState State { get; init; }

    /// <summary>Time since last use.</summary>
    public TimeSpan Used { get; init; }

    /// <summary>Time since the last confirmation.</summary>
    public TimeSpan Confirmed { get; init; }

    /// <summary>Time since the last change.</summary>
    public TimeSpan Updated { get; init; }

    /// <summary>How many packets or routes hold the entry, beyond the table itself.</summary>
    public int References { get; init; }

    /// <summary>Requests sent without answer.</summary>
    public int Probes { get; init; }

    /// <summary>Whether this is a proxy entry (NTF_PROXY).</summary>
    public bool Proxy { get; init; }
}
