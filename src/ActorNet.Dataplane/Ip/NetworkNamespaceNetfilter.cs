using System.Diagnostics.CodeAnalysis;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <content>Netfilter: nothing until it is asked for, and then one test a packet until there are rules.</content>
public sealed partial class NetworkNamespace
{
    /// <summary>The namespace's rules and connections; null until <see cref="EnableNetfilter"/>.</summary>
    public NetfilterState? Netfilter { get; private set; }

    [field: MaybeNull]
    internal Rejector Rejections => field ??= new Rejector(this);

    /// <summary>Gives the namespace its netfilter, as loading the modules does; a second call changes nothing.</summary>
    /// <param name="options">Settings; null for the kernel's defaults.</param>
    public NetfilterState EnableNetfilter(NetfilterOptions? options = null) =>
        Netfilter ??= new NetfilterState(this, options ?? new NetfilterOptions(), _options.Seed);

    /// <summary>inet_dev_addr_type, as RTN_*.</summary>
    internal int AddressTypeOf(Ipv4Address address, string? deviceName)
    {
        if (address.IsLimitedBroadcast || address.Value >> 24 == 0)
            return (int)RouteType.Broadcast;
        if (address.IsMulticast)
            return 5;
        return deviceName is null ? (int)Routing.AddressType(address) : (int)Routing.AddressType(address, FindInterface(deviceName));
    }

    /// <summary>inet_select_addr with universe scope: MASQUERADE's source, which is an address of the device alone.</summary>
    internal Ipv4Address SelectMasqueradeSource(string? deviceName, Ipv4Address nextHop) =>
        deviceName is not null && FindInterface(deviceName) is { } device ? Routing.SelectAddress(device, nextHop, RouteScope.Global) : default;

    /// <summary>The first address of a device, which REDIRECT leads to.</summary>
    internal Ipv4Address FirstAddressOf(string? deviceName) =>
        deviceName is not null && FindInterface(deviceName) is { AddressList: [var first, ..] } ? first.Address : default;
}
