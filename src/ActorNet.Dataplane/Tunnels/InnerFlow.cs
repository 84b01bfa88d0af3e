using System.Buffers.Binary;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tunnels;

/// <summary>The flow hash of a frame: addresses, protocol and ports of IPv4, else MAC addresses and EtherType. Fragments hash without ports.</summary>
internal static class InnerFlow
{
    public static uint Hash(ReadOnlySpan<byte> frame)
    {
        ulong a = BinaryPrimitives.ReadUInt64BigEndian(frame);
        ulong b = BinaryPrimitives.ReadUInt32BigEndian(frame[8..]);
        EtherType type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        ReadOnlySpan<byte> packet = frame[EthernetView.HeaderLength..];
        if (type == EtherType.Ipv4 && packet.Length >= Ipv4View.MinHeaderLength)
        {
            a = BinaryPrimitives.ReadUInt64BigEndian(packet[12..]);
            b = packet[9];
            int header = (packet[0] & 0x0F) * 4;
            bool fragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0;
            if (!fragment && packet.Length >= header + 4 && (IpProtocol)packet[9] is IpProtocol.Udp or IpProtocol.Tcp)
                b |= (ulong)BinaryPrimitives.ReadUInt32BigEndian(packet[header..]) << 8;
        }

        ulong x = (a * 0x9E37_79B9_7F4A_7C15) ^ ((b + (ulong)type) * 0xC2B2_AE3D_27D4_EB4F);
        x ^= x >> 32;
        x *= 0xD6E8_FEB8_6659_FD93;
        x ^= x >> 32;
        return (uint)x;
    }
}
