using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>What a valid IPv4 header without options can say (RFC 791, 3.1), and how to write it.</summary>
public readonly record struct Ipv4Header
{
    /// <summary>Source address.</summary>
    public required Ipv4Address Source { get; init; }

    /// <summary>Destination address.</summary>
    public required Ipv4Address Destination { get; init; }

    /// <summary>Protocol of the payload.</summary>
    public required IpProtocol Protocol { get; init; }

    /// <summary>Header and payload together, in bytes.</summary>
    public required int TotalLength { get; init; }

    /// <summary>Identification.</summary>
    public ushort Identification { get; init; }

    /// <summary>DSCP and ECN octet.</summary>
    public byte TypeOfService { get; init; }

    /// <summary>Time to live in hops.</summary>
    public byte TimeToLive { get; init; }

    /// <summary>Don't Fragment.</summary>
    public bool DontFragment { get; init; }

    /// <summary>More Fragments.</summary>
    public bool MoreFragments { get; init; }

    /// <summary>Fragment offset in bytes, a multiple of 8.</summary>
    public int FragmentOffset { get; init; }

    /// <summary>Writes 20 bytes with a correct checksum.</summary>
    /// <param name="bytes">At least 20 bytes.</param>
    public void Write(Span<byte> bytes)
    {
        bytes = bytes[..Ipv4View.MinHeaderLength];
        bytes[0] = 0x45;
        bytes[1] = TypeOfService;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)TotalLength);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], Identification);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)((DontFragment ? 0x4000 : 0) | (MoreFragments ? 0x2000 : 0) | (FragmentOffset >> 3)));
        bytes[8] = TimeToLive;
        bytes[9] = (byte)Protocol;
        bytes[10] = 0;
        bytes[11] = 0;
        Source.Write(bytes[12..]);
        Destination.Write(bytes[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], InternetChecksum.Compute(bytes));
    }
}
