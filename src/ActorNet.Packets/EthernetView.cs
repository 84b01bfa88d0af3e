using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>
/// An Ethernet II header over bytes: destination (0..5), source (6..11), EtherType (12..13), then the payload, which may carry
/// trailing padding. Accessors are safe after <see cref="TryParse"/>, which checks the one length there is.
/// </summary>
public readonly ref struct EthernetView
{
    /// <summary>Header length in bytes, without a VLAN tag and without the frame check sequence.</summary>
    public const int HeaderLength = 14;

    private readonly Span<byte> _bytes;

    private EthernetView(Span<byte> bytes) => _bytes = bytes;

    /// <summary>Destination address.</summary>
    public MacAddress Destination
    {
        get => MacAddress.Read(_bytes);
        set => value.Write(_bytes);
    }

    /// <summary>Source address.</summary>
    public MacAddress Source
    {
        get => MacAddress.Read(_bytes[6..]);
        set => value.Write(_bytes[6..]);
    }

    /// <summary>The EtherType field; for an 802.1Q frame this is <see cref="Packets.EtherType.Vlan"/>.</summary>
    public EtherType EtherType
    {
        get => (EtherType)BinaryPrimitives.ReadUInt16BigEndian(_bytes[12..]);
        set => BinaryPrimitives.WriteUInt16BigEndian(_bytes[12..], (ushort)value);
    }

    /// <summary>Everything behind the header, padding included.</summary>
    public Span<byte> Payload => _bytes[HeaderLength..];

    /// <summary>Views bytes as a frame.</summary>
    /// <param name="bytes">The frame from its destination address on.</param>
    /// <param name="view">The view, when the answer is <see cref="ParseError.None"/>.</param>
    public static ParseError TryParse(Span<byte> bytes, out EthernetView view)
    {
        view = default;
        if (bytes.Length < HeaderLength)
            return ParseError.Truncated;
        view = new EthernetView(bytes);
        return ParseError.None;
    }

    /// <summary>Writes a header.</summary>
    /// <param name="bytes">At least 14 bytes.</param>
    /// <param name="destination">Destination address.</param>
    /// <param name="source">Source address.</param>
    /// <param name="etherType">EtherType.</param>
    public static void Write(Span<byte> bytes, MacAddress destination, MacAddress source, EtherType etherType)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes[12..], (ushort)etherType);
        destination.Write(bytes);
        source.Write(bytes[6..]);
    }
}
