using System.Numerics;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Routing;

/// <summary>A route with its device resolved (linux struct fib_alias and fib_info).</summary>
internal sealed class RouteEntry(Route route, IpInterface? device, Ipv4Address preferredSource)
{
    internal Route Route { get; } = route;

    /// <summary>The device; null for unreachable, blackhole and prohibit.</summary>
    internal IpInterface? Interface { get; } = device;

    /// <summary>The source address that packets by this route get, or 0.0.0.0 when none could be found.</summary>
    internal Ipv4Address PreferredSource { get; set; } = preferredSource;

    internal RouteType Type { get; } = route.Type;

    internal RouteScope Scope { get; } = route.EffectiveScope;
}

/// <summary>
/// One routing table with longest prefix match: a hash table per prefix length and a mask of the lengths that occur. A lookup probes at most
/// one table per length in use; a cluster has a handful. Routes of one prefix are kept by ascending metric (linux net/ipv4/fib_trie.c keeps
/// aliases so).
/// </summary>
internal sealed class RouteTable
{
    private readonly Dictionary<uint, List<RouteEntry>>?[] _byLength = new Dictionary<uint, List<RouteEntry>>?[33];

    // Bit n is set when a route of prefix length n exists.
    private ulong _lengths;

    internal int Count { get; private set; }

    /// <summary>Finds the first route of the longest prefix that fits (fib_table_lookup).</summary>
    /// <param name="destination">Destination.</param>
    /// <param name="device">The device that the route must leave by, or null.</param>
    /// <param name="minimumScope">Routes of a farther scope are passed over.</param>
    internal RouteEntry? Lookup(Ipv4Address destination, IpInterface? device = null, RouteScope minimumScope = RouteScope.Global)
    {
        ulong lengths = _lengths;
        while (lengths != 0)
        {
            int length = 63 - BitOperations.LeadingZeroCount(lengths);
            lengths &= ~(1UL << length);
            uint mask = length == 0 ? 0 : uint.MaxValue << (32 - length);
            if (!_byLength[length]!.TryGetValue(destination.Value & mask, out List<RouteEntry>? routes))
                continue;
            foreach (RouteEntry route in routes)
            {
                if (route.Scope < minimumScope)
                    continue;
                if (device is not null && route.Interface is not null && !ReferenceEquals(route.Interface, device))
                    continue;
                return route;
            }
        }

        return null;
    }

    /// <summary>Adds a route behind those of the same metric, or refuses when one of the same metric is there and that is asked for.</summary>
    internal bool TryAdd(RouteEntry entry, bool exclusive)
    {
        List<RouteEntry> routes = ListOf(entry.Route.Destination);
        int at = 0;
        while (at < routes.Count && routes[at].Route.Metric <= entry.Route.Metric)
        {
            if (exclusive && routes[at].Route.Metric == entry.Route.Metric)
                return false;
            at++;
        }

        routes.Insert(at, entry);
        Count++;
        return true;
    }

    /// <summary>Puts a route in the place of the first of the same prefix and metric, or adds it.</summary>
    internal void Replace(RouteEntry entry)
    {
        List<RouteEntry> routes = ListOf(entry.Route.Destination);
        int at = routes.FindIndex(r => r.Route.Metric == entry.Route.Metric);
        if (at >= 0)
            routes[at] = entry;
        else
            TryAdd(entry, exclusive: false);
    }

    internal bool Contains(Ipv4Prefix prefix, uint metric) => RoutesOf(prefix).Any(r => r.Route.Metric == metric);

    internal IReadOnlyList<RouteEntry> RoutesOf(Ipv4Prefix prefix) =>
        _byLength[prefix.Length] is { } table && table.TryGetValue(prefix.Network.Value, out List<RouteEntry>? routes) ? routes : [];

    internal void Remove(RouteEntry entry)
    {
        Ipv4Prefix prefix = entry.Route.Destination;
        Dictionary<uint, List<RouteEntry>>? table = _byLength[prefix.Length];
        if (table is null || !table.TryGetValue(prefix.Network.Value, out List<RouteEntry>? routes) || !routes.Remove(entry))
            return;
        Count--;
        if (routes.Count > 0)
            return;
        table.Remove(prefix.Network.Value);
        if (table.Count == 0)
        {
            _byLength[prefix.Length] = null;
            _lengths &= ~(1UL << prefix.Length);
        }
    }

    internal int RemoveWhere(Predicate<RouteEntry> match)
    {
        var gone = All().Where(e => match(e)).ToList();
        foreach (RouteEntry entry in gone)
            Remove(entry);
        return gone.Count;
    }

    internal IEnumerable<RouteEntry> All() => _byLength.Where(static t => t is not null).SelectMany(static t => t!.Values).SelectMany(static r => r);

    /// <summary>The kernel's order: by network address, then the longer prefix, then the metric (fib_trie.c: leaves by key, aliases by fa_slen and fa_priority).</summary>
    internal IEnumerable<RouteEntry> InOrder() => All()
        .OrderBy(static e => e.Route.Destination.Network.Value)
        .ThenByDescending(static e => e.Route.Destination.Length)
        .ThenBy(static e => e.Route.Metric);

    private List<RouteEntry> ListOf(Ipv4Prefix prefix)
    {
        Dictionary<uint, List<RouteEntry>> table = _byLength[prefix.Length] ??= [];
        _lengths |= 1UL << prefix.Length;
        if (!table.TryGetValue(prefix.Network.Value, out List<RouteEntry>? routes))
            table[prefix.Network.Value] = routes = new List<RouteEntry>(1);
        return routes;
    }
}
