using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Inspection;

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
