using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Inspection;

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
