using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Routing;

/// <summary>
/// The routes of a namespace (linux net/ipv4/fib_frontend.c and fib_semantics.c): table local with our own and broadcast addresses, and
/// table main. Both hang on the addresses and states of the interfaces. <see cref="Generation"/> moves with every change, so that what was
/// cached in front of the tables can be told stale.
/// </summary>
internal sealed class RoutingDatabase(NamespaceOptions options, IReadOnlyList<IpInterface> interfaces)
{
    private readonly RouteTable _local = new();
    private readonly RouteTable _main = new();
    private readonly Dictionary<uint, int> _own = [];
    private int _addressCount;

    internal uint Generation { get; private set; } = 1;

    internal void Invalidate() => Generation++;

    internal IReadOnlyList<Route> MainRoutes => [.. _main.InOrder().Select(Describe)];

    internal IReadOnlyList<Route> LocalRoutes => [.. _local.InOrder().Select(Describe)];

    /// <summary>Rules 0 and 32766: local, then main (fib_lookup). A throw route ends the look-up in its table, and main is the last.</summary>
    internal RouteEntry? Lookup(Ipv4Address destination, IpInterface? device = null)
    {
        RouteEntry? entry = _local.Lookup(destination, device) ?? _main.Lookup(destination, device);
        return entry is { Type: RouteType.Throw } ? null : entry;
    }

    /// <summary>Whether an interface has exactly this address (inet_lookup_ifaddr_rcu).</summary>
    internal bool IsOwnAddress(Ipv4Address address) => _own.ContainsKey(address.Value);

    /// <summary>Whether packets to the address are delivered here: own addresses and 127.0.0.0/8.</summary>
    internal bool IsLocal(Ipv4Address address) => AddressType(address) == RouteType.Local;

    internal bool IsBroadcast(Ipv4Address address) => AddressType(address) == RouteType.Broadcast;

    /// <summary>inet_addr_type: what the address is to this namespace; multicast is the caller's question.</summary>
    /// <param name="address">The address.</param>
    /// <param name="device">The device that alone counts (inet_dev_addr_type), or null.</param>
    internal RouteType AddressType(Ipv4Address address, IpInterface? device = null)
    {
        if (address.IsLimitedBroadcast || address.Value >> 24 == 0)
            return RouteType.Broadcast;
        RouteEntry? entry = _local.Lookup(address);
        return entry is null || (device is not null && !ReferenceEquals(entry.Interface, device)) ? RouteType.Unicast : entry.Type;
    }

    /// <summary>inet_select_addr: the primary address of a device that suits a destination, else the device's first, else any of the namespace's.</summary>
    internal Ipv4Address SelectAddress(IpInterface? device, Ipv4Address destination, RouteScope scope)
    {
        if (device is not null)
        {
            Ipv4Address first = default;
            foreach (InterfaceAddress address in device.AddressList)
            {
                if (address.Secondary || address.Scope > scope)
                    continue;
                if (destination.IsAny || address.Prefix.Contains(destination))
                    return address.Address;
                if (first.IsAny)
                    first = address.Address;
            }

            if (!first.IsAny)
                return first;
        }

        foreach (IpInterface other in interfaces)
        {
            foreach (InterfaceAddress address in other.AddressList)
            {
                if (!address.Secondary && address.Scope != RouteScope.Link && address.Scope <= scope)
                    return address.Address;
            }
        }

        return default;
    }

    /// <summary>Adds an address to an interface (__inet_insert_ifa).</summary>
    internal AddressError AddAddress(IpInterface device, InterfaceAddress address)
    {
        if (address.PrefixLength is < 0 or > 32 || address.Address.IsMulticast || address.Address.IsLimitedBroadcast || address.Address.Value >> 24 == 0)
            return AddressError.Invalid;
        List<InterfaceAddress> list = device.AddressList;
        bool secondary = false;
        int at = 0;
        for (int i = 0; i < list.Count; i++)
        {
            InterfaceAddress other = list[i];
            if (!other.Secondary && address.Scope <= other.Scope)
                at = i + 1;
            if (other.PrefixLength != address.PrefixLength || other.Prefix != address.Prefix)
                continue;
            if (other.Address == address.Address)
                return AddressError.Exists;
            secondary = true;
        }

        if (_addressCount >= options.MaxAddresses)
            return AddressError.TooMany;
        // Primaries stand before all secondaries; a secondary goes to the end.
        InterfaceAddress added = address with { Secondary = secondary, Label = address.Label ?? device.Device.Name };
        list.Insert(secondary ? list.Count : at, added);
        _addressCount++;
        _own[added.Address.Value] = _own.GetValueOrDefault(added.Address.Value) + 1;
        AddRoutesOf(device, added);
        RefreshSources();
        return AddressError.None;
    }

