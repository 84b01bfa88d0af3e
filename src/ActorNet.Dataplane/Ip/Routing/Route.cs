using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Routing;

/// <summary>Route types (linux include/uapi/linux/rtnetlink.h, RTN_*).</summary>
public enum RouteType : byte
{
    /// <summary>None given: only in a request to delete, where it matches any.</summary>
    Unspecified = 0,

    /// <summary>A gateway or a link.</summary>
    Unicast = 1,

    /// <summary>Ours.</summary>
    Local = 2,

    /// <summary>A broadcast address.</summary>
    Broadcast = 3,

    /// <summary>Dropped in silence (EINVAL for local senders).</summary>
    Blackhole = 6,

    /// <summary>ICMP host unreachable (EHOSTUNREACH).</summary>
    Unreachable = 7,

    /// <summary>ICMP communication administratively prohibited (EACCES).</summary>
    Prohibit = 8,

    /// <summary>Ends the look-up in this table; with one table that is no route.</summary>
    Throw = 9,
}

/// <summary>Route and address scopes (RT_SCOPE_*): a larger number is nearer.</summary>
public enum RouteScope : byte
{
    /// <summary>Anywhere.</summary>
    Global = 0,

    /// <summary>On the link.</summary>
    Link = 253,

    /// <summary>In this namespace.</summary>
    Host = 254,

    /// <summary>Nowhere.</summary>
    Nowhere = 255,
}

/// <summary>Who made a route (RTPROT_*).</summary>
public enum RouteProtocol : byte
{
    /// <summary>Not said; iproute2 sends boot instead.</summary>
    Unspecified = 0,

    /// <summary>An ICMP redirect.</summary>
    Redirect = 1,

    /// <summary>The kernel, with an address.</summary>
    Kernel = 2,

    /// <summary>`ip route` without proto.</summary>
    Boot = 3,

    /// <summary>An administrator.</summary>
    Static = 4,

    /// <summary>BIRD.</summary>
    Bird = 12,
}

/// <summary>A route as `ip route` lists it, and what one asks for when adding or deleting one.</summary>
public sealed record Route
{
    /// <summary>Where to.</summary>
    public required Ipv4Prefix Destination { get; init; }

    /// <summary>The type.</summary>
    public RouteType Type { get; init; } = RouteType.Unicast;

    /// <summary>The gateway (`via`), or null.</summary>
    public Ipv4Address? Gateway { get; init; }

    /// <summary>The device's name; may be null when adding a route whose gateway says it, and when deleting.</summary>
    public string? Device { get; init; }

    /// <summary>Pretend that the gateway is on the device's link.</summary>
    public bool OnLink { get; init; }

    /// <summary>The metric; the smallest wins.</summary>
    public uint Metric { get; init; }

    /// <summary>Who made it.</summary>
    public RouteProtocol Protocol { get; init; } = RouteProtocol.Boot;

    /// <summary>The scope; null means what iproute2 would send: global with a gateway, else link.</summary>
    public RouteScope? Scope { get; init; }

    /// <summary>The preferred source address, or null.</summary>
    public Ipv4Address? Source { get; init; }

    /// <summary>Whether the device has lost its carrier (`linkdown`). Set in listings only.</summary>
    public bool LinkDown { get; init; }

    internal RouteScope EffectiveScope => Scope ?? Type switch
    {
        RouteType.Local => RouteScope.Host,
        RouteType.Broadcast => RouteScope.Link,
        RouteType.Unicast when Gateway is null => RouteScope.Link,
        _ => RouteScope.Global,
    };
}

/// <summary>What a change of the routing table came to; errno and message of Linux in the comment.</summary>
public enum RouteError : byte
{
    /// <summary>Done.</summary>
    None,

    /// <summary>EEXIST "File exists": a route of this prefix and metric is there.</summary>
    Exists,

    /// <summary>ESRCH "No such process": no such route.</summary>
    NotFound,

    /// <summary>ENETUNREACH "Nexthop has invalid gateway": no link route leads to it.</summary>
    GatewayUnreachable,

    /// <summary>EINVAL "Nexthop has invalid gateway": it is our own or a broadcast address.</summary>
    InvalidGateway,

    /// <summary>ENODEV "Cannot find device", or "Nexthop device required for onlink".</summary>
    NoDevice,

    /// <summary>ENETDOWN "Nexthop device is not up" or "Device for nexthop is not up".</summary>
    DeviceDown,

    /// <summary>EINVAL "Invalid prefsrc address": not one of ours.</summary>
    InvalidSource,

    /// <summary>EINVAL "Nexthop has invalid scope".</summary>
    InvalidScope,

    /// <summary>ENOBUFS: the table is at its bound.</summary>
    TooMany,
}
