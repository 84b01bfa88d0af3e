using System.Buffers.Binary;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tunnels;

/// <summary>
/// What a tunnel reads and writes in the packet it carries: the ECN field of IPv4 and IPv6 (linux include/net/inet_ecn.h, RFC 6040).
/// </summary>
internal static class InnerPacket
{
    private const byte EcnMask = 3;
    private const byte Ect1 = 1;
    private const byte Ect0 = 2;
    private const byte Ce = 3;

    /// <summary>The type-of-service octet of the packet in a frame; 0 for what is not IP (ip_tunnel_get_dsfield).</summary>
    /// <param name="frame">At least 14 bytes.</param>
    public static byte TypeOfService(ReadOnlySpan<byte> frame)
    {
        ReadOnlySpan<byte> packet = frame[EthernetView.HeaderLength..];
        return ProtocolOf(frame) switch
        {
            EtherType.Ipv4 when packet.Length >= 2 => packet[1],
            EtherType.Ipv6 when packet.Length >= 2 => (byte)(BinaryPrimitives.ReadUInt16BigEndian(packet) >> 4),
            _ => 0,
        };
    }

    /// <summary>The outer octet for an inner one: DSCP of the tunnel, ECN of the packet, but CE becomes ECT(0) (INET_ECN_encapsulate).</summary>
    /// <param name="outer">What the tunnel is configured to send.</param>
    /// <param name="inner">What the packet has.</param>
    public static byte EncapsulateEcn(byte outer, byte inner)
    {
        int ecn = inner & EcnMask;
        return (byte)((outer & ~EcnMask) | (ecn == Ce ? Ect0 : ecn));
    }

    /// <summary>Whether the frame's IP packet is long enough to have its fixed header (pskb_inet_may_pull); true for what is not IP.</summary>
    /// <param name="frame">At least 14 bytes.</param>
    public static bool HasNetworkHeader(ReadOnlySpan<byte> frame) => ProtocolOf(frame) switch
    {
        EtherType.Ipv4 => frame.Length >= EthernetView.HeaderLength + Ipv4View.MinHeaderLength,
        EtherType.Ipv6 => frame.Length >= EthernetView.HeaderLength + 40,
        _ => true,
    };

    /// <summary>
    /// Carries the outer ECN over to the packet (INET_ECN_decapsulate): CE is set on a capable packet, ECT(1) replaces ECT(0), and CE on a
    /// packet that is not capable says that it must be dropped. Other odd pairs pass unchanged.
    /// </summary>
    /// <param name="frame">A frame for which <see cref="HasNetworkHeader"/> holds.</param>
    /// <param name="outer">The outer type-of-service octet.</param>
    /// <returns>Whether the frame may pass.</returns>
    public static bool TryDecapsulateEcn(Span<byte> frame, byte outer)
    {
        int mark = outer & EcnMask;
        if (mark is 0 or Ect0)
            return true;
        EtherType protocol = ProtocolOf(frame);
        if (protocol is not (EtherType.Ipv4 or EtherType.Ipv6))
            return true;
        int inner = TypeOfService(frame) & EcnMask;
        if (inner == 0)
            return mark != Ce;
        if (mark == Ce ? inner != Ce : inner == Ect0)
            SetEcn(frame[EthernetView.HeaderLength..], protocol, mark);
        return true;
    }

    private static void SetEcn(Span<byte> packet, EtherType protocol, int ecn)
    {
        if (protocol == EtherType.Ipv6)
        {
            // The traffic class lies across the first two bytes; ECN is bits 4 and 5 of the second.
            packet[1] = (byte)((packet[1] & 0xCF) | (ecn << 4));
            return;
        }

        uint old = BinaryPrimitives.ReadUInt32BigEndian(packet);
        packet[1] = (byte)((packet[1] & ~EcnMask) | ecn);
        uint changed = BinaryPrimitives.ReadUInt32BigEndian(packet);
        ushort checksum = BinaryPrimitives.ReadUInt16BigEndian(packet[10..]);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], InternetChecksum.Update(checksum, old, changed));
    }

    private static EtherType ProtocolOf(ReadOnlySpan<byte> frame) => (EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
}
