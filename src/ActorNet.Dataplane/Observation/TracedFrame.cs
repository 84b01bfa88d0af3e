using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Observation;

/// <summary>
/// Reads what a trace tells of a frame: its identity and a line for people. It reads leniently, for a trace also shows what is malformed, and
/// works on the first bytes of a frame alone.
/// </summary>
internal static class TracedFrame
{
    /// <summary>Bytes of a frame that are enough: Ethernet, one tag, the longest IPv4 header and 20 bytes of transport header.</summary>
    public const int PrefixLength = 14 + 4 + 60 + 20;

    /// <summary>The EtherType behind at most one 802.1Q tag, and the payload. A frame too short has type 0.</summary>
    public static EtherType TypeOf(Span<byte> frame, out Span<byte> payload)
    {
        payload = default;
        if (frame.Length < EthernetView.HeaderLength)
            return 0;
        int offset = EthernetView.HeaderLength;
        var type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        if (type == EtherType.Vlan && frame.Length >= offset + 4)
        {
            type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[16..]);
            offset += 4;
        }

        payload = frame[offset..];
        return type;
    }

    /// <summary>Reads an IPv4 header whose packet may be cut short.</summary>
    public static bool TryReadPacket(Span<byte> bytes, out Packet packet)
    {
        packet = default;
        if (bytes.Length < Ipv4View.MinHeaderLength || bytes[0] >> 4 != 4)
            return false;
        int header = (bytes[0] & 0x0F) * 4;
        if (header < Ipv4View.MinHeaderLength || header > bytes.Length)
            return false;
        packet = new Packet
        {
            Source = Ipv4Address.Read(bytes[12..]),
            Destination = Ipv4Address.Read(bytes[16..]),
            Protocol = (IpProtocol)bytes[9],
            TimeToLive = bytes[8],
            TotalLength = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            Identification = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]),
            FragmentOffset = (BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) & 0x1FFF) * 8,
            MoreFragments = (bytes[6] & 0x20) != 0,
            Payload = bytes[header..],
        };
        return true;
    }

    /// <summary>
    /// A number that a packet keeps from hop to hop: of source, destination, protocol, identification, fragment offset and the first 8 bytes of
    /// the payload. TTL, checksums and the Ethernet header change on the way and do not count. Of other frames all of the prefix counts.
    /// </summary>
    public static ulong KeyOf(Span<byte> frame)
    {
        EtherType type = TypeOf(frame, out Span<byte> payload);
        if (type != EtherType.Ipv4 || !TryReadPacket(payload, out Packet packet))
            return KeyOfOther(type, type == EtherType.Arp ? payload[..Math.Min(payload.Length, ArpView.MessageLength)] : frame[..Math.Min(frame.Length, PrefixLength)]);
        Span<byte> first = stackalloc byte[8];
        packet.Payload[..Math.Min(8, packet.Payload.Length)].CopyTo(first);
        ulong ends = ((ulong)packet.Source.Value << 32) | packet.Destination.Value;
        ulong which = ((ulong)packet.Protocol << 32) | ((ulong)packet.Identification << 16) | (uint)packet.FragmentOffset;
        return Mix(Mix(Mix(ends) ^ which) ^ BinaryPrimitives.ReadUInt64BigEndian(first));
    }

    /// <summary>One line, as tcpdump would put it.</summary>
    public static string Summarise(Span<byte> frame)
    {
        EtherType type = TypeOf(frame, out Span<byte> payload);
        if (type == EtherType.Arp && ArpView.TryParse(payload, out ArpView arp) == ParseError.None)
            return Summarise(arp);
        if (type == EtherType.Ipv4 && TryReadPacket(payload, out Packet packet))
            return Summarise(packet);
        if (frame.Length < EthernetView.HeaderLength)
            return string.Create(CultureInfo.InvariantCulture, $"short frame of {frame.Length} bytes");
        return string.Create(CultureInfo.InvariantCulture, $"{MacAddress.Read(frame[6..])} > {MacAddress.Read(frame)} ethertype 0x{(ushort)type:x4}");
    }

    private static string Summarise(ArpView arp)
    {
        if (arp.Operation == ArpOperation.Request)
            return $"ARP who-has {arp.TargetIp} tell {arp.SenderIp}";
        return arp.Operation == ArpOperation.Reply
            ? $"ARP {arp.SenderIp} is-at {arp.SenderMac} to {arp.TargetIp}"
            : string.Create(CultureInfo.InvariantCulture, $"ARP operation {(ushort)arp.Operation} {arp.SenderIp} > {arp.TargetIp}");
    }

    private static string Summarise(in Packet packet)
    {
        string fragment = packet.FragmentOffset > 0 || packet.MoreFragments
            ? string.Create(CultureInfo.InvariantCulture, $" frag {packet.Identification}@{packet.FragmentOffset}{(packet.MoreFragments ? "+" : "")}")
            : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{packet.Source} > {packet.Destination} {Transport(packet)}{fragment} ttl {packet.TimeToLive} len {packet.TotalLength}");
    }

    private static string Transport(in Packet packet)
    {
        Span<byte> bytes = packet.Payload;
        bool first = packet.FragmentOffset == 0;
        return packet.Protocol switch
        {
            IpProtocol.Icmp when first && bytes.Length >= 8 => Icmp(packet),
            IpProtocol.Icmp => "ICMP",
            IpProtocol.Udp when first && bytes.Length >= 8 => string.Create(CultureInfo.InvariantCulture, $"UDP {packet.Word(0)} > {packet.Word(2)}"),
            IpProtocol.Udp => "UDP",
            IpProtocol.Tcp when first && bytes.Length >= 14 => string.Create(
                CultureInfo.InvariantCulture, $"TCP {packet.Word(0)} > {packet.Word(2)} [{Flags(bytes[13])}] seq {packet.DoubleWord(4)} ack {packet.DoubleWord(8)}"),
            IpProtocol.Tcp => "TCP",
            _ => string.Create(CultureInfo.InvariantCulture, $"protocol {(byte)packet.Protocol}"),
        };
    }

    private static string Icmp(in Packet packet)
    {
        byte code = packet.Payload[1];
        return (IcmpType)packet.Payload[0] switch
        {
            IcmpType.EchoRequest => string.Create(CultureInfo.InvariantCulture, $"ICMP echo request id {packet.Word(4)} seq {packet.Word(6)}"),
            IcmpType.EchoReply => string.Create(CultureInfo.InvariantCulture, $"ICMP echo reply id {packet.Word(4)} seq {packet.Word(6)}"),
            IcmpType.DestinationUnreachable when code == 4 => string.Create(CultureInfo.InvariantCulture, $"ICMP fragmentation needed mtu {packet.Word(6)}"),
            IcmpType.DestinationUnreachable => string.Create(CultureInfo.InvariantCulture, $"ICMP unreachable code {code}"),
            IcmpType.TimeExceeded => string.Create(CultureInfo.InvariantCulture, $"ICMP time exceeded code {code}"),
            IcmpType type => string.Create(CultureInfo.InvariantCulture, $"ICMP type {(byte)type} code {code}"),
        };
    }

    /// <summary>The flags in tcpdump's letters: S, F, R, P, U, and a dot for ACK.</summary>
    private static string Flags(byte flags)
    {
        Span<char> text = stackalloc char[6];
        int length = 0;
        foreach ((int bit, char letter) in (ReadOnlySpan<(int, char)>)[(2, 'S'), (1, 'F'), (4, 'R'), (8, 'P'), (0x20, 'U'), (0x10, '.')])
        {
            if ((flags & bit) != 0)
                text[length++] = letter;
        }

        return length == 0 ? "none" : new string(text[..length]);
    }

    private static ulong KeyOfOther(EtherType type, ReadOnlySpan<byte> bytes)
    {
        ulong key = Mix((ulong)type);
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
            key = Mix(key ^ word);
        foreach (byte b in bytes[(bytes.Length & ~7)..])
            key = Mix(key ^ b);
        return key;
    }

    private static ulong Mix(ulong z)
    {
        z += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    /// <summary>Fields of an IPv4 header, and what of the payload is there.</summary>
    internal readonly ref struct Packet
    {
        public Ipv4Address Source { get; init; }

        public Ipv4Address Destination { get; init; }

        public IpProtocol Protocol { get; init; }

        public byte TimeToLive { get; init; }

        public int TotalLength { get; init; }

        public ushort Identification { get; init; }

        public int FragmentOffset { get; init; }

        public bool MoreFragments { get; init; }

        public Span<byte> Payload { get; init; }

        public ushort Word(int offset) => BinaryPrimitives.ReadUInt16BigEndian(Payload[offset..]);

        public uint DoubleWord(int offset) => BinaryPrimitives.ReadUInt32BigEndian(Payload[offset..]);
    }
}
