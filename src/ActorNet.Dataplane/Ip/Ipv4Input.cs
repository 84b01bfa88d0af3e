using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Netfilter.Established;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <summary>
/// IPv4 input: header checks (linux net/ipv4/ip_input.c ip_rcv_core), the routing decision (net/ipv4/route.c ip_route_input_slow), then
/// local delivery or forwarding.
/// </summary>
internal sealed class Ipv4Input(NetworkNamespace owner, NamespaceOptions options)
{
    private const int EthernetLength = EthernetView.HeaderLength;

    private readonly FlowCache _flows = new(options.FlowCacheSize);
    private readonly ITransportProtocol?[] _protocols = new ITransportProtocol?[256];

    internal void Register(IpProtocol protocol, ITransportProtocol handler) => _protocols[(byte)protocol] = handler;

    internal ITransportProtocol? ProtocolOf(IpProtocol protocol) => _protocols[(byte)protocol];

    /// <summary>Takes an Ethernet frame with EtherType IPv4 that is for us or for a group.</summary>
    /// <param name="device">Where it came in.</param>
    /// <param name="toUs">Whether the destination MAC is the device's, and not a group's.</param>
    /// <param name="frame">The frame, taken over.</param>
    internal void Receive(IpInterface device, bool toUs, ref Frame frame)
    {
        owner.Ip.InReceives += frame.Count;
        if (!Check(device, ref frame, out int headerLength))
            return;
        if (owner.Netfilter is { } netfilter)
        {
            if (netfilter.TakeShortPath(ref frame, device, toUs) is { } path)
            {
                PassEstablished(device, path, ref frame);
                return;
            }

            if (!owner.PassPreRouting(device, ref frame, ref headerLength))
                return;
        }

        ReceiveRouted(device, toUs, headerLength, ref frame);
    }

    /// <summary>Takes a frame that has passed all hooks by its connection's path: to a neighbour or to a socket.</summary>
    internal void PassEstablished(IpInterface device, EstablishedPath path, ref Frame frame)
    {
        if (path.End == PathEnd.Forwarded)
        {
            owner.Forwarding.ForwardEstablished(path, ref frame);
            return;
        }

        frame.Pull(EthernetLength);
        DeliverTransport(device, Ipv4Address.Read(frame.Span[16..]), Ipv4View.MinHeaderLength, false, ref frame);
    }

    /// <summary>Takes a checked frame that has passed PREROUTING (ip_rcv_finish).</summary>
    internal void ReceiveRouted(IpInterface device, bool toUs, int headerLength, ref Frame frame)
    {
        Span<byte> packet = frame.Span[EthernetLength..];
        Ipv4Address source = Ipv4Address.Read(packet[12..]);
        Ipv4Address destination = Ipv4Address.Read(packet[16..]);
        if ((frame.Flags & FrameFlags.LoopedBack) != 0)
        {
            frame.Flags &= ~FrameFlags.LoopedBack;
            Deliver(device, destination, headerLength, ref frame);
            return;
        }

        ref FlowEntry flow = ref _flows.Slot(source, destination, device.Device.IfIndex);
        bool cached = flow.Generation == owner.Routing.Generation && flow.Addresses == FlowCache.Key(source, destination)
            && flow.InterfaceIndex == device.Device.IfIndex;
        if (cached && headerLength == Ipv4View.MinHeaderLength)
        {
            if (flow.Verdict == FlowVerdict.Local)
            {
                Deliver(device, destination, headerLength, ref frame);
                return;
            }

            if (toUs && owner.Netfilter is null && TryForwardFast(ref flow, ref frame, packet))
                return;
        }

        if (headerLength > Ipv4View.MinHeaderLength && !CheckOptions(device, ref frame, headerLength))
            return;
        RouteAndPass(device, toUs, source, destination, headerLength, ref frame);
    }

    /// <summary>Whether a packet with these addresses would be delivered here, unicast: what arp_process asks the routing for.</summary>
    internal bool WouldDeliver(IpInterface device, Ipv4Address source, Ipv4Address destination) =>
        owner.Routing.IsLocal(destination) && Validate(device, source, destination) == Verdict.Local;

    /// <summary>Whether a packet that came in by a device is routed out by it again, and to which next hop.</summary>
    internal bool RoutesBack(IpInterface device, Ipv4Address source, Ipv4Address destination, out Ipv4Address nextHop)
    {
        bool back = Decide(device, source, destination, out RouteEntry? route) == Verdict.Forward && ReferenceEquals(route!.Interface, device);
        nextHop = back ? route!.Route.Gateway ?? destination : default;
        return back;
    }

