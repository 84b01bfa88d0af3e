using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>The Internet checksum (RFC 1071) and its incremental update (RFC 1624).</summary>
public static class InternetChecksum
{
    /// <summary>The checksum field's value for bytes whose checksum field is zero; 0 when the bytes, field included, verify.</summary>
    /// <param name="bytes">Any length; an odd last octet is padded with zero.</param>
    public static ushort Compute(ReadOnlySpan<byte> bytes) => Finish(Sum(bytes));

    /// <summary>The one's complement sum of big-endian 16-bit words, not folded. Add sums of even-length pieces together before <see cref="Finish"/>.</summary>
    /// <param name="bytes">The bytes.</param>
    public static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        while (bytes.Length >= 4)
        {
            sum += BinaryPrimitives.ReadUInt32BigEndian(bytes);
            bytes = bytes[4..];
        }

        if (bytes.Length >= 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
            bytes = bytes[2..];
        }

        if (bytes.Length == 1)
            sum += (uint)bytes[0] << 8;
        return sum;
    }

    /// <summary>The sum of the pseudo header that UDP and TCP checksums cover (RFC 768, RFC 9293 3.1).</summary>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Destination address.</param>
    /// <param name="protocol">Protocol.</param>
    /// <param name="length">Transport header and data in bytes.</param>
    public static ulong PseudoHeader(Ipv4Address source, Ipv4Address destination, IpProtocol protocol, int length) =>
        (ulong)source.Value + destination.Value + (byte)protocol + (uint)length;

    /// <summary>Folds a sum to 16 bits and complements it.</summary>
    /// <param name="sum">A sum.</param>
    public static ushort Finish(ulong sum)
    {
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }

    /// <summary>The new checksum after a 32-bit field changed: HC' = ~(~HC + ~m + m') (RFC 1624, equation 3).</summary>
    /// <param name="checksum">The old checksum field.</param>
    /// <param name="oldValue">The field before.</param>
    /// <param name="newValue">The field after.</param>
    public static ushort Update(ushort checksum, uint oldValue, uint newValue) =>
        Finish((ulong)(ushort)~checksum + (ushort)~(oldValue >> 16) + (ushort)~oldValue + (newValue >> 16) + (newValue & 0xFFFF));

    /// <summary>The new checksum after a 16-bit field changed (RFC 1624, equation 3).</summary>
    /// <param name="checksum">The old checksum field.</param>
    /// <param name="oldValue">The field before.</param>
    /// <param name="newValue">The field after.</param>
    public static ushort Update(ushort checksum, ushort oldValue, ushort newValue) =>
        Finish((ulong)(ushort)~checksum + (ushort)~oldValue + newValue);
}
