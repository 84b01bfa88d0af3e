using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>A UDP datagram over bytes (RFC 768): ports, length and checksum in 8 bytes, then the data; cut to the length field.</summary>
public readonly ref struct UdpView
{
    /// <summary>Header length in bytes.</summary>
    public const int HeaderLength = 8;

    private readonly Span<byte> _bytes;

    private UdpView(Span<byte> bytes) => _bytes = bytes;

    /// <summary>Source port; 0 means none.</summary>
    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_bytes);

    /// <summary>Destination port.</summary>
    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_bytes[2..]);

    /// <summary>Header and data in bytes.</summary>
    public int Length => _bytes.Length;

    /// <summary>The checksum field; 0 means that the sender made none.</summary>
    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]);

    /// <summary>The data.</summary>
    public Span<byte> Payload => _bytes[HeaderLength..];

    /// <summary>Views bytes as a datagram.</summary>
    /// <param name="bytes">The IP payload.</param>
    /// <param name="view">The view, when the answer is <see cref="ParseError.None"/>.</param>
    public static ParseError TryParse(Span<byte> bytes, out UdpView view)
    {
        view = default;
        if (bytes.Length < HeaderLength)
            return ParseError.Truncated;
        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (length < HeaderLength || length > bytes.Length)
            return ParseError.BadLength;
        view = new UdpView(bytes[..length]);
        return ParseError.None;
    }

    /// <summary>Whether the checksum verifies, or was not made at all.</summary>
    /// <param name="source">Source address of the packet.</param>
    /// <param name="destination">Destination address of the packet.</param>
    public bool HasValidChecksum(Ipv4Address source, Ipv4Address destination) =>
        Checksum == 0 || InternetChecksum.Finish(InternetChecksum.PseudoHeader(source, destination, IpProtocol.Udp, Length) + InternetChecksum.Sum(_bytes)) == 0;

    /// <summary>Writes the header in front of data that already stands at offset 8, checksum included.</summary>
    /// <param name="datagram">Header and data.</param>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Destination address.</param>
    /// <param name="sourcePort">Source port.</param>
    /// <param name="destinationPort">Destination port.</param>
    public static void Write(Span<byte> datagram, Ipv4Address source, Ipv4Address destination, ushort sourcePort, ushort destinationPort)
    {
        BinaryPrimitives.WriteUInt16BigEndian(datagram, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[4..], (ushort)datagram.Length);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], 0);
        ushort checksum = InternetChecksum.Finish(InternetChecksum.PseudoHeader(source, destination, IpProtocol.Udp, datagram.Length) + InternetChecksum.Sum(datagram));
        // A computed zero is sent as all ones, for zero says "no checksum" (RFC 768).
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], checksum == 0 ? (ushort)0xFFFF : checksum);
    }
}
