using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <summary>A routing decision for a local packet. The neighbour is there when it was known at that time and the next hop is one.</summary>
internal readonly record struct OutputRoute(IpInterface Interface, Ipv4Address NextHop, Ipv4Address Source, int PathMtu, bool IsBroadcast, Neighbour? Neighbour = null);

/// <summary>IPv4 output of local packets (linux net/ipv4/route.c ip_route_output_key_hash_rcu, net/ipv4/ip_output.c) and fragmentation.</summary>
internal sealed class Ipv4Output(NetworkNamespace owner, NamespaceOptions options)
{
    private const int HeaderLength = Ipv4View.MinHeaderLength;

    // A namespace talks to few peers at a time: a small direct-mapped cache, made with the first packet.
    private const int CachedRoutes = 64;

    private readonly IdentificationSource _identification = new(options.Seed);
    private (ulong Addresses, uint Generation, OutputRoute Route)[]? _routes;

    /// <summary>Sends a transport payload; the frame is taken whatever the answer.</summary>
    internal SendError Send(in Ipv4SendRequest request, ref Frame payload)
    {
        owner.Ip.OutRequests += payload.Count;
        SendError error = Prepare(request, payload, out OutputRoute route);
        if (error != SendError.None)
        {
            if (error is SendError.NetworkUnreachable or SendError.HostUnreachable)
                owner.Ip.OutNoRoutes++;
            else
                owner.Ip.OutDiscards++;
            if (error == SendError.MessageTooLong)
                owner.Ip.FragFails++;
            owner.Drop(null, ReasonOf(error), ref payload);
            return error;
        }

        return SendBy(route, request, ref payload);
    }

    /// <summary>Sends a payload by a route that was asked for before; takes the payload.</summary>
    /// <param name="route">The route.</param>
    /// <param name="request">Header fields.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="answersPacket">Whether it answers the packet that is under way: then it belongs to that one's connection (nf_ct_attach).</param>
    internal SendError SendBy(OutputRoute route, in Ipv4SendRequest request, ref Frame payload, bool answersPacket = false)
    {
        payload.Push(HeaderLength);
        new Ipv4Header
        {
            Source = route.Source,
            Destination = request.Destination,
            Protocol = request.Protocol,
            TotalLength = payload.Length,
            Identification = request.DontFragment ? (ushort)0 : _identification.Next(route.Source, request.Destination, request.Protocol, owner.Now),
            TypeOfService = request.TypeOfService,
            TimeToLive = request.TimeToLive != 0 ? request.TimeToLive : DefaultTimeToLive(request.Destination),
            DontFragment = request.DontFragment,
        }.Write(payload.Span);
        if (owner.Netfilter is not null)
        {
            SendError refused = owner.PassOutput(ref route, ref payload, answersPacket);
            if (refused != SendError.None)
                return refused;
        }

        if (request.Destination.IsMulticast && !request.NoMulticastLoop && owner.Groups.Contains(route.Interface, request.Destination))
            LoopBack(route.Interface, request.Destination, payload);
        if (payload.Length <= route.PathMtu && route.Neighbour is { } neighbour)
            owner.Neighbours.Send(neighbour, ref payload, owner.Now);
        else if (payload.Length > route.PathMtu)
            Fragment(route.Interface, route.NextHop, ref payload, route.PathMtu);
        else
            ToLink(route.Interface, route.NextHop, ref payload);
        return SendError.None;
    }

    /// <summary>Sends a packet that answers the one under way and has its IPv4 header; takes the packet.</summary>
    internal void SendPacket(OutputRoute route, ref Frame packet)
    {
        owner.Ip.OutRequests++;
        if (owner.Netfilter is not null && owner.PassOutput(ref route, ref packet, answersPacket: true) != SendError.None)
            return;
        ToLink(route.Interface, route.NextHop, ref packet);
    }

    /// <summary>By which device, to which next hop, from which address: from the cache while the routing generation stands.</summary>
    internal SendError Route(Ipv4Address destination, Ipv4Address source, string? deviceName, out OutputRoute route)
    {
        if (deviceName is not null)
            return Decide(destination, source, deviceName, out route);
        _routes ??= new (ulong, uint, OutputRoute)[CachedRoutes];
        ulong key = FlowCache.Key(source, destination);
        ref (ulong Addresses, uint Generation, OutputRoute Route) cached = ref _routes[(int)((key * 0x9E37_79B9_7F4A_7C15) >> 58)];
        if (cached.Generation == owner.Routing.Generation && cached.Addresses == key && cached.Route.Neighbour is not { IsValid: false })
        {
            route = cached.Route;
            return SendError.None;
        }

        SendError error = Decide(destination, source, null, out route);
        if (error != SendError.None || route.IsBroadcast || route.NextHop.IsMulticast || owner.PathMtus.Find(destination, owner.Now) is not null)
            return error;
        if (!route.Interface.IsLoopback)
        {
            // Until the neighbour is known the long way is taken, which makes it known.
            if (owner.Neighbours.Find(route.Interface, route.NextHop) is not { IsValid: true } neighbour)
                return error;
            route = route with { Neighbour = neighbour };
        }

        cached = (key, owner.Routing.Generation, route);
        return error;
    }

