using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>How `ip route` writes a route and names its parts (iproute2 ip/iproute.c print_route; etc/iproute2/rt_protos, rt_tables).</summary>
internal static class RouteText
{
    private static readonly (string Name, RouteType Type)[] Types =
    [
        ("unicast", RouteType.Unicast), ("local", RouteType.Local), ("broadcast", RouteType.Broadcast), ("blackhole", RouteType.Blackhole),
        ("unreachable", RouteType.Unreachable), ("prohibit", RouteType.Prohibit), ("throw", RouteType.Throw),
    ];

    private static readonly (string Name, RouteProtocol Protocol)[] Protocols =
    [
        ("unspec", RouteProtocol.Unspecified), ("redirect", RouteProtocol.Redirect), ("kernel", RouteProtocol.Kernel),
        ("boot", RouteProtocol.Boot), ("static", RouteProtocol.Static),
    ];

    /// <summary>A type's name.</summary>
    public static string Of(RouteType type) => Array.Find(Types, entry => entry.Type == type).Name ?? "none";

    /// <summary>A protocol's name.</summary>
    public static string Of(RouteProtocol protocol) =>
        Array.Find(Protocols, entry => entry.Protocol == protocol).Name ?? ((int)protocol).ToString(CultureInfo.InvariantCulture);

    /// <summary>Finds a type by its whole name, as a keyword before the destination.</summary>
    public static bool TryType(string word, out RouteType type)
    {
        (string? name, type) = Array.Find(Types, entry => entry.Name == word);
        return name is not null;
    }

    /// <summary>Reads a protocol.</summary>
    public static RouteProtocol Protocol(string word)
    {
        (string? name, RouteProtocol protocol) = Array.Find(Protocols, entry => entry.Name == word);
        if (name is not null)
            return protocol;
        return ArgumentReader.TryNumber(word, out int number) && number < 256 ? (RouteProtocol)number : throw ArgumentReader.Wrong(word, "invalid \"protocol\"\n");
    }

    /// <summary>Reads a table; 0 means all of them.</summary>
    public static int Table(string word) => word switch
    {
        "main" => RouteView.MainTable,
        "local" => RouteView.LocalTable,
        "default" => 253,
        _ => ArgumentReader.TryNumber(word, out int number) ? number : throw ArgumentReader.Wrong(word, "table id value is invalid\n"),
    };

    /// <summary>A table's name.</summary>
    public static string TableName(int table) => table switch
    {
        RouteView.MainTable => "main",
        RouteView.LocalTable => "local",
        253 => "default",
        _ => table.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>A destination: `default` for everything, no length for a host.</summary>
    public static string Of(Ipv4Prefix destination) => destination.Length switch
    {
        0 => "default",
        32 => destination.Network.ToString(),
        _ => destination.ToString(),
    };

    /// <summary>One route. What the filter fixes is left out, as the real tool does.</summary>
    public static void Write(StringBuilder text, RouteView route, RouteFilter filter, IpOptions options)
    {
        if (route.Type != RouteType.Unicast || options.Details)
            text.Append(Of(route.Type)).Append(' ');
        text.Append(Of(route.Destination)).Append(' ');
        if (route.Gateway is { } gateway && filter.Gateway is null)
            text.Append("via ").Append(gateway).Append(' ');
        if (route.Device is not null && filter.Device is null)
            text.Append("dev ").Append(route.Device).Append(' ');
        if (filter.Table == 0 && (route.Table != RouteView.MainTable || options.Details))
            text.Append("table ").Append(TableName(route.Table)).Append(' ');
        if (filter.Protocol is null && (route.Protocol != RouteProtocol.Boot || options.Details))
            text.Append("proto ").Append(Of(route.Protocol)).Append(' ');
        if (filter.Scope is null && (route.Scope != RouteScope.Global || options.Details))
            text.Append("scope ").Append(ScopeText.Of(route.Scope)).Append(' ');
        if (route.PreferredSource is { } source && filter.Source is null)
            text.Append("src ").Append(source).Append(' ');
        if (route.Metric != 0)
            text.Append(CultureInfo.InvariantCulture, $"metric {route.Metric} ");
        if (route.OnLink)
            text.Append("onlink ");
        if (route.LinkDown)
            text.Append("linkdown ");
        if (route.Mtu is int mtu)
            text.Append(CultureInfo.InvariantCulture, $"mtu {mtu} ");
        text.Append('\n');
    }
}
