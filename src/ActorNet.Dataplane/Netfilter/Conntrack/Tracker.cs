using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>
/// Finds or makes the connection of each packet (linux net/netfilter/nf_conntrack_core.c nf_conntrack_in), by protocol: TCP, UDP, ICMP queries,
/// and others by their addresses alone.
/// </summary>
/// <param name="owner">Whose connections.</param>
internal sealed class Tracker(NetfilterState owner)
{
    private const byte HighestIcmpType = 18;

    private static readonly TimeSpan UdpTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UdpStreamTimeout = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan IcmpTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan GenericTimeout = TimeSpan.FromSeconds(600);
    private static readonly TimeSpan StreamAge = TimeSpan.FromSeconds(2);

    private readonly TcpTracker _tcp = new(owner.Options);

    internal ConntrackTable Table { get; } = new(owner.Options);

    internal ConntrackCounters Counters { get; } = new();

    /// <summary>Gives a packet its connection. False when it has to be dropped: the table is full.</summary>
    internal bool Track(NetfilterPacket packet)
    {
        if (packet.Connection is not null || packet.Info == ConntrackInfo.Untracked)
            return true;
        if (packet.Protocol == (byte)IpProtocol.Icmp && IsIcmpError(packet))
        {
            TrackError(packet);
            return true;
        }

        // A deleted connection makes room for the one that begins with this packet.
        return TryTrack(packet, out bool repeat) && (!repeat || TryTrack(packet, out _));
    }

    /// <summary>Finds the connection of a packet of ours that comes back over lo, translated already: Linux kept it in the sk_buff.</summary>
    internal bool TryFindTranslated(NetfilterPacket packet)
    {
        if (!TryReadTuple(packet, out ConntrackTuple tuple) || !tuple.TryInvert(out ConntrackTuple inverse) || !Table.TryFind(inverse, owner.Now, out ConntrackTable.TupleEnd end))
            return false;
        packet.Connection = end.Entry;
        packet.Info = InfoOf(end.Entry, !end.IsReply);
        return true;
    }

    /// <summary>The connection of a TCP or UDP packet without options, when it has one.</summary>
    /// <param name="ip">From its IPv4 header on, at least the first octets of its transport header with it.</param>
    /// <param name="end">The connection.</param>
    internal bool TryFind(ReadOnlySpan<byte> ip, out ConntrackTable.TupleEnd end)
    {
        ReadOnlySpan<byte> ports = ip[Ipv4View.MinHeaderLength..];
        var tuple = new ConntrackTuple(
            Ipv4Address.Read(ip[12..]), Ipv4Address.Read(ip[16..]), BinaryPrimitives.ReadUInt16BigEndian(ports), BinaryPrimitives.ReadUInt16BigEndian(ports[2..]), ip[9]);
        return Table.TryFind(tuple, owner.Now, out end);
    }

    /// <summary>
    /// Takes a TCP or UDP packet of a known connection as <see cref="Track"/> does, if it is one that the connection simply accepts. False: nothing was changed.
    /// </summary>
    /// <param name="frame">The packet, without options.</param>
    /// <param name="network">Where its IPv4 header begins.</param>
    /// <param name="entry">The connection.</param>
    /// <param name="reply">Its direction.</param>
    /// <param name="isInput">Whether it came in from outside: then its checksum is looked at.</param>
    internal bool TryFollow(ref Frame frame, int network, ConntrackEntry entry, bool reply, bool isInput)
    {
        Instant now = owner.Now;
        int transport = network + Ipv4View.MinHeaderLength;
        Span<byte> bytes = frame.Span;
        bool checks = isInput && owner.Options.Checksum && !frame.IsTrain && (frame.Flags & FrameFlags.ChecksumVerified) == 0;
        if (bytes[network + 9] == (byte)IpProtocol.Tcp)
        {
            if (TcpView.TryParse(bytes[transport..], out TcpView tcp) != ParseError.None || (checks && !tcp.HasValidChecksum(SourceOf(bytes[network..]), DestinationOf(bytes[network..])))
                || !_tcp.TryTrackData(entry, reply, new TcpSegmentFacts(tcp, frame, transport), now, out TimeSpan? timeout))
            {
                return false;
            }

            if (timeout is { } t)
                Table.Refresh(entry, t, now);
        }
        else
        {
            if (UdpView.TryParse(bytes[transport..], out UdpView udp) != ParseError.None || (checks && !udp.HasValidChecksum(SourceOf(bytes[network..]), DestinationOf(bytes[network..]))))
                return false;
            TrackUdp(entry, now);
        }

        if (checks)
            frame.Flags |= FrameFlags.ChecksumVerified;
        entry.Packets += (uint)frame.Count;
        if (reply)
            entry.Status |= ConntrackStatus.SeenReply;
        return true;
    }