    // ip_route_output_key_hash_rcu
    private SendError Decide(Ipv4Address destination, Ipv4Address source, string? deviceName, out OutputRoute route)
    {
        route = default;
        if (!source.IsAny && !owner.Routing.IsLocal(source))
            return SendError.InvalidArgument;
        IpInterface? device = null;
        if (deviceName is not null)
        {
            device = owner.FindInterface(deviceName);
            if (device is not { Device.IsUp: true })
                return SendError.NetworkUnreachable;
        }

        // Sending to 0.0.0.0 is sending to oneself.
        if (destination.IsAny)
            destination = source.IsAny ? Ipv4Address.Loopback : source;
        bool group = destination.IsMulticast || destination.IsLimitedBroadcast;
        if (device is not null && group)
            return Finish(device, destination, destination, source, default, destination.IsLimitedBroadcast, out route);
        RouteEntry? entry = owner.Routing.Lookup(destination, device);
        if (entry is null)
        {
            // "Apparently, routing tables are wrong. Assume, that the destination is on link."
            return device is null ? SendError.NetworkUnreachable : Finish(device, destination, destination, source, default, false, out route);
        }

        switch (entry.Type)
        {
            case RouteType.Unreachable:
                return SendError.HostUnreachable;
            case RouteType.Prohibit:
                return SendError.AccessDenied;
            case RouteType.Blackhole:
                return SendError.InvalidArgument;
            case RouteType.Local:
                if (owner.Loopback is not { Device.IsUp: true } loopback)
                    return SendError.NetworkUnreachable;
                // 127.0.0.0/8 has the source that its route names; an own address talks to itself.
                Ipv4Address self = entry.Route.Destination.Length < 32 && entry.Route.Source is { } named ? named : destination;
                return Finish(loopback, destination, destination, source, self, false, out route);
            default:
                return Finish(entry.Interface!, destination, entry.Route.Gateway ?? destination, source, entry.PreferredSource, entry.Type == RouteType.Broadcast || destination.IsLimitedBroadcast, out route);
        }
    }

    /// <summary>Cuts a packet into fragments for an MTU and sends them (ip_do_fragment); takes the packet.</summary>
    /// <param name="egress">Device.</param>
    /// <param name="nextHop">Next hop.</param>
    /// <param name="packet">From the IPv4 header on; may itself be a fragment.</param>
    /// <param name="mtu">The MTU in bytes.</param>
    /// <param name="bridging">Takes the fragments of a packet that a bridge has to send; null for a packet that is routed.</param>
    /// <param name="link">Their destination and source, when a bridge sends them.</param>
    internal void Fragment(IpInterface egress, Ipv4Address nextHop, ref Frame packet, int mtu, BridgedInput? bridging = null, (MacAddress Destination, MacAddress Source) link = default)
    {
        int headerLength = (packet.Span[0] & 0x0F) * 4;
        // RFC 791: every fragment but the last carries a multiple of 8.
        int room = (mtu - headerLength) & ~7;
        if (room < 8)
        {
            owner.Ip.FragFails++;
            owner.Drop(egress, DropReason.TooBig, ref packet);
            return;
        }

        ushort field = BinaryPrimitives.ReadUInt16BigEndian(packet.Span[6..]);
        int firstUnit = field & 0x1FFF;
        bool moreBehind = (field & 0x2000) != 0;
        int total = packet.Length - headerLength;
        for (int at = 0; at < total; at += room)
        {
            int length = Math.Min(room, total - at);
            bool more = moreBehind || at + length < total;
            if (!TryMakeFragment(packet, headerLength, at, length, (ushort)((field & 0xC000) | (more ? 0x2000 : 0) | (firstUnit + (at / 8))), out Frame fragment))
            {
                owner.Ip.FragFails++;
                owner.Drop(egress, DropReason.NoBuffer, ref packet);
                return;
            }

            owner.Ip.FragCreates++;
            if (bridging is null)
                ToLink(egress, nextHop, ref fragment);
            else
                bridging.Return(egress, link.Destination, link.Source, ref fragment);
        }

        owner.Ip.FragOKs++;
        owner.Frames.Release(ref packet);
    }

    /// <summary>Gives a packet from its IPv4 header on to a link: over lo, to a group, or to a neighbour (ip_finish_output2). Takes the packet.</summary>
    internal void ToLink(IpInterface egress, Ipv4Address nextHop, ref Frame packet)
    {
        if (egress.IsLoopback)
        {
            // lo has an Ethernet header of zero addresses, as a capture on it shows.
            ToMac(egress, MacAddress.Zero, ref packet);
            return;
        }

        if (nextHop.IsMulticast)
            ToMac(egress, GroupMac(nextHop), ref packet);
        else if (owner.Routing.IsBroadcast(nextHop))
            ToMac(egress, MacAddress.Broadcast, ref packet);
        else if (owner.Neighbours.FindOrCreate(egress, nextHop, owner.Now) is { } neighbour)
            owner.Neighbours.Send(neighbour, ref packet, owner.Now);
        else
            owner.Drop(egress, DropReason.NeighbourFailed, ref packet);
    }

