using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <content>Devices, addresses, routes and neighbours: what `ip` shows and changes.</content>
public sealed partial class NetworkNamespace
{
    /// <summary>The attached interfaces by interface index.</summary>
    public IReadOnlyList<IpInterface> Interfaces => [.. _interfaces.OrderBy(static i => i.Device.IfIndex)];

    /// <summary>Table main in the order of `ip route`.</summary>
    public IReadOnlyList<Route> Routes => Routing.MainRoutes;

    /// <summary>Table local in the order of `ip route show table local`.</summary>
    public IReadOnlyList<Route> LocalRoutes => Routing.LocalRoutes;

    /// <summary>The neighbours, by interface and address. `ip neigh` shows those of state NOARP only when asked for.</summary>
    public IReadOnlyList<NeighbourInfo> NeighbourEntries
    {
        get
        {
            Time.Instant now = Now;
            return
            [
                .. Neighbours.All
                    .OrderBy(static n => n.Interface.Device.IfIndex)
                    .ThenBy(static n => n.Address)
                    .Select(n => new NeighbourInfo(n.Address, n.Interface.Device.Name, n.IsValid ? n.Mac : null, n.State, now - n.Used, now - n.Confirmed, now - n.Updated, n.Probes)),
            ];
        }
    }

    /// <summary>Takes a device in: its received frames come here from now on. Addresses are added apart.</summary>
    /// <param name="device">The device; its name and index must be new here.</param>
    /// <exception cref="ArgumentException">A device of this name or index is attached.</exception>
    public IpInterface Attach(NetworkDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (_interfaces.Any(i => i.Device.Name == device.Name || i.Device.IfIndex == device.IfIndex))
            throw new ArgumentException($"Namespace {Name} already has a device named '{device.Name}' or of index {device.IfIndex}.", nameof(device));
        var attached = new IpInterface(this, device, _options) { KnownMac = device.Mac, KnownCarrier = device.HasCarrier, KnownMtu = device.Mtu };
        _interfaces.Add(attached);
        if (attached.IsLoopback)
            Loopback = attached;
        device.Upper = attached;
        if (device.IsUp)
            SetUp(attached, true);
        return attached;
    }

    /// <summary>Lets a device go with its addresses, routes and neighbours.</summary>
    /// <param name="device">The device.</param>
    public void Detach(NetworkDevice device)
    {
        IpInterface? attached = FindInterface(device);
        if (attached is null)
            return;
        Flush();
        Netfilter?.PurgeMasqueraded(device.IfIndex, null);
        Neighbours.Flush(attached, keepPermanent: false);
        Routing.DeviceGone(attached);
        Igmp.DeviceGone(attached);
        attached.IsAttached = false;
        attached.KnownUp = false;
        _interfaces.Remove(attached);
        if (ReferenceEquals(Loopback, attached))
            Loopback = null;
        if (ReferenceEquals(device.Upper, attached))
            device.Upper = null;
    }

    /// <summary>
    /// Hears that a device went up or down, got or lost its carrier, or changed its MAC or MTU (inetdev_event, fib_netdev_event,
    /// arp_netdev_event). Ends with a flush.
    /// </summary>
    /// <param name="device">The device.</param>
    public void DeviceChanged(NetworkDevice device)
    {
        IpInterface? attached = FindInterface(device);
        if (attached is null)
            return;
        if (device.IsUp != attached.KnownUp)
            SetUp(attached, device.IsUp);
        if (device.HasCarrier != attached.KnownCarrier)
        {
            attached.KnownCarrier = device.HasCarrier;
            // neigh_carrier_down spares permanent entries.
            if (!device.HasCarrier)
                Neighbours.Flush(attached, keepPermanent: true);
        }

        if (device.Mac != attached.KnownMac)
        {
            attached.KnownMac = device.Mac;
            Neighbours.Flush(attached, keepPermanent: false);
            if (attached.ArpNotify)
                Arp.Announce(attached);
        }

        attached.KnownMtu = device.Mtu;
        Routing.Invalidate();
        Flush();
    }

    /// <summary>The interface of a name, or null.</summary>
    /// <param name="name">Device name.</param>
    public IpInterface? FindInterface(string name)
    {
        foreach (IpInterface candidate in _interfaces)
        {
            if (candidate.Device.Name == name)
                return candidate;
        }

        return null;
    }

