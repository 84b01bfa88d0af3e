using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;

namespace ActorNet.Node.Views;

/// <summary>Applies what `ip addr`, `ip route`, `ip neigh` and `ip link` change on a namespace, with the kernel's refusals.</summary>
internal static class NamespaceChanges
{
    /// <summary>Applies a change.</summary>
    /// <param name="ns">The live namespace.</param>
    /// <param name="ownDevices">Devices that the namespace's actor owns.</param>
    /// <param name="change">The change.</param>
    public static ControlResult Apply(NetworkNamespace ns, IEnumerable<NetworkDevice> ownDevices, NamespaceChange change) => change switch
    {
        SetLinkState c => OnDevice(ownDevices, c.Device, d => SetUp(ns, d, c.Up)),
        SetLinkMtu c => OnDevice(ownDevices, c.Device, d => SetMtu(ns, d, c.Mtu)),
        ChangeAddress c => Apply(ns, c),
        ChangeRoute c => Apply(ns, c),
        ChangeNeighbour c => Apply(ns, c),
        FlushNeighbours c => Flush(ns, c),
        _ => ControlResult.NotSupported,
    };

    private static ControlResult OnDevice(IEnumerable<NetworkDevice> devices, string name, Action<NetworkDevice> change)
    {
        NetworkDevice? device = devices.FirstOrDefault(d => d.Name == name);
        if (device is null)
            return new ControlResult(1, $"Cannot find device \"{name}\"");
        change(device);
        return ControlResult.Ok;
    }

    private static void SetUp(NetworkNamespace ns, NetworkDevice device, bool up)
    {
        device.SetUp(up);
        ns.DeviceChanged(device);
    }

    private static void SetMtu(NetworkNamespace ns, NetworkDevice device, int mtu)
    {
        device.Mtu = mtu;
        ns.DeviceChanged(device);
    }

    private static ControlResult Apply(NetworkNamespace ns, ChangeAddress c)
    {
        if (ns.FindInterface(c.Entry.Device) is not { } device)
            return new ControlResult(1, $"Cannot find device \"{c.Entry.Device}\"");
        if (c.Operation == EntryOperation.Delete)
            return Of(ns.RemoveAddress(device, c.Entry.Address, c.Entry.PrefixLength));
        var address = new InterfaceAddress
        {
            Address = c.Entry.Address,
            PrefixLength = c.Entry.PrefixLength,
            Broadcast = c.Entry.Broadcast,
            Scope = c.Entry.Scope,
            Label = c.Entry.Label,
        };
        AddressError error = ns.AddAddress(device, address);
        return error == AddressError.Exists && c.Operation == EntryOperation.Replace ? ControlResult.Ok : Of(error);
    }

    private static ControlResult Apply(NetworkNamespace ns, ChangeRoute c)
    {
        RouteView e = c.Entry;
        // A deletion leaves open what it does not say: `ip route del` compares only what was given.
        var route = new Route
        {
            Destination = e.Destination,
            Type = e.Type,
            Gateway = e.Gateway,
            Device = e.Device,
            OnLink = e.OnLink,
            Metric = (uint)e.Metric,
            Protocol = e.Protocol,
            Scope = e.Scope is RouteScope.Global or RouteScope.Nowhere ? null : e.Scope,
            Source = e.PreferredSource,
        };
        return Of(c.Operation switch
        {
            EntryOperation.Delete => ns.DeleteRoute(route),
            EntryOperation.Replace or EntryOperation.Change => ns.ReplaceRoute(route),
            _ => ns.AddRoute(route),
        });
    }

    private static ControlResult Apply(NetworkNamespace ns, ChangeNeighbour c)
    {
        NeighbourView e = c.Entry;
        return Of(c.Operation == EntryOperation.Delete
            ? ns.RemoveNeighbour(e.Device, e.Address)
            : ns.SetNeighbour(e.Device, e.Address, e.Mac, e.State, replace: c.Operation != EntryOperation.Add));
    }

    private static ControlResult Flush(NetworkNamespace ns, FlushNeighbours c)
    {
        foreach (NeighbourInfo n in ns.NeighbourEntries)
        {
            bool matches = (c.Device is null || n.Device == c.Device)
                && (c.Prefix is not { } prefix || prefix.Contains(n.Address))
                && (c.State is not { } state ? (n.State & (NeighbourState.Permanent | NeighbourState.NoArp)) == 0 : (state & n.State) != 0);
            if (matches)
                ns.RemoveNeighbour(n.Device, n.Address);
        }

        return ControlResult.Ok;
    }

    private static ControlResult Of(AddressError error) => error switch
    {
        AddressError.None => ControlResult.Ok,
        AddressError.Exists => ControlResult.AddressAssigned,
        AddressError.NotFound => ControlResult.AddressNotFound,
        _ => ControlResult.InvalidArgument,
    };

    private static ControlResult Of(NeighbourError error) => error switch
    {
        NeighbourError.None => ControlResult.Ok,
        NeighbourError.Exists => ControlResult.FileExists,
        NeighbourError.NotFound => ControlResult.NoSuchFile,
        NeighbourError.NoDevice => ControlResult.NoSuchDevice,
        NeighbourError.TooMany => ControlResult.Refused("No buffer space available"),
        _ => ControlResult.InvalidArgument,
    };

    private static ControlResult Of(RouteError error) => error switch
    {
        RouteError.None => ControlResult.Ok,
        RouteError.Exists => ControlResult.FileExists,
        RouteError.NotFound => ControlResult.NoSuchProcess,
        RouteError.GatewayUnreachable or RouteError.InvalidGateway => ControlResult.InvalidGateway,
        RouteError.NoDevice => ControlResult.NoSuchDevice,
        RouteError.DeviceDown => ControlResult.NetworkDown,
        _ => ControlResult.InvalidArgument,
    };
}
