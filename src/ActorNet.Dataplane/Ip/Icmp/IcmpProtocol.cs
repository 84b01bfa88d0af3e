using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Icmp;

/// <summary>ICMP of a namespace (RFC 792, 1122 3.2.2, 1812 4.3; linux net/ipv4/icmp.c): echo replies, errors sent, errors received.</summary>
internal sealed class IcmpProtocol(NetworkNamespace owner, NamespaceOptions options)
{
    // RFC 1812 4.3.2.3: an error quotes as much as fits 576 bytes in all.
    private const int MaxErrorLength = 576;
    private const int HighestType = 18;

    // __icmp_send: the source when the namespace has no address at all (RFC 7600, INADDR_DUMMY 192.0.0.8).
    private static readonly Ipv4Address Dummy = new(0xC000_0008);

    private readonly IcmpRateLimit _limit = new(options);

    /// <summary>icmp_rcv. The packet begins with its IPv4 header; taken over.</summary>
    internal void Receive(IpInterface device, in DeliveryInfo info, ref Frame packet)
    {
        owner.IcmpCounters.InMsgs++;
        if (IcmpView.TryParse(packet.Span[info.HeaderLength..], out IcmpView icmp) != ParseError.None)
        {
            owner.IcmpCounters.InErrors++;
            owner.Drop(device, DropReason.BadTransportHeader, ref packet);
            return;
        }

        if (!icmp.HasValidChecksum)
        {
            owner.IcmpCounters.InErrors++;
            owner.IcmpCounters.InCsumErrors++;
            owner.Drop(device, DropReason.BadTransportChecksum, ref packet);
            return;
        }

        owner.IcmpCounters.CountIn((byte)icmp.Type);
        if ((byte)icmp.Type > HighestType)
        {
            // RFC 1122 3.2.2: unknown types are silently discarded.
            owner.IcmpCounters.InErrors++;
            owner.Drop(device, DropReason.BadTransportHeader, ref packet);
            return;
        }

        // icmp_echo_ignore_broadcasts is 1; RFC 1122 3.2.2.6 and RFC 1812 4.3.3.6 allow it.
        bool group = info.Destination.IsMulticast || owner.Routing.IsBroadcast(info.Destination);
        if (icmp.Type == IcmpType.EchoRequest)
        {
            if (group || options.IgnoreEcho)
                owner.Drop(device, DropReason.NoSocket, ref packet);
            else
                Reply(device, info, ref packet);
            return;
        }

        if (icmp.IsError)
        {
            // icmp_unreach and its like tell the transport and consume the packet: an error that arrived is no drop.
            ReceiveError(info, icmp);
            owner.Frames.Release(ref packet);
            return;
        }

        if (owner.Input.ProtocolOf(IpProtocol.Icmp) is { } handler)
            handler.Receive(info, ref packet);
        else
            owner.Frames.Release(ref packet);
    }

    /// <summary>Whether ip_error's own limit lets a routing error go out about this packet.</summary>
    internal bool MayReportRoutingError(in Frame packet)
    {
        bool allowed = _limit.TryTakeRoutingError(Ipv4Address.Read(packet.Span[12..]), owner.Now);
        if (!allowed)
            owner.IcmpCounters.OutRateLimitHost++;
        return allowed;
    }

    /// <summary>icmp_send: answers a packet with an error, when that is allowed.</summary>
    /// <param name="packet">The packet from its IPv4 header on; stays the caller's.</param>
    /// <param name="device">Where it came in, or was to leave.</param>
    /// <param name="type">Type.</param>
    /// <param name="code">Code.</param>
    /// <param name="rest">The second four bytes.</param>
    internal void Report(in Frame packet, IpInterface? device, IcmpType type, byte code, uint rest)
    {
        ReadOnlySpan<byte> quoted = packet.Span;
        if (quoted.Length < Ipv4View.MinHeaderLength || !MayAnswer(quoted))
            return;
        var source = Ipv4Address.Read(quoted[12..]);
        var destination = Ipv4Address.Read(quoted[16..]);
        // The addressed one answers when it is us; else the route back chooses.
        Ipv4Address from = owner.Routing.IsLocal(destination) ? destination : default;
        if (owner.Output.Route(source, from, null, out OutputRoute route) != SendError.None)
            return;
        if (_limit.Applies(type, code) && !route.Interface.IsLoopback && !TryTake(source))
        {
            owner.CountLocalDrop(DropReason.RateLimited);
            return;
        }

        // TOS: precedence "internetwork control" over the packet's own service bits (RFC 1812 4.3.2.5; RT_TOS masks 0x1e).
        byte tos = (byte)((quoted[1] & 0x1E) | 0xC0);
        int room = Math.Min(route.PathMtu, MaxErrorLength) - Ipv4View.MinHeaderLength - IcmpView.HeaderLength;
        int length = Math.Min(quoted.Length, room);
        if (!owner.Frames.TryRentFrame(IcmpView.HeaderLength + length, out Frame error))
        {
            owner.IcmpCounters.OutErrors++;
            owner.CountLocalDrop(DropReason.NoBuffer);
            return;
        }

        quoted[..length].CopyTo(error.Span[IcmpView.HeaderLength..]);
        IcmpView.Write(error.Span, type, code, rest);
        if (route.Source.IsAny)
            route = route with { Source = Dummy };
        owner.Ip.OutRequests++;
        owner.IcmpCounters.CountOut((byte)type);
        owner.Output.SendBy(route, new Ipv4SendRequest { Destination = source, Protocol = IpProtocol.Icmp, TypeOfService = tos }, ref error, answersPacket: true);
    }