    // ip_mc_output, dev_loopback_xmit: members here get a copy, whole, before the packet is cut for the link.
    private void LoopBack(IpInterface egress, Ipv4Address group, in Frame packet)
    {
        if (egress.IsLoopback)
            return;
        if (!owner.Frames.TryCopy(packet, out Frame copy))
        {
            owner.CountLocalDrop(DropReason.NoBuffer);
            return;
        }

        copy.Push(EthernetView.HeaderLength);
        EthernetView.Write(copy.Span, GroupMac(group), egress.Device.Mac, EtherType.Ipv4);
        copy.Flags |= FrameFlags.LoopedBack;
        owner.ReceiveLater(egress, ref copy);
    }

    // ip_eth_mc_map: RFC 1112 6.4 puts the low 23 bits behind 01-00-5e.
    private static MacAddress GroupMac(Ipv4Address group) => new(0x0100_5E00_0000UL | (group.Value & 0x7F_FFFF));

    private void ToMac(IpInterface egress, MacAddress destination, ref Frame packet)
    {
        packet.Push(EthernetView.HeaderLength);
        EthernetView.Write(packet.Span, destination, egress.IsLoopback ? MacAddress.Zero : egress.Device.Mac, EtherType.Ipv4);
        owner.Transmit(egress, ref packet);
    }

    private SendError Prepare(in Ipv4SendRequest request, in Frame payload, out OutputRoute route)
    {
        route = default;
        if (payload.Headroom < EthernetView.HeaderLength + HeaderLength)
            return SendError.InvalidArgument;
        if (payload.Length + HeaderLength > 65_535)
            return SendError.MessageTooLong;
        SendError error = Route(request.Destination, request.Source, request.Device, out route);
        if (error != SendError.None)
            return error;
        if (route.IsBroadcast && !request.AllowBroadcast)
            return SendError.AccessDenied;
        return request.DontFragment && payload.Length + HeaderLength > route.PathMtu ? SendError.MessageTooLong : SendError.None;
    }

    private SendError Finish(IpInterface device, Ipv4Address destination, Ipv4Address nextHop, Ipv4Address asked, Ipv4Address preferred, bool broadcast, out OutputRoute route)
    {
        Ipv4Address source = !asked.IsAny ? asked : !preferred.IsAny ? preferred : owner.Routing.SelectAddress(device, nextHop, RouteScope.Link);
        int mtu = device.Device.Mtu;
        if (!device.IsLoopback && owner.PathMtus.Find(destination, owner.Now) is { } learned)
            mtu = Math.Min(mtu, learned);
        route = new OutputRoute(device, nextHop, source, mtu, broadcast);
        return SendError.None;
    }

    // ip_select_ttl: multicast goes one hop unless asked otherwise (IP_MULTICAST_TTL).
    private byte DefaultTimeToLive(Ipv4Address destination) => destination.IsMulticast ? (byte)1 : options.DefaultTimeToLive;

    private bool TryMakeFragment(in Frame packet, int headerLength, int at, int length, ushort field, out Frame fragment)
    {
        if (!owner.Frames.TryRentFrame(headerLength + length, out fragment))
            return false;
        Span<byte> bytes = fragment.Span;
        packet.Span[..headerLength].CopyTo(bytes);
        packet.Span.Slice(headerLength + at, length).CopyTo(bytes[headerLength..]);
        fragment.Flags = packet.Flags & FrameFlags.Traced;
        // Options without the copied bit stay in the first fragment only (ip_options_fragment blanks them with no-operation).
        if ((field & 0x1FFF) != 0 && headerLength > HeaderLength)
            BlankOptions(bytes[HeaderLength..headerLength]);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)(headerLength + length));
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], field);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], InternetChecksum.Compute(bytes[..headerLength]));
        return true;
    }

    private static void BlankOptions(Span<byte> options)
    {
        int at = 0;
        while (at < options.Length && options[at] != 0)
        {
            int length = options[at] == 1 || at + 1 >= options.Length ? 1 : options[at + 1];
            if (length < 1 || at + length > options.Length)
                return;
            if ((options[at] & 0x80) == 0)
                options.Slice(at, length).Fill(1);
            at += length;
        }
    }

    private static DropReason ReasonOf(SendError error) => error switch
    {
        SendError.MessageTooLong => DropReason.FragmentationNeeded,
        SendError.NetworkUnreachable or SendError.HostUnreachable => DropReason.NoRoute,
        SendError.InvalidArgument => DropReason.MartianSource,
        _ => DropReason.NoRoute,
    };
}
