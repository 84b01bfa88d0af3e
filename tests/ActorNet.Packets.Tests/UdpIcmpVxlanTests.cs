using System.Buffers.Binary;
using CsCheck;

namespace ActorNet.Packets.Tests;

public sealed class UdpIcmpVxlanTests
{
    [Fact]
    public void Reads_and_writes_a_kernel_datagram_byte_for_byte()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.UdpHello);
        Assert.Equal(ParseError.None, UdpView.TryParse(frame.AsSpan(34), out UdpView udp));
        Assert.Equal(4000, udp.SourcePort);
        Assert.Equal(5000, udp.DestinationPort);
        Assert.Equal("hello"u8.ToArray(), udp.Payload.ToArray());
        Assert.True(udp.HasValidChecksum(KernelFrames.IpA, KernelFrames.IpB));
        Assert.False(udp.HasValidChecksum(KernelFrames.IpA, Ipv4Address.Loopback));

        byte[] datagram = new byte[13];
        "hello"u8.CopyTo(datagram.AsSpan(8));
        UdpView.Write(datagram, KernelFrames.IpA, KernelFrames.IpB, 4000, 5000);
        Assert.Equal(frame[34..], datagram);
    }

    /// <summary>RFC 768: a computed zero is transmitted as all ones; a transmitted zero means that no checksum was made.</summary>
    [Fact]
    public void A_computed_checksum_of_zero_is_sent_as_ones()
    {
        // Pseudo header 0 + 0 + 17 + 10, length 10, and one data word w: 17 + 10 + 10 + w = ffff, so w = ffda.
        byte[] datagram = [0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xDA];
        UdpView.Write(datagram, Ipv4Address.Any, Ipv4Address.Any, 0, 0);
        Assert.Equal(0xFFFF, BinaryPrimitives.ReadUInt16BigEndian(datagram.AsSpan(6)));
        Assert.Equal(ParseError.None, UdpView.TryParse(datagram, out UdpView udp));
        Assert.True(udp.HasValidChecksum(Ipv4Address.Any, Ipv4Address.Any));
        datagram[9]++;
        Assert.False(udp.HasValidChecksum(Ipv4Address.Any, Ipv4Address.Any));
        datagram[6] = datagram[7] = 0;
        Assert.True(udp.HasValidChecksum(Ipv4Address.Any, Ipv4Address.Any));
    }

    [Fact]
    public void Names_what_is_wrong_with_UDP_and_ICMP()
    {
        Assert.Equal(ParseError.Truncated, UdpView.TryParse(new byte[7], out _));
        Assert.Equal(ParseError.BadLength, UdpView.TryParse(new byte[8], out _));
        Assert.Equal(ParseError.BadLength, UdpView.TryParse(new byte[] { 0, 0, 0, 0, 0, 9, 0, 0 }, out _));
        Assert.Equal(ParseError.Truncated, IcmpView.TryParse(new byte[7], out _));
    }

    [Fact]
    public void A_written_datagram_reads_back_with_a_right_checksum() =>
        Gen.Select(Gen.UInt, Gen.UInt, Gen.UShort, Gen.UShort, Gen.Byte.Array[0, 300]).Sample((source, destination, from, to, data) =>
        {
            byte[] datagram = new byte[8 + data.Length];
            data.CopyTo(datagram, 8);
            UdpView.Write(datagram, new(source), new(destination), from, to);
            return UdpView.TryParse(datagram, out UdpView udp) == ParseError.None && udp.SourcePort == from && udp.DestinationPort == to
                && udp.Payload.SequenceEqual(data) && udp.Checksum != 0 && udp.HasValidChecksum(new(source), new(destination));
        });

    [Fact]
    public void Reads_the_kernels_port_unreachable_and_what_it_quotes()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.IcmpPortUnreachable);
        Assert.Equal(ParseError.None, Ipv4View.TryParse(frame.AsSpan(14), out Ipv4View ip));
        Assert.Equal(0xC0, ip.TypeOfService);
        Assert.Equal(ParseError.None, IcmpView.TryParse(ip.Payload, out IcmpView icmp));
        Assert.Equal(IcmpType.DestinationUnreachable, icmp.Type);
        Assert.Equal(3, icmp.Code);
        Assert.True(icmp.IsError);
        Assert.True(icmp.HasValidChecksum);
        Assert.Equal(0x811f, icmp.Checksum);
        Assert.Equal(KernelFrames.Bytes(KernelFrames.UdpHello)[14..], icmp.Payload.ToArray());

        byte[] written = new byte[icmp.Payload.Length + 8];
        icmp.Payload.CopyTo(written.AsSpan(8));
        IcmpView.Write(written, IcmpType.DestinationUnreachable, 3, 0);
        Assert.Equal(ip.Payload.ToArray(), written);
    }

    [Fact]
    public void Reads_the_kernels_echo_request()
    {
        byte[] frame = KernelFrames.Bytes(KernelFrames.PingRecordRoute);
        Assert.Equal(ParseError.None, IcmpView.TryParse(frame.AsSpan(74), out IcmpView icmp));
        Assert.Equal(IcmpType.EchoRequest, icmp.Type);
        Assert.Equal(0x339a, icmp.EchoIdentifier);
        Assert.Equal(1, icmp.EchoSequence);
        Assert.False(icmp.IsError);
        Assert.True(icmp.HasValidChecksum);
    }

    /// <summary>RFC 1191, 4: the low 16 bits of the second word; RFC 792: the gateway and the pointer.</summary>
    [Fact]
    public void Reads_what_each_error_puts_into_the_second_word()
    {
        byte[] message = [3, 4, 0, 0, 0, 0, 0x05, 0xAA];
        Assert.Equal(ParseError.None, IcmpView.TryParse(message, out IcmpView icmp));
        Assert.Equal(1450, icmp.NextHopMtu);
        Assert.Equal(1450u, icmp.Rest);
        message = [5, 1, 0, 0, 10, 244, 1, 1];
        Assert.Equal(ParseError.None, IcmpView.TryParse(message, out icmp));
        Assert.Equal("10.244.1.1", icmp.Gateway.ToString());
        message = [12, 0, 0, 0, 21, 0, 0, 0];
        Assert.Equal(ParseError.None, IcmpView.TryParse(message, out icmp));
        Assert.Equal(21, icmp.Pointer);
        for (int type = 0; type < 256; type++)
        {
            message[0] = (byte)type;
            IcmpView.TryParse(message, out icmp);
            Assert.Equal(type is 3 or 4 or 5 or 11 or 12, icmp.IsError); // RFC 1122, 3.2.2.
        }
    }

    [Fact]
    public void Reads_the_kernels_VXLAN_datagram()
    {
        byte[] packet = KernelFrames.Bytes(KernelFrames.VxlanFromOuterIp);
        Assert.Equal(79, packet.Length);
        Assert.Equal(ParseError.None, Ipv4View.TryParse(packet, out Ipv4View outer));
        Assert.True(outer.HasValidChecksum);
        Assert.False(outer.DontFragment);
        Assert.Equal("192.168.56.11", outer.Source.ToString());
        Assert.Equal(ParseError.None, UdpView.TryParse(outer.Payload, out UdpView udp));
        Assert.Equal(44388, udp.SourcePort);
        Assert.Equal(VxlanView.LinuxPort, udp.DestinationPort);
        Assert.Equal(59, udp.Length);
        Assert.Equal(0xbea5, udp.Checksum);
        Assert.Equal(ParseError.None, VxlanView.TryParse(udp.Payload, out VxlanView vxlan));
        Assert.Equal(1, vxlan.Vni);
        Assert.Equal(ParseError.None, EthernetView.TryParse(vxlan.Frame, out EthernetView ethernet));
        Assert.Equal("5e:f4:68:83:7d:02", ethernet.Destination.ToString());
        Assert.Equal("5e:f4:68:83:7d:01", ethernet.Source.ToString());
        Assert.Equal(ParseError.None, Ipv4View.TryParse(ethernet.Payload, out Ipv4View inner));
        Assert.True(inner.HasValidChecksum);
        Assert.True(inner.DontFragment);
        Assert.Equal(63, inner.TimeToLive);
        Assert.Equal("10.244.2.2", inner.Destination.ToString());

        byte[] header = new byte[8];
        VxlanView.Write(header, 1);
        Assert.Equal(packet[28..36], header);
    }

    /// <summary>RFC 7348, 5, and linux vxlan_rcv since 6.14: the I bit must be set, everything reserved must be clear.</summary>
    [Fact]
    public void Refuses_VXLAN_headers_as_Linux_does()
    {
        Assert.Equal(ParseError.Truncated, VxlanView.TryParse(new byte[7], out _));
        for (int bit = 0; bit < 64; bit++)
        {
            byte[] header = new byte[8];
            VxlanView.Write(header, 0);
            header[bit / 8] ^= (byte)(0x80 >> (bit % 8));
            ParseError expected = bit switch { 4 => ParseError.BadVersion, >= 32 and < 56 => ParseError.None, _ => ParseError.BadFlags };
            Assert.Equal(expected, VxlanView.TryParse(header, out _));
        }
    }
}
