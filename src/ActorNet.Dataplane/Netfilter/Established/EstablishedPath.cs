using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Neighbours;

namespace ActorNet.Dataplane.Netfilter.Established;

/// <summary>Where the packets of a path go when they have passed the rules.</summary>
internal enum PathEnd : byte
{
    /// <summary>Routed to a neighbour.</summary>
    Forwarded,

    /// <summary>Sent on by the bridge that asked: no hop.</summary>
    Bridged,

    /// <summary>To a socket of the namespace.</summary>
    Delivered,

    /// <summary>From a socket of the namespace to where its route, or the one of its translated destination, leads.</summary>
    Sent,
}

/// <summary>
/// What rules and routing said of one direction of a connection: every rule and policy that counted its packets from the first hook to the last, how they are
/// translated, and where they went. It holds while neither rules nor routing, addresses, devices nor the neighbour change, and for packets that came in the same
/// way.
/// </summary>
internal sealed class EstablishedPath
{
    internal required PathKey Key { get; init; }

    internal required PathEnd End { get; init; }

    /// <summary>What counts each packet; null when a rule that was asked may decide otherwise for another packet, so that all have to be walked.</summary>
    internal required CountList? Counts { get; init; }

    /// <summary>The translation; null for none.</summary>
    internal required HeaderChange? Change { get; init; }

    /// <summary>The device that it leaves by; null for what is delivered or sent here.</summary>
    internal IpInterface? Egress { get; init; }

    /// <summary>The neighbour that it goes to; null when a bridge passes it as it is addressed, and for what is delivered or sent here.</summary>
    internal Neighbour? Neighbour { get; init; }

    /// <summary>Longest packet in bytes.</summary>
    internal int Mtu { get; init; } = int.MaxValue;
}

/// <summary>How a packet came, and under which rules and routes.</summary>
/// <param name="Rules">Generation of the rules.</param>
/// <param name="Routing">Generation of the routing.</param>
/// <param name="Device">Index of the device that it came in by; of the one that its route leads to when it is sent here.</param>
/// <param name="Way">How it came.</param>
internal readonly record struct PathKey(uint Rules, uint Routing, int Device, PathWay Way);

/// <summary>How a packet came.</summary>
[Flags]
internal enum PathWay : byte
{
    /// <summary>In a frame that was addressed to another: a bridge's.</summary>
    None = 0,

    /// <summary>In a frame that was addressed to the device.</summary>
    ToUs = 1,

    /// <summary>A bridge asks about it.</summary>
    Asked = 2,

    /// <summary>From a socket here.</summary>
    Local = 4,

    /// <summary>While nothing has been answered in its connection: to rules it is NEW.</summary>
    Unanswered = 8,
}
