using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter;

/// <summary>Answers refused packets (linux net/ipv4/netfilter/nf_reject_ipv4.c).</summary>
/// <param name="owner">The namespace that answers.</param>
internal sealed class Rejector(NetworkNamespace owner)
{
    /// <summary>An ICMP destination unreachable with a code (nf_send_unreach).</summary>
    internal void SendUnreachable(NetfilterPacket packet, byte code)
    {
        // An answer whose checksum is wrong would be no answer to anything: such packets are dropped in silence.
        if (packet.IsLaterFragment || !HasValidTransport(packet))
            return;
        Attach(packet);
        owner.Icmp.Report(packet.Frame, packet.InName is { } device ? owner.FindInterface(device) : null, IcmpType.DestinationUnreachable, code, 0);
    }

    /// <summary>A TCP reset in the name of the packet's destination (nf_send_reset).</summary>
    internal void SendReset(NetfilterPacket packet)
    {
        if (packet.IsLaterFragment || TcpView.TryParse(packet.Transport, out TcpView tcp) != ParseError.None || (tcp.Flags & TcpFlags.Rst) != 0 || !HasValidTransport(packet))
            return;
        // No reset answers what was broadcast.
        if (owner.AddressTypeOf(packet.Destination, null) is 3 or 5)
            return;
        Ipv4Address asLocal = owner.IsLocal(packet.Destination) ? packet.Destination : default;
        if (owner.Output.Route(packet.Source, asLocal, null, out OutputRoute route) != SendError.None || !owner.Frames.TryRentFrame(Ipv4View.MinHeaderLength + TcpView.MinHeaderLength, out Frame reset))
            return;
        Write(reset.Span, packet, tcp);
        Attach(packet);
        owner.Output.SendPacket(route, ref reset);
        if (packet.Connection is { } connection)
            owner.Netfilter!.Tracker.SetClosing(connection);
    }

    // nf_reject_ip_tcphdr_put: the reset is acceptable to the sender, with its own ACK number or behind what it sent (RFC 9293, 3.10.7.1).
    private static void Write(Span<byte> bytes, NetfilterPacket packet, TcpView tcp)
    {
        new Ipv4Header
        {
            Source = packet.Destination,
            Destination = packet.Source,
            Protocol = IpProtocol.Tcp,
            TotalLength = bytes.Length,
            DontFragment = true,
            TimeToLive = 64,
        }.Write(bytes);
        Span<byte> header = bytes[Ipv4View.MinHeaderLength..];
        header.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(header, tcp.DestinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], tcp.SourcePort);
        bool hadAck = (tcp.Flags & TcpFlags.Ack) != 0;
        if (hadAck)
            BinaryPrimitives.WriteUInt32BigEndian(header[4..], tcp.AcknowledgmentNumber);
        else
            BinaryPrimitives.WriteUInt32BigEndian(header[8..], tcp.SequenceNumber + (uint)tcp.SequenceLength);
        header[12] = 5 << 4;
        header[13] = (byte)(hadAck ? TcpFlags.Rst : TcpFlags.Rst | TcpFlags.Ack);
        ulong sum = InternetChecksum.PseudoHeader(packet.Destination, packet.Source, IpProtocol.Tcp, header.Length) + InternetChecksum.Sum(header);
        BinaryPrimitives.WriteUInt16BigEndian(header[16..], InternetChecksum.Finish(sum));
    }

    private void Attach(NetfilterPacket packet) => owner.Netfilter!.Carried = new NetfilterState.CarriedConnection(packet.Connection, packet.Info);

    private static bool HasValidTransport(NetfilterPacket packet)
    {
        if (packet.Frame.IsTrain || packet.InName is null || (packet.Frame.Flags & FrameFlags.ChecksumVerified) != 0)
            return true;
        return packet.Protocol switch
        {
            (byte)IpProtocol.Tcp => TcpView.TryParse(packet.Transport, out TcpView tcp) == ParseError.None && tcp.HasValidChecksum(packet.Source, packet.Destination),
            (byte)IpProtocol.Udp => UdpView.TryParse(packet.Transport, out UdpView udp) == ParseError.None && udp.HasValidChecksum(packet.Source, packet.Destination),
            _ => true,
        };
    }
}
