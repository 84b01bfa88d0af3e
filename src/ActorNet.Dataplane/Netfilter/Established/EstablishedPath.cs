using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Netfilter.Rules;

namespace ActorNet.Dataplane.Netfilter.Established;

/// <summary>
/// What rules and routing said of one direction of an established connection: every rule and policy that counted its packets from mangle's PREROUTING to
/// POSTROUTING, and where they left. It holds while neither rules nor routing, addresses, devices nor the neighbour change, and for packets that came in the
/// same way. Translations are not in it: the connection has them.
/// </summary>
internal sealed class EstablishedPath
{
    internal required PathKey Key { get; init; }

    /// <summary>What counts each packet; null when a rule that was asked may decide otherwise for another packet, so that all have to be walked.</summary>
    internal required Counted[]? Counts { get; init; }

    /// <summary>The device that it leaves by.</summary>
    internal IpInterface? Egress { get; init; }

    /// <summary>The neighbour that it goes to; null when a bridge passes it as it is addressed.</summary>
    internal Neighbour? Neighbour { get; init; }

    /// <summary>Longest packet in bytes.</summary>
    internal int Mtu { get; init; }

    /// <summary>Whether a bridge sends it: no hop.</summary>
    internal bool IsBridged { get; init; }
}

/// <summary>How a packet came, and under which rules and routes.</summary>
/// <param name="Rules">Generation of the rules.</param>
/// <param name="Routing">Generation of the routing.</param>
/// <param name="Ingress">Index of the device that it came in by.</param>
/// <param name="ToUs">Whether its frame is addressed to the device.</param>
/// <param name="IsAsked">Whether a bridge asks about it.</param>
internal readonly record struct PathKey(uint Rules, uint Routing, int Ingress, bool ToUs, bool IsAsked);