    private bool TryTake(Ipv4Address destination)
    {
        if (!_limit.TryTakePeer(destination, owner.Now))
        {
            owner.IcmpCounters.OutRateLimitHost++;
            return false;
        }

        if (_limit.TryTakeGlobal(owner.Now))
            return true;
        owner.IcmpCounters.OutRateLimitGlobal++;
        return false;
    }

    // RFC 1122 3.2.2: no error about a link or IP group address, a later fragment, an ICMP error, or a source that names no host.
    private bool MayAnswer(ReadOnlySpan<byte> quoted)
    {
        if (owner.ReceivingLinkGroup)
            return false;
        var source = Ipv4Address.Read(quoted[12..]);
        var destination = Ipv4Address.Read(quoted[16..]);
        if (destination.IsMulticast || owner.Routing.IsBroadcast(destination) || source.IsMulticast || owner.Routing.IsBroadcast(source))
            return false;
        if ((BinaryPrimitives.ReadUInt16BigEndian(quoted[6..]) & 0x1FFF) != 0)
            return false;
        if (quoted[9] != (byte)IpProtocol.Icmp)
            return true;
        int at = (quoted[0] & 0x0F) * 4;
        if (at >= quoted.Length)
            return false;
        return quoted[at] <= HighestType && !IsErrorType(quoted[at]);
    }

    // icmp_pointers[].error: unreachable, source quench, redirect, time exceeded, parameter problem.
    private static bool IsErrorType(byte type) => type is 3 or 4 or 5 or 11 or 12;

    // icmp_echo: the request's own frame becomes the reply. It goes out with a fresh header, TTL 64 and the request's TOS.
    private void Reply(IpInterface device, in DeliveryInfo info, ref Frame packet)
    {
        if (!owner.Frames.TryMakeWritable(ref packet))
        {
            owner.Drop(device, DropReason.NoBuffer, ref packet);
            return;
        }

        byte tos = packet.Span[1];
        packet.Pull(info.HeaderLength);
        packet.FlowHash = 0;
        packet.Remote = default;
        packet.OuterTypeOfService = 0;
        Span<byte> icmp = packet.Span;
        ushort checksum = BinaryPrimitives.ReadUInt16BigEndian(icmp[2..]);
        ushort before = BinaryPrimitives.ReadUInt16BigEndian(icmp);
        icmp[0] = (byte)IcmpType.EchoReply;
        BinaryPrimitives.WriteUInt16BigEndian(icmp[2..], InternetChecksum.Update(checksum, before, icmp[1]));
        var request = new Ipv4SendRequest
        {
            Destination = info.Source,
            Source = info.Destination,
            Protocol = IpProtocol.Icmp,
            TypeOfService = tos,
        };
        if (owner.Output.Send(request, ref packet) == SendError.None)
            owner.IcmpCounters.CountOut((byte)IcmpType.EchoReply);
        else
            owner.IcmpCounters.OutErrors++;
    }

    // icmp_unreach, icmp_socket_deliver: the quoted header must be whole, with eight bytes behind it, and the packet must have been ours.
    private void ReceiveError(in DeliveryInfo info, IcmpView icmp)
    {
        // Redirects change nothing here: routes come from their owner alone.
        if (icmp.Type == IcmpType.Redirect || icmp.Type is not (IcmpType.DestinationUnreachable or IcmpType.TimeExceeded or IcmpType.ParameterProblem))
            return;
        ReadOnlySpan<byte> quoted = icmp.Payload;
        int headerLength = quoted.Length < Ipv4View.MinHeaderLength ? 0 : (quoted[0] & 0x0F) * 4;
        if (headerLength < Ipv4View.MinHeaderLength || quoted[0] >> 4 != 4 || quoted.Length < headerLength + 8)
        {
            owner.IcmpCounters.InErrors++;
            return;
        }

        var source = Ipv4Address.Read(quoted[12..]);
        var destination = Ipv4Address.Read(quoted[16..]);
        if (!owner.Routing.IsLocal(source))
            return;
        int mtu = icmp is { Type: IcmpType.DestinationUnreachable, Code: 4 } ? (int)(icmp.Rest & 0xFFFF) : 0;
        var error = new IcmpErrorInfo
        {
            Reporter = info.Source,
            Type = icmp.Type,
            Code = icmp.Code,
            NextHopMtu = mtu,
            QuotedSource = source,
            QuotedDestination = destination,
            QuotedTransport = quoted[headerLength..],
        };
        ITransportProtocol? handler = owner.Input.ProtocolOf((IpProtocol)quoted[9]);
        if (handler is not null && !handler.Believes(error))
            return;
        if (icmp is { Type: IcmpType.DestinationUnreachable, Code: 4 }
            && owner.Output.Route(destination, default, null, out OutputRoute route) == SendError.None
            && owner.PathMtus.Learn(destination, mtu, route.PathMtu, owner.Now))
        {
            owner.Routing.Invalidate();
        }

        handler?.ReceiveError(error);
    }
}