    /// <summary>Enters the connection that a packet began, when the packet has come through (nf_confirm). False: the packet has to be dropped.</summary>
    internal bool Confirm(NetfilterPacket packet)
    {
        if (packet.Connection is not { IsConfirmed: false } entry || entry.IsDying)
            return true;
        if (Table.TryConfirm(entry, owner.Now))
            return true;
        Counters.InsertFailed++;
        Counters.Drop++;
        return false;
    }

    /// <summary>A connection was reset by a rule: it is over (nf_conntrack_tcp_set_closing).</summary>
    internal void SetClosing(ConntrackEntry entry)
    {
        if (!entry.IsConfirmed || entry.Tcp.State == TcpState.Close)
            return;
        entry.Tcp.State = TcpState.Close;
        Table.Refresh(entry, TcpTracker.CloseTimeout, owner.Now);
    }

    /// <summary>Reads the tuple of a packet (nf_ct_get_tuple); false when its transport header is too short.</summary>
    internal static bool TryReadTuple(NetfilterPacket packet, out ConntrackTuple tuple) =>
        TryReadTuple(packet.Source, packet.Destination, packet.Protocol, packet.IsLaterFragment ? default : packet.Transport, out tuple);

    internal static bool TryReadTuple(Ipv4Address source, Ipv4Address destination, byte protocol, ReadOnlySpan<byte> transport, out ConntrackTuple tuple)
    {
        tuple = default;
        switch (protocol)
        {
            case (byte)IpProtocol.Tcp or (byte)IpProtocol.Udp or (byte)IpProtocol.Sctp or 33 or 136:
                if (transport.Length < 8)
                    return false;
                tuple = new ConntrackTuple(source, destination, BinaryPrimitives.ReadUInt16BigEndian(transport), BinaryPrimitives.ReadUInt16BigEndian(transport[2..]), protocol);
                return true;
            case (byte)IpProtocol.Icmp:
                if (transport.Length < 8)
                    return false;
                tuple = new ConntrackTuple(source, destination, BinaryPrimitives.ReadUInt16BigEndian(transport[4..]), BinaryPrimitives.ReadUInt16BigEndian(transport), protocol);
                return true;
            default:
                tuple = new ConntrackTuple(source, destination, 0, 0, protocol);
                return true;
        }
    }

    private bool TryTrack(NetfilterPacket packet, out bool repeat)
    {
        repeat = false;
        Instant now = owner.Now;
        if (!TryReadTuple(packet, out ConntrackTuple tuple))
            return Invalid(packet);
        ConntrackEntry entry;
        bool reply = false;
        if (Table.TryFind(tuple, now, out ConntrackTable.TupleEnd end))
        {
            (entry, reply) = (end.Entry, end.IsReply);
        }
        else
        {
            if (!tuple.TryInvert(out ConntrackTuple inverse))
                return Invalid(packet);
            if (Table.TryMake(tuple, inverse, Counters) is not { } made)
            {
                Counters.Drop++;
                return false;
            }

            entry = made;
        }

        ConntrackInfo info = InfoOf(entry, reply);
        TrackResult result = TrackProtocol(packet, entry, reply, now);
        if (result is TrackResult.Invalid or TrackResult.Repeat)
        {
            repeat = result == TrackResult.Repeat;
            if (repeat)
                Table.Remove(entry);
            else if (!entry.IsConfirmed)
                Table.Recycle(entry);
            return repeat || Invalid(packet);
        }

        packet.Connection = entry;
        packet.Info = info;
        entry.Packets += (uint)packet.Count;
        if (reply)
            entry.Status |= ConntrackStatus.SeenReply;
        if (result == TrackResult.Kill)
            Table.Remove(entry);
        return true;
    }

    /// <summary>How a packet of a connection's direction belongs to it.</summary>
    internal static ConntrackInfo InfoOf(ConntrackEntry entry, bool reply) => reply ? ConntrackInfo.EstablishedReply
        : (entry.Status & ConntrackStatus.SeenReply) != 0 ? ConntrackInfo.Established : ConntrackInfo.New;

    private bool Invalid(NetfilterPacket packet)
    {
        Counters.Invalid += packet.Count;
        packet.Connection = null;
        packet.Info = ConntrackInfo.None;
        return true;
    }

    private static Ipv4Address SourceOf(ReadOnlySpan<byte> ip) => Ipv4Address.Read(ip[12..]);

    private static Ipv4Address DestinationOf(ReadOnlySpan<byte> ip) => Ipv4Address.Read(ip[16..]);

