using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>TCP control bits (RFC 9293, 3.1; AE from RFC 9768).</summary>
[Flags]
public enum TcpFlags : ushort
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>No more data from the sender.</summary>
    Fin = 0x001,

    /// <summary>Synchronise sequence numbers.</summary>
    Syn = 0x002,

    /// <summary>Reset the connection.</summary>
    Rst = 0x004,

    /// <summary>Push.</summary>
    Psh = 0x008,

    /// <summary>The acknowledgment number counts.</summary>
    Ack = 0x010,

    /// <summary>The urgent pointer counts.</summary>
    Urg = 0x020,

    /// <summary>ECN echo (RFC 3168).</summary>
    Ece = 0x040,

    /// <summary>Congestion window reduced (RFC 3168).</summary>
    Cwr = 0x080,

    /// <summary>Accurate ECN (RFC 9768); the former nonce sum.</summary>
    Ae = 0x100,
}

/// <summary>
/// A TCP segment over bytes (RFC 9293, 3.1). <see cref="TryParse"/> checks the length and the data offset once; the options are walked
/// by <see cref="EnumerateOptions"/>, which carries its own checks.
/// </summary>
public readonly ref struct TcpView
{
    /// <summary>Header length without options, in bytes.</summary>
    public const int MinHeaderLength = 20;

    /// <summary>Header length with the most options, in bytes.</summary>
    public const int MaxHeaderLength = 60;

    private readonly Span<byte> _bytes;

    private TcpView(Span<byte> bytes) => _bytes = bytes;

    /// <summary>Source port.</summary>
    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_bytes);

    /// <summary>Destination port.</summary>
    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_bytes[2..]);

    /// <summary>Sequence number of the first data byte, or of SYN.</summary>
    public uint SequenceNumber => BinaryPrimitives.ReadUInt32BigEndian(_bytes[4..]);

    /// <summary>The next sequence number that the sender expects; counts when ACK is set.</summary>
    public uint AcknowledgmentNumber => BinaryPrimitives.ReadUInt32BigEndian(_bytes[8..]);

    /// <summary>Header length in bytes, 20 to 60.</summary>
    public int HeaderLength => (_bytes[12] >> 4) * 4;

    /// <summary>The three reserved bits, as a number.</summary>
    public int Reserved => (_bytes[12] >> 1) & 0x07;

    /// <summary>The control bits.</summary>
    public TcpFlags Flags => (TcpFlags)(BinaryPrimitives.ReadUInt16BigEndian(_bytes[12..]) & 0x01FF);

    /// <summary>The window field as it stands, not scaled.</summary>
    public ushort Window => BinaryPrimitives.ReadUInt16BigEndian(_bytes[14..]);

    /// <summary>The checksum field.</summary>
    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_bytes[16..]);

    /// <summary>The urgent pointer; counts when URG is set.</summary>
    public ushort UrgentPointer => BinaryPrimitives.ReadUInt16BigEndian(_bytes[18..]);

    /// <summary>The options with their padding, 0 to 40 bytes.</summary>
    public Span<byte> Options => _bytes[MinHeaderLength..HeaderLength];

    /// <summary>Header and data.</summary>
    public Span<byte> Segment => _bytes;

    /// <summary>The data.</summary>
    public Span<byte> Payload => _bytes[HeaderLength..];

    /// <summary>How far the segment moves the sequence number: data bytes, and one each for SYN and FIN (SEG.LEN of RFC 9293).</summary>
    public int SequenceLength => _bytes.Length - HeaderLength + ((Flags & TcpFlags.Syn) != 0 ? 1 : 0) + ((Flags & TcpFlags.Fin) != 0 ? 1 : 0);

    /// <summary>Views bytes as a segment.</summary>
    /// <param name="bytes">The IP payload, cut to the IP total length.</param>
    /// <param name="view">The view, when the answer is <see cref="ParseError.None"/>.</param>
    public static ParseError TryParse(Span<byte> bytes, out TcpView view)
    {
        view = default;
        if (bytes.Length < MinHeaderLength)
            return ParseError.Truncated;
        int headerLength = (bytes[12] >> 4) * 4;
        if (headerLength < MinHeaderLength || headerLength > bytes.Length)
            return ParseError.BadHeaderLength;
        view = new TcpView(bytes);
        return ParseError.None;
    }

    /// <summary>Walks the options in their order, without allocating.</summary>
    public TcpOptionEnumerator EnumerateOptions() => new(Options);

    /// <summary>Whether every option has a length that its kind allows and that stays inside the header.</summary>
    /// <returns><see cref="ParseError.None"/> or <see cref="ParseError.BadOption"/>.</returns>
    public ParseError CheckOptions()
    {
        TcpOptionEnumerator options = EnumerateOptions();
        while (options.MoveNext())
        {
            if (!options.Current.HasStandardLength)
                return ParseError.BadOption;
        }

        return options.Error;
    }

    /// <summary>Whether the checksum verifies; TCP has no way to leave it out.</summary>
    /// <param name="source">Source address of the packet.</param>
    /// <param name="destination">Destination address of the packet.</param>
    public bool HasValidChecksum(Ipv4Address source, Ipv4Address destination) =>
        InternetChecksum.Finish(InternetChecksum.PseudoHeader(source, destination, IpProtocol.Tcp, _bytes.Length) + InternetChecksum.Sum(_bytes)) == 0;
}