    /// <summary>Removes an address; with a primary go its secondaries (promote_secondaries is off by default).</summary>
    internal AddressError RemoveAddress(IpInterface device, Ipv4Address address, int prefixLength)
    {
        List<InterfaceAddress> list = device.AddressList;
        int at = list.FindIndex(a => a.Address == address && a.PrefixLength == prefixLength);
        if (at < 0)
            return AddressError.NotFound;
        InterfaceAddress removed = list[at];
        list.RemoveAt(at);
        Forget(device, removed);
        if (!removed.Secondary)
        {
            foreach (InterfaceAddress secondary in list.Where(a => a.Secondary && a.PrefixLength == prefixLength && a.Prefix == removed.Prefix).ToList())
            {
                list.Remove(secondary);
                Forget(device, secondary);
            }
        }

        foreach (InterfaceAddress left in list)
            AddRoutesOf(device, left);
        RefreshSources();
        return AddressError.None;
    }

    /// <summary>The device came up: its connected and broadcast routes appear (fib_netdev_event NETDEV_UP, fib_add_ifaddr).</summary>
    internal void DeviceUp(IpInterface device)
    {
        foreach (InterfaceAddress address in device.AddressList)
            AddRoutesOf(device, address);
        RefreshSources();
    }

    /// <summary>
    /// The device went down: every route by it vanishes for good, but its addresses stay ours (fib_disable_ip; fib_sync_down_dev spares
    /// next hops of scope nowhere, which only local routes have).
    /// </summary>
    internal void DeviceDown(IpInterface device)
    {
        _local.RemoveWhere(r => ReferenceEquals(r.Interface, device) && r.Type != RouteType.Local);
        _main.RemoveWhere(r => ReferenceEquals(r.Interface, device));
        RefreshSources();
    }

    /// <summary>The device leaves the namespace with all that hangs on it.</summary>
    internal void DeviceGone(IpInterface device)
    {
        foreach (InterfaceAddress address in device.AddressList.ToList())
            RemoveAddress(device, address.Address, address.PrefixLength);
        _local.RemoveWhere(r => ReferenceEquals(r.Interface, device));
        _main.RemoveWhere(r => ReferenceEquals(r.Interface, device));
        Invalidate();
    }

    /// <summary>`ip route add`, or `ip route replace`.</summary>
    internal RouteError AddRoute(Route route, bool replace)
    {
        RouteError error = Resolve(route, out RouteEntry? entry);
        if (error != RouteError.None)
            return error;
        bool exists = _main.Contains(route.Destination, route.Metric);
        if (exists && !replace)
            return RouteError.Exists;
        if (!exists && _main.Count >= options.MaxRoutes)
            return RouteError.TooMany;
        _main.Replace(entry!);
        Invalidate();
        return RouteError.None;
    }

    /// <summary>`ip route del`: the first route of the prefix for which everything that was said holds (fib_table_delete).</summary>
    internal RouteError DeleteRoute(Route route)
    {
        RouteEntry? entry = _main.RoutesOf(route.Destination).FirstOrDefault(e =>
            (route.Type is RouteType.Unicast or RouteType.Unspecified || e.Type == route.Type)
            && (route.Metric == 0 || e.Route.Metric == route.Metric)
            && (route.Gateway is null || e.Route.Gateway == route.Gateway)
            && (route.Device is null || e.Interface?.Device.Name == route.Device)
            && (route.Source is null || e.Route.Source == route.Source)
            && (route.Scope is null || e.Scope == route.Scope)
            && (route.Protocol is RouteProtocol.Boot or RouteProtocol.Unspecified || e.Route.Protocol == route.Protocol));
        if (entry is null)
            return RouteError.NotFound;
        _main.Remove(entry);
        Invalidate();
        return RouteError.None;
    }

    internal RouteTable Main => _main;

    // fib_create_info with fib_check_nh: may the route exist, and by which device does it leave?
    private RouteError Resolve(Route route, out RouteEntry? entry)
    {
        entry = null;
        if (route.Type is RouteType.Unreachable or RouteType.Blackhole or RouteType.Prohibit or RouteType.Throw)
        {
            entry = new RouteEntry(route, null, default);
            return RouteError.None;
        }

        IpInterface? device = null;
        if (route.Device is not null)
        {
            device = interfaces.FirstOrDefault(i => i.Device.Name == route.Device);
            if (device is null)
                return RouteError.NoDevice;
        }

        RouteError error = route.Gateway is { } gateway ? CheckGateway(route, gateway, ref device) : CheckLink(device);
        if (error != RouteError.None)
            return error;
        // fib_valid_prefsrc
        if (route.Source is { } source && !IsLocal(source))
            return RouteError.InvalidSource;
        entry = new RouteEntry(route with { Device = device!.Device.Name }, device, default);
        entry.PreferredSource = SourceOf(entry);
        return RouteError.None;
    }