    /// <summary>ip_local_deliver. The frame begins with its Ethernet header.</summary>
    internal void Deliver(IpInterface device, Ipv4Address destination, int headerLength, ref Frame frame)
    {
        bool isToLinkGroup = (frame.Span[0] & 1) != 0;
        frame.Pull(EthernetLength);
        ushort fragment = BinaryPrimitives.ReadUInt16BigEndian(frame.Span[6..]);
        if ((fragment & 0x3FFF) != 0)
        {
            if (!owner.Reassembler.TryAdd(device, ref frame, owner.Now))
                return;
            headerLength = (frame.Span[0] & 0x0F) * 4;
        }

        if (owner.Netfilter is null || owner.PassInput(device, ref frame))
            DeliverTransport(device, destination, headerLength, isToLinkGroup, ref frame);
    }

    // ip_local_deliver_finish. Its source may not be the one that it came with.
    private void DeliverTransport(IpInterface device, Ipv4Address destination, int headerLength, bool isToLinkGroup, ref Frame frame)
    {
        byte protocol = frame.Span[9];
        var info = new DeliveryInfo(Ipv4Address.Read(frame.Span[12..]), destination, headerLength, frame.Span[8], device.Device.IfIndex, isToLinkGroup);
        if (protocol == (byte)IpProtocol.Icmp)
        {
            owner.Ip.InDelivers++;
            owner.Icmp.Receive(device, info, ref frame);
            return;
        }

        if (protocol == (byte)IpProtocol.Igmp)
        {
            owner.Ip.InDelivers++;
            owner.Igmp.Receive(device, info, ref frame);
            return;
        }

        if (_protocols[protocol] is { } handler)
        {
            owner.Ip.InDelivers += frame.Count;
            handler.Receive(info, ref frame);
            return;
        }

        owner.Ip.InUnknownProtos++;
        owner.Icmp.Report(frame, device, IcmpType.DestinationUnreachable, 2, 0);
        owner.Drop(device, DropReason.NoSocket, ref frame);
    }

    private enum Verdict : byte
    {
        Local,
        Broadcast,
        Forward,
        MartianSource,
        MartianDestination,
        NoRoute,
        HostUnreachable,
        Prohibited,
        Silent,
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryForwardFast(ref FlowEntry flow, ref Frame frame, Span<byte> packet)
    {
        Neighbour? neighbour = flow.Neighbour;
        if (flow.Verdict != FlowVerdict.Forward || neighbour is null || !neighbour.IsConnected || packet[8] <= 1
            || packet.Length > flow.Mtu || (frame.Flags & FrameFlags.Shared) != 0)
        {
            return false;
        }

        DecrementTimeToLive(packet);
        neighbour.WriteAddresses(frame.Span);
        owner.Ip.ForwDatagrams += frame.Count;
        owner.Transmit(flow.Interface!, ref frame);
        return true;
    }

