using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>What `ip route show` is asked to list (iproute2 ip/iproute.c iproute_list_flush_or_save).</summary>
internal sealed record RouteFilter
{
    /// <summary>The table, 0 for all.</summary>
    public int Table { get; private init; } = RouteView.MainTable;

    public string? Device { get; private init; }

    public Ipv4Address? Gateway { get; private init; }

    public Ipv4Address? Source { get; private init; }

    public RouteProtocol? Protocol { get; private init; }

    public RouteScope? Scope { get; private init; }

    public RouteType? Type { get; private init; }

    /// <summary>Routes must lie in this prefix.</summary>
    public Ipv4Prefix? Root { get; private init; }

    /// <summary>Routes must cover this prefix.</summary>
    public Ipv4Prefix? Match { get; private init; }

    /// <summary>Reads the filter.</summary>
    public static RouteFilter Parse(ArgumentReader reader)
    {
        var filter = new RouteFilter();
        while (reader.TryNext(out string word))
            filter = filter.With(word, reader);
        return filter;
    }

    /// <summary>Whether a route is listed.</summary>
    public bool Accepts(RouteView route) =>
        (Table == 0 || route.Table == Table)
        && (Device is null || route.Device == Device)
        && (Gateway is not { } gateway || route.Gateway == gateway)
        && (Source is not { } source || route.PreferredSource == source)
        && (Protocol is not { } protocol || route.Protocol == protocol)
        && (Scope is not { } scope || route.Scope == scope)
        && (Type is not { } type || route.Type == type)
        && (Root is not { } root || (route.Destination.Length >= root.Length && root.Contains(route.Destination.Network)))
        && (Match is not { } match || (route.Destination.Length <= match.Length && route.Destination.Contains(match.Network)));

    private RouteFilter With(string word, ArgumentReader reader)
    {
        if (ArgumentReader.Matches(word, "table"))
            return WithTable(reader.Value());
        if (ArgumentReader.Matches(word, "protocol"))
            return With(reader.Value(), static (filter, text) => filter with { Protocol = text == "all" ? null : RouteText.Protocol(text) });
        if (ArgumentReader.Matches(word, "scope"))
            return With(reader.Value(), static (filter, text) => filter with { Scope = text == "all" ? null : ScopeText.Parse(text) });
        if (ArgumentReader.Matches(word, "type"))
            return WithType(reader.Value());
        switch (word)
        {
            case "dev" or "oif":
                return this with { Device = reader.Value() };
            case "via":
                return this with { Gateway = ArgumentReader.Address(reader.Value() is var text && text == "inet" ? reader.Value() : text) };
            case "src":
                return this with { Source = ArgumentReader.Address(reader.Value()) };
            case "tos" or "dsfield" or "iif" or "from" or "realms" or "mark" or "cached" or "vrf":
                throw ArgumentReader.NotEmulated("ip route show " + word);
            default:
                return WithDestination(word == "to" ? reader.Value() : word, reader);
        }
    }

    private RouteFilter With(string text, Func<RouteFilter, string, RouteFilter> change) => change(this, text);

    private RouteFilter WithTable(string text) => text is "all" or "0" ? this with { Table = 0 } : this with { Table = RouteText.Table(text) };

    private RouteFilter WithType(string text) =>
        RouteText.TryType(text, out RouteType type) ? this with { Type = type } : throw ArgumentReader.Wrong(text, "node type value is invalid\n");

    private RouteFilter WithDestination(string word, ArgumentReader reader)
    {
        if (ArgumentReader.Matches(word, "root"))
            return this with { Root = Read(reader.Value()) };
        if (ArgumentReader.Matches(word, "match"))
            return this with { Match = Read(reader.Value()) };
        Ipv4Prefix exact = Read(ArgumentReader.Matches(word, "exact") ? reader.Value() : word);
        return this with { Root = exact, Match = exact };
    }

    private static Ipv4Prefix Read(string word)
    {
        (Ipv4Address address, int length, _) = ArgumentReader.Prefix(word);
        return new Ipv4Prefix(address, length);
    }
}
