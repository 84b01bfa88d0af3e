using System.Buffers.Binary;
using CsCheck;

namespace ActorNet.Packets.Tests;

public sealed class InternetChecksumTests
{
    /// <summary>RFC 1071, section 3: the words 0001 f203 f4f5 f6f7 sum to ddf2, so the checksum is 220d.</summary>
    [Fact]
    public void Sums_the_worked_example_of_RFC_1071()
    {
        byte[] bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        Assert.Equal(0x220d, InternetChecksum.Compute(bytes));
    }

    /// <summary>RFC 1624, section 4: the header field goes from 5555 to 3285 under checksum dd2f; equation 3 gives 0000, RFC 1141 gave ffff.</summary>
    [Fact]
    public void Updates_the_worked_example_of_RFC_1624()
    {
        Assert.Equal(0x0000, InternetChecksum.Update((ushort)0xdd2f, (ushort)0x5555, (ushort)0x3285));
        Assert.Equal(0x0000, InternetChecksum.Update((ushort)0xdd2f, 0x5555_0000u, 0x3285_0000u));
    }

    [Fact]
    public void Equals_a_word_by_word_sum_at_every_length_and_alignment()
    {
        byte[] bytes = new byte[64 + 700];
        FillWith(bytes, 0x9E37_79B9_7F4A_7C15);
        for (int offset = 0; offset < 64; offset++)
        {
            for (int length = 0; length <= 700 - offset; length++)
                Assert.Equal(Reference(bytes.AsSpan(offset, length)), InternetChecksum.Compute(bytes.AsSpan(offset, length)));
        }
    }

    [Theory]
    [InlineData(1_400)]
    [InlineData(9_001)]
    [InlineData(65_535)]
    [InlineData(1_000_003)]
    public void Equals_a_word_by_word_sum_when_every_carry_happens(int length)
    {
        byte[] bytes = new byte[length];
        Array.Fill(bytes, (byte)0xFF);
        Assert.Equal(Reference(bytes), InternetChecksum.Compute(bytes));
        FillWith(bytes, (ulong)length);
        Assert.Equal(Reference(bytes), InternetChecksum.Compute(bytes));
    }

    [Fact]
    public void Only_zeros_sum_to_zero()
    {
        for (int length = 0; length < 200; length++)
        {
            byte[] bytes = new byte[length];
            Assert.Equal(0UL, InternetChecksum.Sum(bytes));
            Array.Fill(bytes, (byte)0xFF);
            Assert.Equal(length != 0, InternetChecksum.Sum(bytes) != 0);
        }
    }

    [Fact]
    public void Sums_of_even_pieces_add_up() =>
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[0, 150]).Sample((bytes, half) =>
        {
            int cut = Math.Min(half * 2, bytes.Length & ~1);
            ulong sum = InternetChecksum.Sum(bytes.AsSpan(0, cut)) + InternetChecksum.Sum(bytes.AsSpan(cut));
            return InternetChecksum.Finish(sum) == Reference(bytes);
        });

    [Fact]
    public void An_update_equals_the_computation_anew() =>
        Gen.Select(Gen.Byte.Array[20], Gen.Int[0, 3], Gen.UInt).Sample((header, word, value) =>
        {
            header[0] = 0x45; // A header is never all zeros, which alone has the checksum ffff.
            int at = 4 + (4 * word);
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), 0);
            ushort before = Reference(header);
            uint old = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(at));
            if (at == 8)
                value &= 0xFFFF_0000; // The low half of this word is the checksum itself.
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(at), value);
            return InternetChecksum.Update(before, old, value) == Reference(header)
                && InternetChecksum.Update(InternetChecksum.Update(before, (ushort)(old >> 16), (ushort)(value >> 16)), (ushort)old, (ushort)value) == Reference(header);
        });

    // RFC 1071, section 4.1, in its plain form: one 16-bit word after the other, every carry added at once.
    private static ushort Reference(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i += 2)
        {
            sum += ((uint)bytes[i] << 8) | (i + 1 < bytes.Length ? bytes[i + 1] : 0u);
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)~sum;
    }

    private static void FillWith(Span<byte> bytes, ulong state)
    {
        foreach (ref byte b in bytes)
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            b = (byte)state;
        }
    }
}
