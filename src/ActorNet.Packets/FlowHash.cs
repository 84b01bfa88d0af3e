using System.Buffers.Binary;
using System.Numerics;

namespace ActorNet.Packets;

/// <summary>
/// A stable 32-bit hash of the flow that a frame belongs to, and the VXLAN source port made of it. The hash is MurmurHash3 (x86, 32 bits)
/// over four words, so the same flow has the same hash on every host and in every run with the same seed. The two directions of a
/// conversation differ, as they do in Linux.
/// </summary>
public static class FlowHash
{
    /// <summary>Lowest source port by default: net.ipv4.ip_local_port_range.</summary>
    public const int DefaultMinPort = 32768;

    /// <summary>Highest port of net.ipv4.ip_local_port_range by default.</summary>
    public const int DefaultMaxPort = 60999;

    /// <summary>
    /// Hashes a frame's flow. IPv4: source, destination, both ports (UDP and TCP that is no fragment, else zero) and protocol. Anything else,
    /// malformed IPv4 included: the two MAC addresses and the EtherType (as udp_flow_src_port does for Ethernet without a flow). One 802.1Q
    /// tag is looked through. Padding and payload never count.
    /// </summary>
    /// <param name="frame">A frame from its destination address on; bytes too short for an Ethernet header give the seed's hash.</param>
    /// <param name="seed">Changes every hash.</param>
    public static uint Compute(ReadOnlySpan<byte> frame, uint seed = 0)
    {
        if (frame.Length < EthernetView.HeaderLength)
            return Murmur(seed, 0, 0, 0, 0);
        int offset = EthernetView.HeaderLength;
        uint etherType = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        if (etherType == (uint)EtherType.Vlan && frame.Length >= offset + Dot1QView.TagLength)
        {
            etherType = BinaryPrimitives.ReadUInt16BigEndian(frame[(offset + 2)..]);
            offset += Dot1QView.TagLength;
        }

        if (etherType == (uint)EtherType.Ipv4 && TryComputeIpv4(frame[offset..], seed, out uint hash))
            return hash;
        return Murmur(
            seed,
            BinaryPrimitives.ReadUInt32BigEndian(frame),
            BinaryPrimitives.ReadUInt32BigEndian(frame[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(frame[8..]),
            etherType);
    }

    /// <summary>
    /// The outer UDP source port of a flow (linux include/net/udp.h, udp_flow_src_port): the hash is mixed once more, then scaled to the range.
    /// Linux scales by max - min, so the highest port itself is never chosen.
    /// </summary>
    /// <param name="hash">The flow's hash.</param>
    /// <param name="min">Lowest port.</param>
    /// <param name="max">Highest port of the range, at least <paramref name="min"/>.</param>
    public static ushort SourcePort(uint hash, int min = DefaultMinPort, int max = DefaultMaxPort)
    {
        hash ^= hash << 16;
        return (ushort)((((ulong)hash * (uint)(max - min)) >> 32) + (uint)min);
    }

    private static bool TryComputeIpv4(ReadOnlySpan<byte> packet, uint seed, out uint hash)
    {
        hash = 0;
        if (packet.Length < Ipv4View.MinHeaderLength || packet[0] >> 4 != 4)
            return false;
        int headerLength = (packet[0] & 0x0F) * 4;
        int totalLength = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (headerLength < Ipv4View.MinHeaderLength || totalLength < headerLength || totalLength > packet.Length)
            return false;
        byte protocol = packet[9];
        bool fragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0;
        bool hasPorts = protocol is (byte)IpProtocol.Udp or (byte)IpProtocol.Tcp && !fragment && totalLength >= headerLength + 4;
        uint ports = hasPorts ? BinaryPrimitives.ReadUInt32BigEndian(packet[headerLength..]) : 0;
        hash = Murmur(seed, BinaryPrimitives.ReadUInt32BigEndian(packet[12..]), BinaryPrimitives.ReadUInt32BigEndian(packet[16..]), ports, protocol);
        return true;
    }

    // MurmurHash3_x86_32 of sixteen bytes: four blocks, no tail, then the finaliser fmix32.
    private static uint Murmur(uint seed, uint a, uint b, uint c, uint d)
    {
        uint h = Block(Block(Block(Block(seed, a), b), c), d) ^ 16;
        h = (h ^ (h >> 16)) * 0x85EB_CA6B;
        h = (h ^ (h >> 13)) * 0xC2B2_AE35;
        return h ^ (h >> 16);
    }

    private static uint Block(uint h, uint k) =>
        (BitOperations.RotateLeft(h ^ (BitOperations.RotateLeft(k * 0xCC9E_2D51, 15) * 0x1B87_3593), 13) * 5) + 0xE654_6B64;
}