    /// <summary>`ip addr add`.</summary>
    /// <param name="device">The interface.</param>
    /// <param name="address">The address.</param>
    public AddressError AddAddress(IpInterface device, InterfaceAddress address)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(address);
        return device.IsAttached ? Routing.AddAddress(device, address) : AddressError.Invalid;
    }

    /// <summary>`ip addr del`.</summary>
    /// <param name="device">The interface.</param>
    /// <param name="address">The address.</param>
    /// <param name="prefixLength">Its prefix length.</param>
    public AddressError RemoveAddress(IpInterface device, Ipv4Address address, int prefixLength)
    {
        ArgumentNullException.ThrowIfNull(device);
        AddressError error = Routing.RemoveAddress(device, address, prefixLength);
        if (error == AddressError.None)
            Netfilter?.PurgeMasqueraded(device.Device.IfIndex, address);
        return error;
    }

    /// <summary>`ip route add`.</summary>
    /// <param name="route">The route.</param>
    public RouteError AddRoute(Route route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return Routing.AddRoute(route, replace: false);
    }

    /// <summary>`ip route replace`.</summary>
    /// <param name="route">The route.</param>
    public RouteError ReplaceRoute(Route route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return Routing.AddRoute(route, replace: true);
    }

    /// <summary>`ip route del`: what is not said is not compared.</summary>
    /// <param name="route">The route.</param>
    public RouteError DeleteRoute(Route route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return Routing.DeleteRoute(route);
    }

    /// <summary>`ip neigh add`, or `ip neigh replace`. What waited for the neighbour leaves: ends with a flush.</summary>
    /// <param name="deviceName">Device name.</param>
    /// <param name="address">IPv4 address.</param>
    /// <param name="mac">Link address; needed for every valid state.</param>
    /// <param name="state">State, by default permanent as in iproute2.</param>
    /// <param name="replace">Whether an entry may be there.</param>
    public NeighbourError SetNeighbour(string deviceName, Ipv4Address address, MacAddress? mac, NeighbourState state = NeighbourState.Permanent, bool replace = true) =>
        Changed(FindInterface(deviceName) is { } device ? Neighbours.Set(device, address, mac, state, replace, Now) : NeighbourError.NoDevice);

    /// <summary>`ip neigh del`. The senders of what waited hear of it: ends with a flush.</summary>
    /// <param name="deviceName">Device name.</param>
    /// <param name="address">IPv4 address.</param>
    public NeighbourError RemoveNeighbour(string deviceName, Ipv4Address address) =>
        Changed(FindInterface(deviceName) is { } device ? Neighbours.Remove(device, address, Now) : NeighbourError.NoDevice);

    /// <inheritdoc/>
    public GroupError JoinGroup(Ipv4Address group, string? device, out int ifIndex)
    {
        ifIndex = 0;
        if (!group.IsMulticast)
            return GroupError.NotMulticast;
        IpInterface? attached = device is not null ? FindInterface(device)
            : Output.Route(group, default, null, out OutputRoute route) == SendError.None ? route.Interface : null;
        if (attached is null)
            return GroupError.NoDevice;
        ifIndex = attached.Device.IfIndex;
        return Igmp.Join(attached, group, Now);
    }

    /// <inheritdoc/>
    public void LeaveGroup(Ipv4Address group, int ifIndex)
    {
        if (_interfaces.Find(i => i.Device.IfIndex == ifIndex) is { } attached)
            Igmp.Leave(attached, group, Now);
    }

    private NeighbourError Changed(NeighbourError answer)
    {
        Flush();
        return answer;
    }

    private IpInterface? FindInterface(NetworkDevice device) => _interfaces.Find(i => ReferenceEquals(i.Device, device));

    private void SetUp(IpInterface device, bool up)
    {
        device.KnownUp = up;
        if (!up)
        {
            Netfilter?.PurgeMasqueraded(device.Device.IfIndex, null);
            Neighbours.Flush(device, keepPermanent: false);
            Routing.DeviceDown(device);
            return;
        }

        // inetdev_event NETDEV_UP: lo gets its address by itself.
        if (device.IsLoopback && device.AddressList.Count == 0)
            Routing.AddAddress(device, new InterfaceAddress { Address = Ipv4Address.Loopback, PrefixLength = 8, Scope = RouteScope.Host });
        Routing.DeviceUp(device);
        if (device.ArpNotify)
            Arp.Announce(device);
    }
}