    // The TTL is the high octet of its word, so the checksum rises by 0x0100; 0xFFFF is written as 0 (linux include/net/ip.h ip_decrease_ttl).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void DecrementTimeToLive(Span<byte> packet)
    {
        packet[8]--;
        uint sum = (uint)BinaryPrimitives.ReadUInt16BigEndian(packet[10..]) + 0x0100;
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], (ushort)(sum + (sum >= 0xFFFF ? 1u : 0u)));
    }

    // ip_rcv_core, in its order: length, version and header length, checksum, total length; then the link padding goes.
    internal bool Check(IpInterface device, ref Frame frame, out int headerLength)
    {
        ReadOnlySpan<byte> packet = frame.Span[EthernetLength..];
        headerLength = 0;
        DropReason reason = DropReason.BadIpHeader;
        if (packet.Length >= Ipv4View.MinHeaderLength)
        {
            headerLength = (packet[0] & 0x0F) * 4;
            if (packet[0] >> 4 == 4 && headerLength >= Ipv4View.MinHeaderLength && headerLength <= packet.Length)
            {
                int totalLength = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
                if (!HeaderVerifies(packet, headerLength))
                {
                    reason = DropReason.BadIpChecksum;
                }
                else if (totalLength > packet.Length)
                {
                    owner.Ip.InTruncatedPkts++;
                    owner.Drop(device, reason, ref frame);
                    return false;
                }
                else if (totalLength >= headerLength)
                {
                    frame.Length = EthernetLength + totalLength;
                    return true;
                }
            }
        }

        owner.Ip.InHdrErrors++;
        owner.Drop(device, reason, ref frame);
        return false;
    }

    // The sum of a header that verifies is all ones in either byte order (RFC 1071, 2(B)), so machine words do.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool HeaderVerifies(ReadOnlySpan<byte> packet, int headerLength)
    {
        if (headerLength != Ipv4View.MinHeaderLength)
            return InternetChecksum.Compute(packet[..headerLength]) == 0;
        ReadOnlySpan<byte> header = packet[..Ipv4View.MinHeaderLength];
        ulong sum = 0;
        for (int i = 0; i < 20; i += 4)
            sum += Unsafe.ReadUnaligned<uint>(ref Unsafe.AsRef(in header[i]));
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        return sum + (sum >> 16) == 0xFFFF;
    }

    // ip_rcv_options, ip_options_compile: the list must be well formed; source routes are refused, as accept_source_route is 0.
    private bool CheckOptions(IpInterface device, ref Frame frame, int headerLength)
    {
        ReadOnlySpan<byte> header = frame.Span.Slice(EthernetLength, headerLength);
        int bad = FirstBadOption(header, out bool sourceRoute);
        if (bad < 0 && !sourceRoute)
            return true;
        owner.Ip.InHdrErrors++;
        if (bad >= 0)
        {
            Frame packet = frame;
            packet.Pull(EthernetLength);
            owner.Icmp.Report(packet, device, IcmpType.ParameterProblem, 0, (uint)bad << 24);
        }

        owner.Drop(device, DropReason.BadIpHeader, ref frame);
        return false;
    }

    private static int FirstBadOption(ReadOnlySpan<byte> header, out bool sourceRoute)
    {
        sourceRoute = false;
        int at = Ipv4View.MinHeaderLength;
        while (at < header.Length)
        {
            byte kind = header[at];
            if (kind == 0)
                return -1;
            if (kind == 1)
            {
                at++;
                continue;
            }

            if (at + 1 >= header.Length)
                return at;
            int length = header[at + 1];
            if (length < 2 || at + length > header.Length)
                return at;
            // RFC 791: loose source route 131, strict source route 137.
            sourceRoute |= kind is 131 or 137;
            at += length;
        }

        return -1;
    }

    private void RouteAndPass(IpInterface device, bool toUs, Ipv4Address source, Ipv4Address destination, int headerLength, ref Frame frame)
    {
        Verdict verdict = Decide(device, source, destination, out RouteEntry? route);
        switch (verdict)
        {
            case Verdict.Local:
                if (toUs || device.IsLoopback)
                    Remember(device, source, destination, FlowVerdict.Local, null, null);
                Deliver(device, destination, headerLength, ref frame);
                break;
            case Verdict.Broadcast:
                Deliver(device, destination, headerLength, ref frame);
                break;
            case Verdict.Forward when !toUs:
                // ip_forward: a frame that the link broadcast is never forwarded (RFC 1812, 5.3.4).
                owner.Ip.InDiscards++;
                owner.Drop(device, DropReason.OtherHost, ref frame);
                break;
            case Verdict.Forward:
                frame.Pull(EthernetLength);
                owner.Forwarding.Forward(device, route!, destination, ref frame, out IpInterface? egress, out Neighbour? neighbour);
                if (neighbour is not null)
                    Remember(device, source, destination, FlowVerdict.Forward, egress, neighbour);
                break;
            case Verdict.MartianSource:
                owner.Ip.InAddrErrors++;
                owner.Drop(device, DropReason.MartianSource, ref frame);
                break;
            case Verdict.MartianDestination:
                owner.Ip.InAddrErrors++;
                owner.Drop(device, DropReason.MartianDestination, ref frame);
                break;
            default:
                Refuse(device, verdict, ref frame);
                break;
        }
    }

    private void Remember(IpInterface device, Ipv4Address source, Ipv4Address destination, FlowVerdict verdict, IpInterface? egress, Neighbour? neighbour)
    {
        ref FlowEntry flow = ref _flows.Slot(source, destination, device.Device.IfIndex);
        flow = new FlowEntry
        {
            Addresses = FlowCache.Key(source, destination),
            InterfaceIndex = device.Device.IfIndex,
            Generation = owner.Routing.Generation,
            Verdict = verdict,
            Interface = egress,
            Neighbour = neighbour,
            Mtu = egress?.Device.Mtu ?? 0,
        };
    }

    // ip_error: without forwarding a host says nothing; a router says why, within the cost of error messages to that source.
    private void Refuse(IpInterface device, Verdict verdict, ref Frame frame)
    {
        if (!options.IpForward)
        {
            owner.Ip.InAddrErrors++;
            owner.Drop(device, DropReason.ForwardingDisabled, ref frame);
            return;
        }

        byte? code = verdict switch
        {
            Verdict.NoRoute => 0,
            Verdict.HostUnreachable => 1,
            Verdict.Prohibited => 13,
            _ => null,
        };
        if (verdict == Verdict.NoRoute)
            owner.Ip.InNoRoutes++;
        if (code is { } c)
        {
            Frame packet = frame;
            packet.Pull(EthernetLength);
            if (owner.Icmp.MayReportRoutingError(packet))
                owner.Icmp.Report(packet, device, IcmpType.DestinationUnreachable, c, 0);
        }

        owner.Drop(device, DropReason.NoRoute, ref frame);
    }

    // ip_route_input_slow
    private Verdict Decide(IpInterface device, Ipv4Address source, Ipv4Address destination, out RouteEntry? route)
    {
        route = null;
        // Our own packets over lo bring their routing decision along.
        if (device.IsLoopback)
            return owner.Routing.IsLocal(destination) ? Verdict.Local : destination.IsMulticast || owner.Routing.IsBroadcast(destination) ? Verdict.Broadcast : Verdict.MartianDestination;
        if (source.IsMulticast || source.IsLimitedBroadcast)
            return Verdict.MartianSource;
        if (destination.IsMulticast)
            return DecideMulticast(device, source, destination);
        if (destination.IsLimitedBroadcast || (source.IsAny && destination.IsAny))
            return ValidateBroadcast(device, source);
        if (source.Value >> 24 == 0)
            return Verdict.MartianSource;
        if (destination.Value >> 24 == 0 || destination.IsLoopback)
            return Verdict.MartianDestination;
        if (source.IsLoopback)
            return Verdict.MartianSource;
        route = owner.Routing.Lookup(destination);
        switch (route?.Type)
        {
            case null:
                return options.IpForward ? Verdict.NoRoute : Verdict.HostUnreachable;
            case RouteType.Broadcast:
                return ValidateBroadcast(device, source);
            case RouteType.Local:
                return Validate(device, source, destination);
            case RouteType.Unicast:
                if (!options.IpForward)
                    return Verdict.HostUnreachable;
                return ValidateSource(device, source) ? Verdict.Forward : Verdict.MartianSource;
            case RouteType.Unreachable:
                return Verdict.HostUnreachable;
            case RouteType.Prohibit:
                return Verdict.Prohibited;
            default:
                return Verdict.Silent;
        }
    }

    private Verdict Validate(IpInterface device, Ipv4Address source, Ipv4Address destination)
    {
        if (device.IsLoopback)
            return Verdict.Local;
        if (destination.IsLoopback)
            return Verdict.MartianDestination;
        if (source.IsMulticast || source.IsLimitedBroadcast || source.Value >> 24 == 0 || source.IsLoopback)
            return Verdict.MartianSource;
        return ValidateSource(device, source) ? Verdict.Local : Verdict.MartianSource;
    }

    // brd_input: 0.0.0.0 may broadcast (DHCP), everybody else must be valid.
    private Verdict ValidateBroadcast(IpInterface device, Ipv4Address source) =>
        source.IsAny || (source.Value >> 24 != 0 && !source.IsLoopback && ValidateSource(device, source)) ? Verdict.Broadcast : Verdict.MartianSource;

    // ip_check_mc_rcu, then ip_mc_validate_source.
    private Verdict DecideMulticast(IpInterface device, Ipv4Address source, Ipv4Address destination)
    {
        if (!owner.Groups.Contains(device, destination))
            return Verdict.MartianDestination;
        return source.IsLoopback ? Verdict.MartianSource : ValidateBroadcast(device, source);
    }

    // fib_validate_source: our own address as a source is martian; with rp_filter the way back must suit.
    private bool ValidateSource(IpInterface device, Ipv4Address source)
    {
        if (owner.Routing.IsOwnAddress(source))
            return false;
        if (device.ReversePathFilter == ReversePathFilter.Off)
            return true;
        RouteEntry? back = owner.Routing.Lookup(source);
        return back is { Type: RouteType.Unicast } && (device.ReversePathFilter == ReversePathFilter.Loose || ReferenceEquals(back.Interface, device));
    }
}
