using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>ICMPv4 types (RFC 792, IANA "ICMP Parameters").</summary>
public enum IcmpType : byte
{
    /// <summary>Echo reply.</summary>
    EchoReply = 0,

    /// <summary>Destination unreachable.</summary>
    DestinationUnreachable = 3,

    /// <summary>Source quench; deprecated, but an error still (RFC 6633).</summary>
    SourceQuench = 4,

    /// <summary>Redirect.</summary>
    Redirect = 5,

    /// <summary>Echo request.</summary>
    EchoRequest = 8,

    /// <summary>Time exceeded.</summary>
    TimeExceeded = 11,

    /// <summary>Parameter problem.</summary>
    ParameterProblem = 12,
}

/// <summary>An ICMPv4 message over bytes (RFC 792): type, code, checksum, four bytes whose meaning the type gives, then the rest.</summary>
public readonly ref struct IcmpView
{
    /// <summary>Header length in bytes.</summary>
    public const int HeaderLength = 8;

    private readonly Span<byte> _bytes;

    private IcmpView(Span<byte> bytes) => _bytes = bytes;

    /// <summary>The type.</summary>
    public IcmpType Type => (IcmpType)_bytes[0];

    /// <summary>The code; its meaning depends on the type.</summary>
    public byte Code => _bytes[1];

    /// <summary>The checksum field.</summary>
    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_bytes[2..]);

    /// <summary>Identifier of an echo message.</summary>
    public ushort EchoIdentifier => BinaryPrimitives.ReadUInt16BigEndian(_bytes[4..]);

    /// <summary>Sequence number of an echo message.</summary>
    public ushort EchoSequence => BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]);

    /// <summary>The next hop's MTU in bytes, in "fragmentation needed" (RFC 1191, 4); 0 from a router older than that.</summary>
    public ushort NextHopMtu => BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]);

    /// <summary>The better router, in a redirect.</summary>
    public Ipv4Address Gateway => Ipv4Address.Read(_bytes[4..]);

    /// <summary>The offset of the octet at fault in the quoted packet, in a parameter problem.</summary>
    public byte Pointer => _bytes[4];

    /// <summary>The second four header bytes as a number.</summary>
    public uint Rest => BinaryPrimitives.ReadUInt32BigEndian(_bytes[4..]);

    /// <summary>Echo data, or the quoted packet of an error.</summary>
    public Span<byte> Payload => _bytes[HeaderLength..];

    /// <summary>Whether the message reports an error about another packet; no error is ever sent about one (RFC 1122, 3.2.2).</summary>
    public bool IsError => Type is IcmpType.DestinationUnreachable or IcmpType.Redirect or IcmpType.TimeExceeded or IcmpType.ParameterProblem or IcmpType.SourceQuench;

    /// <summary>Whether the checksum verifies.</summary>
    public bool HasValidChecksum => InternetChecksum.Compute(_bytes) == 0;

    /// <summary>Views bytes as an ICMP message.</summary>
    /// <param name="bytes">The IP payload.</param>
    /// <param name="view">The view, when the answer is <see cref="ParseError.None"/>.</param>
    public static ParseError TryParse(Span<byte> bytes, out IcmpView view)
    {
        view = default;
        if (bytes.Length < HeaderLength)
            return ParseError.Truncated;
        view = new IcmpView(bytes);
        return ParseError.None;
    }

    /// <summary>Writes the header in front of a payload that already stands at offset 8, checksum included.</summary>
    /// <param name="message">Header and payload.</param>
    /// <param name="type">Type.</param>
    /// <param name="code">Code.</param>
    /// <param name="rest">The second four header bytes.</param>
    public static void Write(Span<byte> message, IcmpType type, byte code, uint rest)
    {
        message[0] = (byte)type;
        message[1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], rest);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], InternetChecksum.Compute(message));
    }
}
