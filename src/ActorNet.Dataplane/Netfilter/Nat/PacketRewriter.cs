using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Nat;

/// <summary>
/// Writes translated addresses and ports with their checksums, by difference (RFC 1624; linux net/netfilter/nf_nat_proto.c). In a train every frame's TCP
/// header is written; the followers' headers below come from the head's.
/// </summary>
internal static class PacketRewriter
{
    private const int SourceOffset = 12;
    private const int DestinationOffset = 16;

    /// <summary>Writes the source or the destination of a packet.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="target">The tuple that it is to have.</param>
    /// <param name="source">Whether its source is written, else its destination.</param>
    internal static void Rewrite(NetfilterPacket packet, in ConntrackTuple target, bool source)
    {
        Span<byte> head = packet.Bytes;
        var address = Ipv4Address.Read(head[(source ? SourceOffset : DestinationOffset)..]);
        Ipv4Address wanted = source ? target.Source : target.Destination;
        if (!packet.IsLaterFragment)
        {
            for (int i = 0; i < packet.Count; i++)
                RewriteTransport(FrameTrain.SpanOf(packet.Frame, i)[packet.HeaderLength..], address.Value, wanted.Value, target, source);
        }

        WriteAddress(head, source, wanted);
    }

    /// <summary>Writes an ICMP error: the packet that it quotes, and its own address (nf_nat_icmp_reply_translation).</summary>
    /// <param name="packet">The error.</param>
    /// <param name="quoted">The tuple that the quoted packet is to have.</param>
    /// <param name="target">The tuple whose address the error is to have.</param>
    /// <param name="source">Whether its source is written, and the quoted packet's destination; else the other way round.</param>
    internal static void RewriteError(NetfilterPacket packet, in ConntrackTuple quoted, in ConntrackTuple target, bool source)
    {
        Span<byte> icmp = packet.Transport;
        Span<byte> inner = icmp[IcmpView.HeaderLength..];
        int headerLength = (inner[0] & 0x0F) * 4;
        bool innerSource = !source;
        var old = Ipv4Address.Read(inner[(innerSource ? SourceOffset : DestinationOffset)..]);
        Ipv4Address wanted = innerSource ? quoted.Source : quoted.Destination;
        RewriteTransport(inner[headerLength..], old.Value, wanted.Value, quoted with { Protocol = inner[9] }, innerSource);
        WriteAddress(inner, innerSource, wanted);
        BinaryPrimitives.WriteUInt16BigEndian(icmp[2..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(icmp[2..], InternetChecksum.Compute(icmp));
        WriteAddress(packet.Bytes, source, source ? target.Source : target.Destination);
    }

    private static void WriteAddress(Span<byte> ip, bool source, Ipv4Address wanted)
    {
        Span<byte> field = ip[(source ? SourceOffset : DestinationOffset)..];
        uint old = BinaryPrimitives.ReadUInt32BigEndian(field);
        wanted.Write(field);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Update(BinaryPrimitives.ReadUInt16BigEndian(ip[10..]), old, wanted.Value));
    }

    // l4proto_manip_pkt. A quoted packet may end behind its first eight bytes: then there is no TCP checksum to keep.
    private static void RewriteTransport(Span<byte> transport, uint oldAddress, uint newAddress, in ConntrackTuple target, bool source)
    {
        switch (target.Protocol)
        {
            case (byte)IpProtocol.Tcp when transport.Length >= 8:
                ushort oldPort = WritePort(transport, target, source);
                if (transport.Length >= TcpView.MinHeaderLength)
                    UpdateChecksum(transport[16..], oldAddress, newAddress, oldPort, source ? target.SourcePort : target.DestinationPort);
                break;
            case (byte)IpProtocol.Udp or 136 when transport.Length >= UdpView.HeaderLength:
                RewriteUdp(transport, oldAddress, newAddress, target, source);
                break;
            case (byte)IpProtocol.Icmp when transport.Length >= IcmpView.HeaderLength && transport[0] is 0 or 8 or 13 or 14 or 15 or 16 or 17 or 18:
                ushort oldId = BinaryPrimitives.ReadUInt16BigEndian(transport[4..]);
                BinaryPrimitives.WriteUInt16BigEndian(transport[4..], target.SourcePort);
                ushort checksum = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]);
                BinaryPrimitives.WriteUInt16BigEndian(transport[2..], InternetChecksum.Update(checksum, oldId, target.SourcePort));
                break;
            case (byte)IpProtocol.Sctp or 33 when transport.Length >= 8:
                // SCTP's checksum is a CRC over ports too: the emulator's workloads speak no SCTP, so only the ports are written.
                WritePort(transport, target, source);
                break;
        }
    }

    private static void RewriteUdp(Span<byte> udp, uint oldAddress, uint newAddress, in ConntrackTuple target, bool source)
    {
        ushort old = WritePort(udp, target, source);
        // Zero says that the sender made none; a sum of zero is written as all ones (RFC 768).
        if (BinaryPrimitives.ReadUInt16BigEndian(udp[6..]) == 0)
            return;
        UpdateChecksum(udp[6..], oldAddress, newAddress, old, source ? target.SourcePort : target.DestinationPort);
        if (BinaryPrimitives.ReadUInt16BigEndian(udp[6..]) == 0)
            BinaryPrimitives.WriteUInt16BigEndian(udp[6..], 0xFFFF);
    }

    private static ushort WritePort(Span<byte> transport, in ConntrackTuple target, bool source)
    {
        Span<byte> field = source ? transport : transport[2..];
        ushort old = BinaryPrimitives.ReadUInt16BigEndian(field);
        BinaryPrimitives.WriteUInt16BigEndian(field, source ? target.SourcePort : target.DestinationPort);
        return old;
    }

    private static void UpdateChecksum(Span<byte> field, uint oldAddress, uint newAddress, ushort oldPort, ushort newPort)
    {
        ushort checksum = InternetChecksum.Update(BinaryPrimitives.ReadUInt16BigEndian(field), oldAddress, newAddress);
        BinaryPrimitives.WriteUInt16BigEndian(field, InternetChecksum.Update(checksum, oldPort, newPort));
    }
}
