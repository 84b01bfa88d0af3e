using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>
/// An IPv4 packet over bytes (RFC 791, 3.1). <see cref="TryParse"/> checks version, header length and total length once; the view is cut
/// to the total length, so Ethernet padding never shows. The header checksum is verified only on request: a sender inside the emulator
/// and one on the wire pay for it at different places.
/// </summary>
public readonly ref struct Ipv4View
{
    /// <summary>Header length without options, in bytes.</summary>
    public const int MinHeaderLength = 20;

    /// <summary>Header length with the most options, in bytes.</summary>
    public const int MaxHeaderLength = 60;

    private readonly Span<byte> _bytes;

    private Ipv4View(Span<byte> bytes) => _bytes = bytes;

    /// <summary>Header length in bytes, 20 to 60.</summary>
    public int HeaderLength => (_bytes[0] & 0x0F) * 4;

    /// <summary>Total length in bytes, header included.</summary>
    public int TotalLength => _bytes.Length;

    /// <summary>The type-of-service octet: DSCP (RFC 2474) and ECN (RFC 3168).</summary>
    public byte TypeOfService => _bytes[1];

    /// <summary>Identification, for reassembly (RFC 6864).</summary>
    public ushort Identification => BinaryPrimitives.ReadUInt16BigEndian(_bytes[4..]);

    /// <summary>Don't Fragment.</summary>
    public bool DontFragment => (_bytes[6] & 0x40) != 0;

    /// <summary>More Fragments.</summary>
    public bool MoreFragments => (_bytes[6] & 0x20) != 0;

    /// <summary>Fragment offset in bytes (a multiple of 8).</summary>
    public int FragmentOffset => (BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]) & 0x1FFF) * 8;

    /// <summary>Whether the packet is one piece of several.</summary>
    public bool IsFragment => (BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]) & 0x3FFF) != 0;

    /// <summary>Time to live in hops.</summary>
    public byte TimeToLive => _bytes[8];

    /// <summary>The protocol of the payload.</summary>
    public IpProtocol Protocol => (IpProtocol)_bytes[9];

    /// <summary>The header checksum field.</summary>
    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_bytes[10..]);

    /// <summary>Source address.</summary>
    public Ipv4Address Source => Ipv4Address.Read(_bytes[12..]);

    /// <summary>Destination address.</summary>
    public Ipv4Address Destination => Ipv4Address.Read(_bytes[16..]);

    /// <summary>The options, 0 to 40 bytes.</summary>
    public Span<byte> Options => _bytes[MinHeaderLength..HeaderLength];

    /// <summary>The header, options included.</summary>
    public Span<byte> Header => _bytes[..HeaderLength];

    /// <summary>Header and payload: the whole packet without link padding.</summary>
    public Span<byte> Packet => _bytes;

    /// <summary>What the packet carries.</summary>
    public Span<byte> Payload => _bytes[HeaderLength..];

    /// <summary>Views bytes as an IPv4 packet.</summary>
    /// <param name="bytes">The packet; bytes behind the total length are ignored.</param>
    /// <param name="view">The view, when the answer is <see cref="ParseError.None"/>.</param>
    public static ParseError TryParse(Span<byte> bytes, out Ipv4View view)
    {
        view = default;
        if (bytes.Length < MinHeaderLength)
            return ParseError.Truncated;
        if (bytes[0] >> 4 != 4)
            return ParseError.BadVersion;
        int headerLength = (bytes[0] & 0x0F) * 4;
        if (headerLength < MinHeaderLength || headerLength > bytes.Length)
            return ParseError.BadHeaderLength;
        int totalLength = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (totalLength < headerLength || totalLength > bytes.Length)
            return ParseError.BadLength;
        view = new Ipv4View(bytes[..totalLength]);
        return ParseError.None;
    }

    /// <summary>Walks the options in their order, without allocating.</summary>
    public Ipv4OptionEnumerator EnumerateOptions() => new(Options);

    /// <summary>Whether the header checksum verifies (RFC 1071).</summary>
    public bool HasValidChecksum => InternetChecksum.Compute(Header) == 0;

    /// <summary>Lowers the TTL by one and updates the checksum incrementally (RFC 1141, RFC 1624). The TTL must be above 0.</summary>
    public void DecrementTimeToLive()
    {
        _bytes[8]--;
        // TTL is the high octet of its 16-bit word: the word falls by 0x0100, so the one's complement checksum rises by it. A sum of 0xFFFF
        // is written as zero, which is what the whole computation gives (RFC 1624, 3; linux include/net/ip.h, ip_decrease_ttl).
        uint sum = (uint)Checksum + 0x0100;
        BinaryPrimitives.WriteUInt16BigEndian(_bytes[10..], (ushort)(sum + (sum >= 0xFFFF ? 1u : 0u)));
    }

    /// <summary>Replaces the source address and updates the header checksum (RFC 1624); transport checksums are the caller's.</summary>
    /// <param name="address">The new source.</param>
    public void SetSource(Ipv4Address address) => SetAddress(12, address);

    /// <summary>Replaces the destination address and updates the header checksum (RFC 1624); transport checksums are the caller's.</summary>
    /// <param name="address">The new destination.</param>
    public void SetDestination(Ipv4Address address) => SetAddress(16, address);

    private void SetAddress(int offset, Ipv4Address address)
    {
        uint old = BinaryPrimitives.ReadUInt32BigEndian(_bytes[offset..]);
        address.Write(_bytes[offset..]);
        BinaryPrimitives.WriteUInt16BigEndian(_bytes[10..], InternetChecksum.Update(Checksum, old, address.Value));
    }
}
