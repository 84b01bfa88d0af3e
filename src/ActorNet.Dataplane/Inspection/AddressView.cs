using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Inspection;

/// <summary>An IPv4 address on a device (linux net/ipv4/devinet.c inet_fill_ifaddr).</summary>
public sealed record AddressView
{
    /// <summary>The device's name.</summary>
    public required string Device { get; init; }

    /// <summary>The address.</summary>
    public required Ipv4Address Address { get; init; }

    /// <summary>Prefix length in bits, 0 to 32.</summary>
    public required int PrefixLength { get; init; }

    /// <summary>The broadcast address, or null when none was given: a /32, `lo`.</summary>
    public Ipv4Address? Broadcast { get; init; }

    /// <summary>The peer's address of a point-to-point link when it differs from <see cref="Address"/>, else null.</summary>
    public Ipv4Address? Peer { get; init; }

    /// <summary>The reach; `lo`'s is host.</summary>
    public RouteScope Scope { get; init; }

    /// <summary>The label, or null for the device's name.</summary>
    public string? Label { get; init; }

    /// <summary>Whether another address of the same network came first.</summary>
    public bool IsSecondary { get; init; }
}
