using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <summary>An address of an interface, as `ip addr` lists it.</summary>
public sealed record InterfaceAddress
{
    /// <summary>The address.</summary>
    public required Ipv4Address Address { get; init; }

    /// <summary>Prefix length in bits.</summary>
    public required int PrefixLength { get; init; }

    /// <summary>The broadcast address (`brd`), or null when none was given.</summary>
    public Ipv4Address? Broadcast { get; init; }

    /// <summary>How far the address is valid.</summary>
    public RouteScope Scope { get; init; } = RouteScope.Global;

    /// <summary>The label; null means the device's name.</summary>
    public string? Label { get; init; }

    /// <summary>Whether another address of the same prefix was there first (IFA_F_SECONDARY). Set by the namespace.</summary>
    public bool Secondary { get; init; }

    /// <summary>The network of the address.</summary>
    public Ipv4Prefix Prefix => new(Address, PrefixLength);

    /// <summary>Makes an address from address/length text without a broadcast address, as `ip addr add` does.</summary>
    /// <param name="text">For example 10.244.1.1/24.</param>
    /// <exception cref="FormatException">The text is not an address with prefix.</exception>
    public static InterfaceAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Ipv4Prefix prefix = Ipv4Prefix.Parse(text);
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        return new InterfaceAddress { Address = Ipv4Address.Parse(slash < 0 ? text : text[..slash]), PrefixLength = prefix.Length };
    }
}

/// <summary>What adding or removing an address came to; the errno of Linux in the comment.</summary>
public enum AddressError : byte
{
    /// <summary>Done.</summary>
    None,

    /// <summary>EEXIST: the interface has the address with this prefix length.</summary>
    Exists,

    /// <summary>EADDRNOTAVAIL: the interface does not have it.</summary>
    NotFound,

    /// <summary>EINVAL: no address that an interface may have, or a bad prefix length.</summary>
    Invalid,

    /// <summary>ENOBUFS: the namespace is at its bound.</summary>
    TooMany,
}
