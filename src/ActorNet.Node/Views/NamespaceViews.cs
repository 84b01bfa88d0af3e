using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;

namespace ActorNet.Node.Views;

/// <summary>Makes what `ip addr`, `ip route` and `ip neigh` print from the namespace that routes the packets.</summary>
internal static class NamespaceViews
{
    /// <summary>The namespace's tables, and the links of the devices that its actor owns itself.</summary>
    /// <param name="ns">The live namespace.</param>
    /// <param name="ownDevices">Those devices.</param>
    public static NamespaceView Of(NetworkNamespace ns, IEnumerable<NetworkDevice> ownDevices) => new()
    {
        Name = ns.Name,
        Links = [.. ownDevices.Select(d => LinkViews.Of(d))],
        Addresses = [.. ns.Interfaces.SelectMany(i => i.Addresses.Select(a => Of(i.Device.Name, a)))],
        Routes = [.. ns.Routes.Select(r => Of(r, RouteView.MainTable)), .. ns.LocalRoutes.Select(r => Of(r, RouteView.LocalTable))],
        Neighbours = [.. ns.NeighbourEntries.Select(Of)],
    };

    private static AddressView Of(string device, InterfaceAddress a) => new()
    {
        Device = device,
        Address = a.Address,
        PrefixLength = a.PrefixLength,
        Broadcast = a.Broadcast,
        Scope = a.Scope,
        Label = a.Label,
        IsSecondary = a.Secondary,
    };

    private static RouteView Of(Route r, int table) => new()
    {
        Destination = r.Destination,
        Type = r.Type,
        Gateway = r.Gateway,
        Device = r.Device,
        Protocol = r.Protocol,
        Scope = (RouteScope)(r.Scope ?? RouteScope.Global),
        PreferredSource = r.Source,
        Metric = (int)r.Metric,
        Table = table,
        OnLink = r.OnLink,
        LinkDown = r.LinkDown,
    };

    private static NeighbourView Of(NeighbourInfo n) => new()
    {
        Address = n.Address,
        Device = n.Device,
        Mac = n.Mac,
        State = n.State,
        Used = n.Used,
        Confirmed = n.Confirmed,
        Updated = n.Updated,
        Probes = n.Probes,
    };
}
