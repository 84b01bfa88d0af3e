using ActorNet.Packets;

namespace ActorNet.Dataplane.Inspection;

/// <summary>What a route does with its packets, with its Linux value (linux include/uapi/linux/rtnetlink.h RTN_*).</summary>
public enum RouteType
{
    /// <summary>None given: only in a request to delete, where it matches any.</summary>
    Unspecified = 0,

    /// <summary>Sends to a gateway or a neighbour.</summary>
    Unicast = 1,

    /// <summary>Delivers here.</summary>
    Local = 2,

    /// <summary>Delivers here and sends as broadcast.</summary>
    Broadcast = 3,

    /// <summary>Drops without a word.</summary>
    Blackhole = 6,

    /// <summary>Answers host unreachable.</summary>
    Unreachable = 7,

    /// <summary>Answers communication administratively prohibited.</summary>
    Prohibit = 8,

    /// <summary>Ends the look-up in this table.</summary>
    Throw = 9,
}

/// <summary>Who installed a route, with its Linux value (linux include/uapi/linux/rtnetlink.h RTPROT_*).</summary>
public enum RouteProtocol
{
    /// <summary>None given: in a request to delete it matches any.</summary>
    Unspecified = 0,

    /// <summary>An ICMP redirect.</summary>
    Redirect = 1,

    /// <summary>The kernel, with an address.</summary>
    Kernel = 2,

    /// <summary>`ip route` and flannel; printed as nothing.</summary>
    Boot = 3,

    /// <summary>The administrator.</summary>
    Static = 4,
}

/// <summary>A route (linux net/ipv4/fib_semantics.c fib_dump_info).</summary>
public sealed record RouteView
{
    /// <summary>The table of ordinary routes.</summary>
    public const int MainTable = 254;

    /// <summary>The table of local and broadcast routes.</summary>
    public const int LocalTable = 255;

    /// <summary>The destination; 0.0.0.0/0 is the default route.</summary>
    public required Ipv4Prefix Destination { get; init; }

    /// <summary>What the route does.</summary>
    public RouteType Type { get; init; } = RouteType.Unicast;

    /// <summary>The next hop, or null when the destination is attached.</summary>
    public Ipv4Address? Gateway { get; init; }

    /// <summary>The device that packets leave by; null for blackhole, unreachable, prohibit and throw.</summary>
    public string? Device { get; init; }

    /// <summary>Who installed it.</summary>
    public RouteProtocol Protocol { get; init; } = RouteProtocol.Boot;

    /// <summary>The reach: global with a gateway, link without, host for local routes.</summary>
    public RouteScope Scope { get; init; }

    /// <summary>The source address to prefer, or null.</summary>
    public Ipv4Address? PreferredSource { get; init; }

    /// <summary>The metric; lower wins.</summary>
    public int Metric { get; init; }

    /// <summary>The table's number.</summary>
    public int Table { get; init; } = MainTable;

    /// <summary>Whether the gateway counts as attached although no address covers it (RTNH_F_ONLINK).</summary>
    public bool OnLink { get; init; }

    /// <summary>Whether the device has lost its carrier (RTNH_F_LINKDOWN).</summary>
    public bool LinkDown { get; init; }

    /// <summary>The path MTU that the route gives, or null.</summary>
    public int? Mtu { get; init; }
}
