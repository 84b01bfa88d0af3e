using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>Which route and source address a packet would take, answered from a view (linux net/ipv4/fib_rules.c: table local first, then main).</summary>
internal static class RouteLookup
{
    /// <summary>Finds the route to an address, or null.</summary>
    /// <param name="view">The namespace.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="device">Only routes by this device, or null.</param>
    public static RouteView? Find(NamespaceView view, Ipv4Address destination, string? device = null)
    {
        RouteView? found = Find(view, RouteView.LocalTable, destination, device) ?? Find(view, RouteView.MainTable, destination, device);
        return found is { Type: RouteType.Throw } ? null : found;
    }

    /// <summary>The source address for a route (linux net/ipv4/devinet.c inet_select_addr).</summary>
    /// <param name="view">The namespace.</param>
    /// <param name="route">The route.</param>
    /// <param name="destination">Where to.</param>
    public static Ipv4Address? Source(NamespaceView view, RouteView route, Ipv4Address destination)
    {
        if (route.PreferredSource is { } preferred)
            return preferred;
        return route.Device is null ? null : SelectAddress(view, route.Device, route.Gateway ?? destination);
    }

    /// <summary>The primary address of a device that shares the neighbour's network, else its first, else the first global one of any device.</summary>
    public static Ipv4Address? SelectAddress(NamespaceView view, string device, Ipv4Address neighbour)
    {
        Ipv4Address? first = null;
        foreach (AddressView address in view.Addresses)
        {
            if (address.Device != device || address.IsSecondary || address.Scope > RouteScope.Link)
                continue;
            if (new Ipv4Prefix(address.Peer ?? address.Address, address.PrefixLength).Contains(neighbour))
                return address.Address;
            first ??= address.Address;
        }

        return first ?? view.Links.OrderBy(static link => link.IfIndex)
            .SelectMany(link => view.Addresses.Where(address => address.Device == link.Name))
            .Where(static address => !address.IsSecondary && address.Scope == RouteScope.Global)
            .Select(static address => (Ipv4Address?)address.Address)
            .FirstOrDefault();
    }

    private static RouteView? Find(NamespaceView view, int table, Ipv4Address destination, string? device)
    {
        RouteView? best = null;
        foreach (RouteView route in view.Routes)
        {
            if (route.Table != table || !route.Destination.Contains(destination) || (device is not null && route.Device != device))
                continue;
            if (best is null || route.Destination.Length > best.Destination.Length
                || (route.Destination.Length == best.Destination.Length && route.Metric < best.Metric))
                best = route;
        }

        return best;
    }
}
