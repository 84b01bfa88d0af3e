using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Neighbours;

/// <summary>Neighbour states (linux include/uapi/linux/neighbour.h NUD_*; RFC 4861, 7.3.2).</summary>
[Flags]
public enum NeighbourState : byte
{
    /// <summary>Just made.</summary>
    None = 0,

    /// <summary>Resolution is under way.</summary>
    Incomplete = 0x01,

    /// <summary>Confirmed within the reachable time.</summary>
    Reachable = 0x02,

    /// <summary>Known but not confirmed of late.</summary>
    Stale = 0x04,

    /// <summary>Used while stale: a hint is awaited before probing.</summary>
    Delay = 0x08,

    /// <summary>Unicast probes are under way.</summary>
    Probe = 0x10,

    /// <summary>Resolution failed.</summary>
    Failed = 0x20,

    /// <summary>No resolution is needed.</summary>
    NoArp = 0x40,

    /// <summary>Set by the administrator, for good.</summary>
    Permanent = 0x80,
}

/// <summary>A neighbour as `ip neigh` lists it.</summary>
/// <param name="Address">IPv4 address.</param>
/// <param name="Device">Device name.</param>
/// <param name="Mac">Link address, or null while none is known.</param>
/// <param name="State">State.</param>
/// <param name="Used">Since the entry was last looked at for sending.</param>
/// <param name="Confirmed">Since it was last confirmed.</param>
/// <param name="Updated">Since it last changed.</param>
/// <param name="Probes">Probes sent in this state.</param>
public sealed record NeighbourInfo(Ipv4Address Address, string Device, MacAddress? Mac, NeighbourState State, TimeSpan Used, TimeSpan Confirmed, TimeSpan Updated, int Probes);

/// <summary>What a change of the neighbour table by a user came to; the errno of Linux in the comment.</summary>
public enum NeighbourError : byte
{
    /// <summary>Done.</summary>
    None,

    /// <summary>EEXIST: there is an entry and `add` was asked for.</summary>
    Exists,

    /// <summary>ENOENT: there is no such entry.</summary>
    NotFound,

    /// <summary>ENODEV: no such device.</summary>
    NoDevice,

    /// <summary>EINVAL: a valid state without a link address.</summary>
    Invalid,

    /// <summary>ENOBUFS: the table is full.</summary>
    TooMany,
}
