using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace ActorNet.Packets.Tests;

public sealed class FlowHashTests
{
    /// <summary>Published test vectors of MurmurHash3_x86_32 prove the reference below, which then judges the hash.</summary>
    [Theory]
    [InlineData("", 1u, 0x514E28B7u)]
    [InlineData("test", 0x9747b28cu, 0x704b81dcu)]
    [InlineData("Hello, world!", 0x9747b28cu, 0x24884CBAu)]
    [InlineData("aaaa", 0x9747b28cu, 0x5A97808Au)]
    public void The_reference_is_MurmurHash3(string text, uint seed, uint expected) => Assert.Equal(expected, Murmur3(Encoding.ASCII.GetBytes(text), seed));

    [Fact]
    public void A_UDP_flow_hashes_addresses_ports_and_protocol()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.UdpHello);
        Assert.Equal(OfWords(7, 0xC000_0201, 0xC000_0202, (4000u << 16) | 5000, 17), FlowHash.Compute(frame, 7));
    }

    [Fact]
    public void Only_the_flow_counts()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.UdpHello);
        uint hash = FlowHash.Compute(frame);
        foreach (int at in new[] { 0, 6, 15, 18, 22, 24, 40, 43 }) // MACs, TOS, id, TTL, checksums, payload.
        {
            byte[] changed = [.. frame];
            changed[at] ^= 1;
            Assert.Equal(hash, FlowHash.Compute(changed));
        }

        Assert.Equal(hash, FlowHash.Compute([.. frame, 0, 0, 0]));
        foreach (int at in new[] { 26, 33, 34, 37 }) // Addresses, ports.
        {
            byte[] changed = [.. frame];
            changed[at] ^= 1;
            Assert.NotEqual(hash, FlowHash.Compute(changed));
        }

        Assert.NotEqual(hash, FlowHash.Compute(frame, 1));
        byte[] tagged = [0, 0, 0, 0, .. frame];
        Dot1QView.Push(tagged, new Dot1QTag(0, false, 7));
        Assert.Equal(hash, FlowHash.Compute(tagged));
    }

    [Fact]
    public void Every_fragment_of_a_packet_has_one_hash()
    {
        byte[] first = KernelFrames.Bytes(KernelFrames.UdpHello);
        first[20] = 0x20; // More fragments.
        byte[] later = [.. first];
        later[20] = 0x00;
        later[21] = 0x01;
        later[34] ^= 0x55; // What stands there is data, no port.
        Assert.Equal(FlowHash.Compute(first), FlowHash.Compute(later));
        Assert.Equal(OfWords(0, 0xC000_0201, 0xC000_0202, 0, 17), FlowHash.Compute(first));
    }

    [Fact]
    public void Other_protocols_hash_addresses_and_other_frames_their_MACs()
    {
        Assert.Equal(OfWords(3, 0xC000_0201, 0xC000_0202, 0, 1), FlowHash.Compute(KernelFrames.Bytes(KernelFrames.PingRecordRoute), 3));
        Assert.Equal(OfWords(3, 0xFFFF_FFFF, 0xFFFF_0200, 0x0000_000A, 0x0806), FlowHash.Compute(KernelFrames.Bytes(KernelFrames.ArpRequest), 3));
        byte[] malformed = KernelFrames.Bytes(KernelFrames.UdpHello);
        malformed[16] = 0xFF; // A total length beyond the frame.
        Assert.Equal(OfWords(3, 0x0200_0000, 0x000B_0200, 0x0000_000A, 0x0800), FlowHash.Compute(malformed, 3));
    }

    [Fact]
    public void One_changed_input_bit_changes_each_output_bit_half_of_the_time()
    {
        const int flows = 2_000;
        int[] inputBits = [.. Enumerable.Range(26 * 8, 12 * 8)]; // Both addresses and both ports.
        int[,] flips = new int[inputBits.Length, 32];
        byte[] frame = KernelFrames.Bytes(KernelFrames.UdpHello);
        ulong state = 88172645463325252;
        for (int n = 0; n < flows; n++)
        {
            for (int at = 26; at < 38; at++)
            {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                frame[at] = (byte)(state >> 24);
            }

            uint hash = FlowHash.Compute(frame);
            for (int i = 0; i < inputBits.Length; i++)
            {
                frame[inputBits[i] / 8] ^= (byte)(0x80 >> (inputBits[i] % 8));
                uint difference = hash ^ FlowHash.Compute(frame);
                frame[inputBits[i] / 8] ^= (byte)(0x80 >> (inputBits[i] % 8));
                for (int bit = 0; bit < 32; bit++)
                    flips[i, bit] += (int)(difference >> bit) & 1;
            }
        }

        // Binomial with p = 1/2: the standard deviation is sqrt(2000)/2 = 22.4; six of them is a bound that 3,072 fair coins never reach.
        foreach (int count in flips)
            Assert.InRange(count, (flows / 2) - 135, (flows / 2) + 135);
    }

    /// <summary>linux include/net/udp.h, udp_flow_src_port, by hand: hash ^= hash &lt;&lt; 16, then hash * (max - min) / 2^32 + min.</summary>
    [Theory]
    [InlineData(0u, 32768, 60999, 32768)]
    [InlineData(0x0000_0001u, 32768, 60999, 32768)] // 0x00010001 * 28231 / 2^32 = 0.43.
    [InlineData(0x0000_8000u, 32768, 60999, 46883)] // 0x80008000 * 28231 / 2^32 = 14115.7.
    [InlineData(0xFFFF_0000u, 32768, 60999, 60998)] // The highest port itself is out of reach.
    [InlineData(0x8000_0000u, 1000, 1002, 1001)]
    [InlineData(0x1234_5678u, 5000, 5000, 5000)]
    public void The_source_port_is_the_kernels(uint hash, int min, int max, int expected) => Assert.Equal(expected, FlowHash.SourcePort(hash, min, max));

    [Fact]
    public void Neighbouring_flows_spread_over_the_whole_port_range()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.UdpHello);
        int[] buckets = new int[16];
        for (ushort port = 0; port < 16_000; port++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(34), port);
            buckets[(FlowHash.SourcePort(FlowHash.Compute(frame)) - 32768) * 16 / 28231]++;
        }

        // 1,000 a bucket on average, standard deviation 31.
        Assert.All(buckets, count => Assert.InRange(count, 814, 1186));
    }

    private static uint OfWords(uint seed, params uint[] words)
    {
        byte[] bytes = new byte[words.Length * 4];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), words[i]);
        return Murmur3(bytes, seed);
    }

    // Austin Appleby's MurmurHash3_x86_32, as its description gives it, for any length.
    private static uint Murmur3(byte[] bytes, uint seed)
    {
        static uint Scramble(uint k) => BitOperations.RotateLeft(k * 0xcc9e2d51, 15) * 0x1b873593;
        uint h = seed;
        int whole = bytes.Length & ~3;
        for (int i = 0; i < whole; i += 4)
        {
            h ^= Scramble(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(i)));
            h = BitOperations.RotateLeft(h, 13);
            h = (h * 5) + 0xe6546b64;
        }

        uint tail = 0;
        for (int i = bytes.Length - 1; i >= whole; i--)
            tail = (tail << 8) | bytes[i];
        h ^= Scramble(tail);
        h ^= (uint)bytes.Length;
        h ^= h >> 16;
        h *= 0x85ebca6b;
        h ^= h >> 13;
        h *= 0xc2b2ae35;
        return h ^ (h >> 16);
    }
}
