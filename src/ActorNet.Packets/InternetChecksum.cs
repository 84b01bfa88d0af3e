using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ActorNet.Packets;

/// <summary>The Internet checksum (RFC 1071) and its incremental update (RFC 1624).</summary>
public static class InternetChecksum
{
    // Bytes per round of the vector loops, a power of two; shorter spans, headers among them, are summed in 64-bit words.
    private const int VectorThreshold = 64;

    /// <summary>The checksum field's value for bytes whose checksum field is zero; 0 when the bytes, field included, verify.</summary>
    /// <param name="bytes">Any length; an odd last octet is padded with zero.</param>
    public static ushort Compute(ReadOnlySpan<byte> bytes) => Finish(Sum(bytes));

    /// <summary>
    /// The one's complement sum of big-endian 16-bit words, congruent modulo 0xFFFF and zero only for zeros. Add sums of even-length pieces
    /// together before <see cref="Finish"/>.
    /// </summary>
    /// <param name="bytes">Any length; an odd last octet is padded with zero.</param>
    public static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        // The words are added as the machine reads them; the sum's bytes are put in network order at the end (RFC 1071, 2 (B)).
        ulong sum = 0;
        if (bytes.Length >= VectorThreshold && Vector128.IsHardwareAccelerated)
        {
            int whole = bytes.Length & ~(VectorThreshold - 1);
            sum = Vector256.IsHardwareAccelerated ? SumVector256(bytes[..whole]) : SumVector128(bytes[..whole]);
            bytes = bytes[whole..];
        }

        sum += SumNative(bytes);
        ushort folded = Fold(sum);
        return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(folded) : folded;
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
    public static ushort Finish(ulong sum) => (ushort)~Fold(sum);

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

    // A number plus itself with its halves swapped has in its upper half their sum with the carry brought round.
    private static ushort Fold(ulong sum)
    {
        uint half = (uint)((sum + BitOperations.RotateLeft(sum, 32)) >> 32);
        return (ushort)((half + BitOperations.RotateLeft(half, 16)) >> 16);
    }

    // 32-bit lanes are added into 64-bit lanes, low and high halves apart: a span has at most 2^29 words, so no carry is lost.
    private static ulong SumVector256(ReadOnlySpan<byte> bytes)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        Vector256<ulong> low = Vector256.Create(0x0000_0000_FFFF_FFFFUL);
        Vector256<ulong> even = Vector256<ulong>.Zero;
        Vector256<ulong> odd = Vector256<ulong>.Zero;
        for (nuint at = 0; at < (nuint)bytes.Length; at += VectorThreshold)
        {
            Vector256<ulong> first = Vector256.LoadUnsafe(ref start, at).AsUInt64();
            Vector256<ulong> second = Vector256.LoadUnsafe(ref start, at + 32).AsUInt64();
            even += (first & low) + (second & low);
            odd += (first >>> 32) + (second >>> 32);
        }

        return Vector256.Sum(even + odd);
    }

    private static ulong SumVector128(ReadOnlySpan<byte> bytes)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        Vector128<ulong> low = Vector128.Create(0x0000_0000_FFFF_FFFFUL);
        Vector128<ulong> even = Vector128<ulong>.Zero;
        Vector128<ulong> odd = Vector128<ulong>.Zero;
        for (nuint at = 0; at < (nuint)bytes.Length; at += 32)
        {
            Vector128<ulong> first = Vector128.LoadUnsafe(ref start, at).AsUInt64();
            Vector128<ulong> second = Vector128.LoadUnsafe(ref start, at + 16).AsUInt64();
            even += (first & low) + (second & low);
            odd += (first >>> 32) + (second >>> 32);
        }

        return Vector128.Sum(even + odd);
    }

    private static ulong SumNative(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        while (bytes.Length >= 8)
        {
            ulong word = MemoryMarshal.Read<ulong>(bytes);
            sum += (word & 0xFFFF_FFFF) + (word >> 32);
            bytes = bytes[8..];
        }

        if (bytes.Length >= 4)
        {
            sum += MemoryMarshal.Read<uint>(bytes);
            bytes = bytes[4..];
        }

        if (bytes.Length >= 2)
        {
            sum += MemoryMarshal.Read<ushort>(bytes);
            bytes = bytes[2..];
        }

        // The last octet is the first, in memory, of a word padded with zero.
        if (bytes.Length == 1)
            sum += BitConverter.IsLittleEndian ? bytes[0] : (uint)bytes[0] << 8;
        return sum;
    }
}
