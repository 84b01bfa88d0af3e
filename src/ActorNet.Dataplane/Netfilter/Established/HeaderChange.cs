using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Established;

/// <summary>
/// What translation does to each TCP or UDP packet of one direction of a connection: the addresses and ports that it gets, and by how much its checksums move
/// (RFC 1624: the differences of all words that change, added up once). The bytes that come out are those of <see cref="Nat.PacketRewriter"/>.
/// </summary>
internal sealed class HeaderChange
{
    private const int AddressOffset = 12;
    private const int UdpChecksumOffset = 6;
    private const int TcpChecksumOffset = 16;

    // As they lie in the packet: source, destination.
    private readonly ulong _addresses;
    private readonly uint _ports;
    private readonly ushort _headerDifference;
    private readonly ushort _transportDifference;
    private readonly bool _isUdp;

    private HeaderChange(in ConntrackTuple before, in ConntrackTuple after, bool source, bool destination)
    {
        Span<byte> bytes = stackalloc byte[12];
        after.Source.Write(bytes);
        after.Destination.Write(bytes[4..]);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[8..], after.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], after.DestinationPort);
        _addresses = Unsafe.ReadUnaligned<ulong>(ref bytes[0]);
        _ports = Unsafe.ReadUnaligned<uint>(ref bytes[8]);
        _isUdp = after.Protocol == (byte)IpProtocol.Udp;
        ulong addresses = (source ? Difference(before.Source, after.Source) : 0) + (destination ? Difference(before.Destination, after.Destination) : 0);
        ulong ports = (source ? Difference(before.SourcePort, after.SourcePort) : 0) + (destination ? Difference(before.DestinationPort, after.DestinationPort) : 0);
        _headerDifference = Fold(addresses);
        _transportDifference = Fold(addresses + ports);
        ChangesDestination = before.Destination != after.Destination;
    }

    /// <summary>Whether the packet gets another destination address.</summary>
    internal bool ChangesDestination { get; }

    /// <summary>What becomes of the packets of a connection's direction; null when they stay as they are.</summary>
    /// <param name="connection">The connection, decided.</param>
    /// <param name="reply">Whether the answers are meant.</param>
    internal static HeaderChange? Of(ConntrackEntry connection, bool reply)
    {
        // In answers the roles are exchanged.
        bool source = (connection.Status & (reply ? ConntrackStatus.DestinationNat : ConntrackStatus.SourceNat)) != 0;
        bool destination = (connection.Status & (reply ? ConntrackStatus.SourceNat : ConntrackStatus.DestinationNat)) != 0;
        ConntrackTuple before = reply ? connection.Reply : connection.Original;
        if ((!source && !destination) || !(reply ? connection.Original : connection.Reply).TryInvert(out ConntrackTuple after))
            return null;
        return new HeaderChange(before, after, source, destination);
    }

    /// <summary>Changes a packet, every frame of a train.</summary>
    /// <param name="frame">The packet: IPv4 without options, then a whole TCP or UDP header.</param>
    /// <param name="network">Where its IPv4 header begins.</param>
    internal void Apply(in Frame frame, int network)
    {
        Span<byte> ip = frame.Span[network..];
        ChangeTransport(ip[Ipv4View.MinHeaderLength..]);
        for (int i = 1; i <= frame.Followers; i++)
            ChangeTransport(FrameTrain.SpanOf(frame, i)[(network + Ipv4View.MinHeaderLength)..]);
        Unsafe.WriteUnaligned(ref ip[AddressOffset], _addresses);
        Add(ip[10..], _headerDifference);
    }

    private void ChangeTransport(Span<byte> transport)
    {
        Unsafe.WriteUnaligned(ref transport[0], _ports);
        if (!_isUdp)
        {
            Add(transport[TcpChecksumOffset..], _transportDifference);
            return;
        }

        // Zero says that the sender made none; a sum of zero is written as all ones (RFC 768).
        Span<byte> field = transport[UdpChecksumOffset..];
        if (BinaryPrimitives.ReadUInt16BigEndian(field) == 0)
            return;
        Add(field, _transportDifference);
        if (BinaryPrimitives.ReadUInt16BigEndian(field) == 0)
            BinaryPrimitives.WriteUInt16BigEndian(field, 0xFFFF);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Span<byte> field, ushort difference) =>
        BinaryPrimitives.WriteUInt16BigEndian(field, InternetChecksum.Finish((ulong)(ushort)~BinaryPrimitives.ReadUInt16BigEndian(field) + difference));

    private static ulong Difference(Ipv4Address before, Ipv4Address after) =>
        (ulong)(ushort)~(before.Value >> 16) + (ushort)~before.Value + (after.Value >> 16) + (after.Value & 0xFFFF);

    private static ulong Difference(ushort before, ushort after) => (ulong)(ushort)~before + after;

    private static ushort Fold(ulong sum) => (ushort)~InternetChecksum.Finish(sum);
}
