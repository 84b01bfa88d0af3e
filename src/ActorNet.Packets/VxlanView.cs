using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>
/// A VXLAN header over bytes (RFC 7348, 5): flags with the I bit, 24 reserved bits, the 24-bit network identifier, 8 reserved bits,
/// then the inner Ethernet frame. Like Linux since 6.14 and unlike the RFC, a set reserved bit is refused
/// (drivers/net/vxlan/vxlan_core.c, vxlan_rcv).
/// </summary>
public readonly ref struct VxlanView
{
    /// <summary>Header length in bytes.</summary>
    public const int HeaderLength = 8;

    /// <summary>The port Linux uses when none is given, and flannel with it; IANA's is 4789.</summary>
    public const ushort LinuxPort = 8472;

    private const uint ValidIdFlag = 0x0800_0000;

    private readonly Span<byte> _bytes;

    private VxlanView(Span<byte> bytes) => _bytes = bytes;

    /// <summary>The VXLAN network identifier, 24 bits.</summary>
    public int Vni => (int)(BinaryPrimitives.ReadUInt32BigEndian(_bytes[4..]) >> 8);

    /// <summary>The inner frame.</summary>
    public Span<byte> Frame => _bytes[HeaderLength..];

    /// <summary>Views bytes as a VXLAN datagram.</summary>
    /// <param name="bytes">The UDP payload.</param>
    /// <param name="view">The view, when the answer is <see cref="ParseError.None"/>.</param>
    /// <returns><see cref="ParseError.Truncated"/> below 8 bytes, <see cref="ParseError.BadVersion"/> without the I bit, <see cref="ParseError.BadFlags"/> with a reserved bit.</returns>
    public static ParseError TryParse(Span<byte> bytes, out VxlanView view)
    {
        view = default;
        if (bytes.Length < HeaderLength)
            return ParseError.Truncated;
        uint flags = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if ((flags & ValidIdFlag) == 0)
            return ParseError.BadVersion;
        if (flags != ValidIdFlag || bytes[7] != 0)
            return ParseError.BadFlags;
        view = new VxlanView(bytes);
        return ParseError.None;
    }

    /// <summary>Writes a header.</summary>
    /// <param name="bytes">At least 8 bytes.</param>
    /// <param name="vni">Network identifier, 24 bits.</param>
    public static void Write(Span<byte> bytes, int vni)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, ValidIdFlag);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], (uint)vni << 8);
    }
}