    private TrackResult TrackProtocol(NetfilterPacket packet, ConntrackEntry entry, bool reply, Instant now)
    {
        switch (packet.Protocol)
        {
            case (byte)IpProtocol.Tcp:
                if (TcpView.TryParse(packet.Transport, out TcpView tcp) != ParseError.None || (Checks(packet) && !tcp.HasValidChecksum(packet.Source, packet.Destination)))
                    return TrackResult.Invalid;
                NoteChecked(packet);
                return TrackTcp(packet, tcp, entry, reply, now);
            case (byte)IpProtocol.Udp:
                if (UdpView.TryParse(packet.Transport, out UdpView udp) != ParseError.None || (Checks(packet) && !udp.HasValidChecksum(packet.Source, packet.Destination)))
                    return TrackResult.Invalid;
                NoteChecked(packet);
                TrackUdp(entry, now);
                return TrackResult.Accept;
            case (byte)IpProtocol.Icmp:
                return TrackIcmp(packet, entry, now);
            default:
                Table.Refresh(entry, GenericTimeout, now);
                return TrackResult.Accept;
        }
    }

    private TrackResult TrackTcp(NetfilterPacket packet, TcpView tcp, ConntrackEntry entry, bool reply, Instant now)
    {
        var segment = new TcpSegmentFacts(tcp, packet.Frame, packet.HeaderLength);
        if (!segment.HasValidFlags)
            return TrackResult.Invalid;
        TrackResult result = _tcp.Track(entry, reply, segment, now, out TimeSpan? timeout);
        if (timeout is { } t)
            Table.Refresh(entry, t, now);
        return result;
    }

    // nf_conntrack_udp_packet
    private void TrackUdp(ConntrackEntry entry, Instant now)
    {
        if (!entry.IsConfirmed)
            entry.StreamFrom = now + StreamAge;
        if ((entry.Status & ConntrackStatus.SeenReply) == 0)
        {
            Table.Refresh(entry, UdpTimeout, now);
            return;
        }

        bool stream = now > entry.StreamFrom;
        Table.Refresh(entry, stream ? UdpStreamTimeout : UdpTimeout, now);
        if (stream)
            entry.Status |= ConntrackStatus.Assured;
    }

    // nf_conntrack_icmp_packet: only questions begin something.
    private TrackResult TrackIcmp(NetfilterPacket packet, ConntrackEntry entry, Instant now)
    {
        byte type = packet.Transport[0];
        if (type > HighestIcmpType || (Checks(packet) && InternetChecksum.Compute(packet.Transport) != 0))
            return TrackResult.Invalid;
        if (!entry.IsConfirmed && type is not (8 or 13 or 15 or 17))
            return TrackResult.Invalid;
        Table.Refresh(entry, IcmpTimeout, now);
        return TrackResult.Accept;
    }

    // What was made in this process is right, and what leaves it is not looked at.
    private bool Checks(NetfilterPacket packet) =>
        owner.Options.Checksum && packet.Hook == NetfilterHook.PreRouting && !packet.Frame.IsTrain && (packet.Frame.Flags & FrameFlags.ChecksumVerified) == 0;

    // The socket need not sum it up again (CHECKSUM_UNNECESSARY).
    private void NoteChecked(NetfilterPacket packet)
    {
        if (Checks(packet))
            packet.Found |= FrameFlags.ChecksumVerified;
    }

    private static bool IsIcmpError(NetfilterPacket packet) =>
        !packet.IsLaterFragment && packet.Transport is [3 or 4 or 5 or 11 or 12, ..];

    // nf_conntrack_inet_error: an error belongs to the connection whose packet it quotes, and travels the other way.
    private void TrackError(NetfilterPacket packet)
    {
        Span<byte> icmp = packet.Transport;
        bool sound = icmp.Length >= IcmpView.HeaderLength + Ipv4View.MinHeaderLength && (!Checks(packet) || InternetChecksum.Compute(icmp) == 0);
        if (!sound || !TryReadQuoted(icmp[IcmpView.HeaderLength..], out ConntrackTuple quoted) || !quoted.TryInvert(out ConntrackTuple inverse)
            || !Table.TryFind(inverse, owner.Now, out ConntrackTable.TupleEnd end)
            || packet.Destination != (end.IsReply ? end.Entry.Reply : end.Entry.Original).Destination)
        {
            Counters.Error++;
            Invalid(packet);
            return;
        }

        packet.Connection = end.Entry;
        packet.Info = end.IsReply ? ConntrackInfo.RelatedReply : ConntrackInfo.Related;
    }

    private static bool TryReadQuoted(ReadOnlySpan<byte> quoted, out ConntrackTuple tuple)
    {
        tuple = default;
        int headerLength = (quoted[0] & 0x0F) * 4;
        if (quoted[0] >> 4 != 4 || headerLength < Ipv4View.MinHeaderLength || quoted.Length < headerLength + 8)
            return false;
        bool later = (BinaryPrimitives.ReadUInt16BigEndian(quoted[6..]) & 0x1FFF) != 0;
        return !later && TryReadTuple(Ipv4Address.Read(quoted[12..]), Ipv4Address.Read(quoted[16..]), quoted[9], quoted[headerLength..], out tuple);
    }
}
