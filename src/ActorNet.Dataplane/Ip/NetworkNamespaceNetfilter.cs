using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Netfilter.Established;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <content>Netfilter: nothing until it is asked for, and then one test a packet until there are rules.</content>
public sealed partial class NetworkNamespace
{
    /// <summary>The namespace's rules and connections; null until <see cref="EnableNetfilter"/>.</summary>
    public NetfilterState? Netfilter { get; private set; }

    [field: MaybeNull]
    internal Rejector Rejections => field ??= new Rejector(this);

    [field: MaybeNull]
    internal BridgedInput Bridged => field ??= new BridgedInput(this);

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

    /// <summary>PREROUTING of a frame from its Ethernet header on, fragments put together first. False: it is gone.</summary>
    /// <param name="device">Where it came in.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="headerLength">Length of its IPv4 header.</param>
    internal bool PassPreRouting(IpInterface device, ref Frame frame, ref int headerLength)
    {
        ulong destinationMac = MacAddress.Read(frame.Span).Value;
        ulong sourceMac = MacAddress.Read(frame.Span[MacAddress.Length..]).Value;
        frame.Pull(EthernetView.HeaderLength);
        if (IsFragment(frame.Span) && Netfilter!.IsTracking && !Reassembler.TryAdd(device, ref frame, Now))
            return false;
        if (!Frames.TryMakeWritable(ref frame))
        {
            Drop(device, DropReason.NoBuffer, ref frame);
            return false;
        }

        HookResult result = Netfilter!.PreRouting(ref frame, device, destinationMac == device.Device.Mac.Value, ReceivingLinkGroup);
        headerLength = (frame.Span[0] & 0x0F) * 4;
        // A packet that was put together has no Ethernet header yet.
        frame.Push(EthernetView.HeaderLength);
        EthernetView.Write(frame.Span, new MacAddress(destinationMac), new MacAddress(sourceMac), EtherType.Ipv4);
        if (result.Reason is not { } reason)
            return true;
        Drop(device, reason, ref frame);
        return false;
    }

    /// <summary>INPUT of a packet from its IPv4 header on. False: it is gone.</summary>
    internal bool PassInput(IpInterface device, ref Frame packet) => Passes(Netfilter!.Input(ref packet, device), device, ref packet);

    /// <summary>FORWARD and POSTROUTING of a packet from its IPv4 header on. False: it is gone.</summary>
    internal bool PassForward(IpInterface device, IpInterface egress, Ipv4Address nextHop, ref Frame packet) =>
        Passes(Netfilter!.Forward(ref packet, device, egress), device, ref packet)
        && Passes(Netfilter!.PostRouting(ref packet, egress, nextHop), device, ref packet);

    /// <summary>
    /// OUTPUT and POSTROUTING of a packet made here, from its IPv4 header on; a changed destination gets a route of its own between the two
    /// (ip_route_me_harder). With an error it is gone.
    /// </summary>
    internal SendError PassOutput(ref OutputRoute route, ref Frame packet, bool answersPacket)
    {
        if (!answersPacket && Netfilter!.TakeShortPathOut(ref packet, route.Interface) is { } path)
            return path.Change is { ChangesDestination: true } ? Reroute(ref route, ref packet) : SendError.None;
        // A packet made while another is under way (an ICMP error about it) must not take that one's connection.
        NetfilterState netfilter = Netfilter!;
        NetfilterState.CarriedConnection outer = netfilter.Carried;
        (string? In, string? Out) ports = netfilter.Ports;
        netfilter.Carried = answersPacket ? outer.OfAnswer() : default;
        netfilter.Ports = default;
        SendError error = RunOutput(netfilter, ref route, ref packet);
        netfilter.Carried = outer;
        netfilter.Ports = ports;
        return error;
    }

    private SendError RunOutput(NetfilterState netfilter, ref OutputRoute route, ref Frame packet)
    {
        if (!Frames.TryMakeWritable(ref packet))
        {
            Drop(null, DropReason.NoBuffer, ref packet);
            return SendError.NoBuffers;
        }

        Ipv4Address before = Ipv4Address.Read(packet.Span[16..]);
        if (!Passes(netfilter.Output(ref packet, route.Interface), null, ref packet))
            return SendError.NotPermitted;
        if (Ipv4Address.Read(packet.Span[16..]) != before)
        {
            SendError error = Reroute(ref route, ref packet);
            if (error != SendError.None)
                return error;
        }

        if (!Passes(netfilter.PostRouting(ref packet, route.Interface, route.NextHop), null, ref packet))
            return SendError.NotPermitted;
        // What goes over lo takes its mark along.
        if (!route.Interface.IsLoopback)
            netfilter.Paths.Finish(PathEnd.Sent);
        return SendError.None;
    }

    // ip_route_me_harder. With an error the packet is gone.
    private SendError Reroute(ref OutputRoute route, ref Frame packet)
    {
        SendError error = Output.Route(Ipv4Address.Read(packet.Span[16..]), default, null, out OutputRoute changed);
        if (error != SendError.None)
        {
            Ip.OutNoRoutes++;
            Drop(null, DropReason.NoRoute, ref packet);
            return error;
        }

        route = changed;
        return SendError.None;
    }

    private bool Passes(HookResult result, IpInterface? device, ref Frame packet)
    {
        if (result.Reason is not { } reason)
            return true;
        // Observers of a device see frames: the Ethernet header that it came in with is still in front.
        if (device is not null && packet.Headroom >= EthernetView.HeaderLength)
            packet.Push(EthernetView.HeaderLength);
        Drop(device, reason, ref packet);
        return false;
    }

    internal static bool IsFragment(ReadOnlySpan<byte> packet) => (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0;
}
