using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>The tag control information of an 802.1Q tag (IEEE 802.1Q-2018, 9.6): priority, drop eligibility and VLAN.</summary>
public readonly record struct Dot1QTag
{
    /// <summary>The highest VLAN identifier that may be configured; 4095 is reserved (IEEE 802.1Q-2018, table 9-2).</summary>
    public const int MaxVid = 4094;

    private readonly ushort _tci;

    /// <summary>Makes a tag from the 16 bits of the wire; every value is possible there.</summary>
    /// <param name="tci">Tag control information.</param>
    public Dot1QTag(ushort tci) => _tci = tci;

    /// <summary>Makes a tag from its parts.</summary>
    /// <param name="priority">Priority code point, 0 to 7.</param>
    /// <param name="dropEligible">Drop eligible indicator.</param>
    /// <param name="vid">VLAN identifier, 0 (priority tag only) to 4095 (reserved, but possible on the wire).</param>
    /// <exception cref="ArgumentOutOfRangeException">A part does not fit its bits.</exception>
    public Dot1QTag(int priority, bool dropEligible, int vid)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(priority);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(priority, 7);
        ArgumentOutOfRangeException.ThrowIfNegative(vid);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vid, 0xFFF);
        _tci = (ushort)((priority << 13) | (dropEligible ? 0x1000 : 0) | vid);
    }

    /// <summary>The 16 bits as they stand on the wire.</summary>
    public ushort Tci => _tci;

    /// <summary>Priority code point (PCP), 0 to 7.</summary>
    public int Priority => _tci >> 13;

    /// <summary>Drop eligible indicator (DEI).</summary>
    public bool DropEligible => (_tci & 0x1000) != 0;

    /// <summary>VLAN identifier (VID), 0 to 4095; 0 says that only the priority counts.</summary>
    public int Vid => _tci & 0x0FFF;
}

/// <summary>
/// An 802.1Q tag over the payload of an Ethernet frame whose EtherType is <see cref="EtherType.Vlan"/>: tag control information (0..1), the
/// EtherType of what follows (2..3), then the payload.
/// </summary>
public readonly ref struct Dot1QView
{
    /// <summary>How much longer a frame becomes by its tag, in bytes.</summary>
    public const int TagLength = 4;

    private const int AddressesLength = 2 * MacAddress.Length;

    private readonly Span<byte> _bytes;

    private Dot1QView(Span<byte> bytes) => _bytes = bytes;

    /// <summary>Priority, drop eligibility and VLAN.</summary>
    public Dot1QTag Tag
    {
        get => new(BinaryPrimitives.ReadUInt16BigEndian(_bytes));
        set => BinaryPrimitives.WriteUInt16BigEndian(_bytes, value.Tci);
    }

    /// <summary>The EtherType of the payload; again <see cref="EtherType.Vlan"/> when tags are stacked.</summary>
    public EtherType EtherType => (EtherType)BinaryPrimitives.ReadUInt16BigEndian(_bytes[2..]);

    /// <summary>Everything behind the tag, padding included.</summary>
    public Span<byte> Payload => _bytes[TagLength..];

    /// <summary>Views bytes as a tag.</summary>
    /// <param name="bytes">The Ethernet payload of a frame with EtherType 0x8100.</param>
    /// <param name="view">The view, when the answer is <see cref="ParseError.None"/>.</param>
    public static ParseError TryParse(Span<byte> bytes, out Dot1QView view)
    {
        view = default;
        if (bytes.Length < TagLength)
            return ParseError.Truncated;
        view = new Dot1QView(bytes);
        return ParseError.None;
    }

    /// <summary>Puts a tag into a frame that has four free bytes in front of it: the addresses move forward, the rest stays.</summary>
    /// <param name="bytes">Four bytes of headroom and then the frame; afterwards the tagged frame, from offset 0.</param>
    /// <param name="tag">The tag.</param>
    /// <returns><see cref="ParseError.Truncated"/> when the frame is shorter than an Ethernet header; nothing is changed then.</returns>
    public static ParseError Push(Span<byte> bytes, Dot1QTag tag)
    {
        if (bytes.Length < TagLength + EthernetView.HeaderLength)
            return ParseError.Truncated;
        bytes.Slice(TagLength, AddressesLength).CopyTo(bytes);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[AddressesLength..], (ushort)Packets.EtherType.Vlan);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[(AddressesLength + 2)..], tag.Tci);
        return ParseError.None;
    }

    /// <summary>Takes the outermost tag out of a frame: the addresses move back by four bytes, the rest stays.</summary>
    /// <param name="frame">A tagged frame; afterwards the frame without the tag begins at offset 4.</param>
    /// <param name="tag">The tag that was there.</param>
    /// <returns><see cref="ParseError.Truncated"/> or, without a tag, <see cref="ParseError.Unsupported"/>; nothing is changed then.</returns>
    public static ParseError Pull(Span<byte> frame, out Dot1QTag tag)
    {
        tag = default;
        if (frame.Length < EthernetView.HeaderLength)
            return ParseError.Truncated;
        if (BinaryPrimitives.ReadUInt16BigEndian(frame[AddressesLength..]) != (ushort)Packets.EtherType.Vlan)
            return ParseError.Unsupported;
        if (frame.Length < EthernetView.HeaderLength + TagLength)
            return ParseError.Truncated;
        tag = new Dot1QTag(BinaryPrimitives.ReadUInt16BigEndian(frame[(AddressesLength + 2)..]));
        frame[..AddressesLength].CopyTo(frame[TagLength..]);
        return ParseError.None;
    }
}