    private static RouteError CheckLink(IpInterface? device) =>
        device is null ? RouteError.NoDevice : device.Device.IsUp ? RouteError.None : RouteError.DeviceDown;

    // fib_check_nh_v4_gw
    private RouteError CheckGateway(Route route, Ipv4Address gateway, ref IpInterface? device)
    {
        if (route.OnLink)
        {
            if (route.EffectiveScope >= RouteScope.Link)
                return RouteError.InvalidScope;
            if (AddressType(gateway) != RouteType.Unicast || gateway.IsMulticast)
                return RouteError.InvalidGateway;
            return CheckLink(device);
        }

        if (route.EffectiveScope >= RouteScope.Host)
            return RouteError.InvalidScope;
        // "scope + 1", at least link: a gateway behind another gateway does not count.
        RouteEntry? way = _local.Lookup(gateway, device, RouteScope.Link) ?? _main.Lookup(gateway, device, RouteScope.Link);
        if (way is null)
            return RouteError.GatewayUnreachable;
        if (way.Type is RouteType.Unreachable or RouteType.Blackhole or RouteType.Prohibit or RouteType.Throw)
            return RouteError.GatewayUnreachable;
        if (way.Type != RouteType.Unicast)
            return RouteError.InvalidGateway;
        device = way.Interface;
        return CheckLink(device);
    }

    // fib_result_prefsrc: what was asked for, else the address that suits the gateway on the device.
    private Ipv4Address SourceOf(RouteEntry entry)
    {
        if (entry.Route.Source is { } source)
            return source;
        return entry.Interface is null ? default : SelectAddress(entry.Interface, entry.Route.Gateway ?? default, entry.Scope);
    }

    private void RefreshSources()
    {
        foreach (RouteEntry entry in _main.All())
            entry.PreferredSource = SourceOf(entry);
        Invalidate();
    }

    private void AddRoutesOf(IpInterface device, InterfaceAddress address)
    {
        AddKernelRoute(_local, device, new Ipv4Prefix(address.Address, 32), RouteType.Local, RouteScope.Host, address.Address);
        if (!device.Device.IsUp)
            return;
        Ipv4Address source = address.Address;
        if (address.Broadcast is { IsLimitedBroadcast: false } broadcast)
            AddKernelRoute(_local, device, new Ipv4Prefix(broadcast, 32), RouteType.Broadcast, RouteScope.Link, source);
        Ipv4Prefix prefix = address.Prefix;
        if (address.Secondary || prefix.Network.Value >> 24 == 0 || address.PrefixLength == 32)
            return;
        if (device.IsLoopback)
            AddKernelRoute(_local, device, prefix, RouteType.Local, RouteScope.Host, source);
        else
            AddKernelRoute(_main, device, prefix, RouteType.Unicast, RouteScope.Link, source);
        // fib_add_ifaddr: the network's own broadcast "when it makes sense"; the all-zero one is gone since 5.14.
        if (address.PrefixLength < 31)
            AddKernelRoute(_local, device, new Ipv4Prefix(prefix.Broadcast, 32), RouteType.Broadcast, RouteScope.Link, source);
    }

    private static void AddKernelRoute(RouteTable table, IpInterface device, Ipv4Prefix prefix, RouteType type, RouteScope scope, Ipv4Address source)
    {
        // fib_magic appends: two interfaces in one network each have their route. The same one twice is not added again.
        foreach (RouteEntry entry in table.RoutesOf(prefix))
        {
            if (ReferenceEquals(entry.Interface, device) && entry.Type == type && entry.Route.Source == source)
                return;
        }

        var route = new Route
        {
            Destination = prefix,
            Type = type,
            Device = device.Device.Name,
            Protocol = RouteProtocol.Kernel,
            Scope = scope,
            Source = source,
        };
        table.TryAdd(new RouteEntry(route, device, source), exclusive: false);
    }

    // fib_del_ifaddr, and fib_sync_down_addr for the routes that prefer the address.
    private void Forget(IpInterface device, InterfaceAddress address)
    {
        _addressCount--;
        int left = _own[address.Address.Value] - 1;
        if (left == 0)
            _own.Remove(address.Address.Value);
        else
            _own[address.Address.Value] = left;

        bool Made(RouteEntry e) => ReferenceEquals(e.Interface, device) && e.Route.Protocol == RouteProtocol.Kernel && e.Route.Source == address.Address;
        _local.RemoveWhere(e => Made(e) && (e.Route.Destination.Length < 32 || e.Type == RouteType.Broadcast || e.Route.Destination.Network == address.Address));
        _main.RemoveWhere(e => Made(e) && e.Route.Destination == address.Prefix);
        if (left == 0)
            _main.RemoveWhere(e => e.Route.Source == address.Address);
    }

    private static Route Describe(RouteEntry entry) =>
        entry.Route with { Scope = entry.Scope, LinkDown = entry.Interface is { Device: { IsUp: true, HasCarrier: false } } };
}
