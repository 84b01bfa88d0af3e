using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Packets;
using CsCheck;
using static ActorNet.Netstack.Tests.UdpSocketTests;

namespace ActorNet.Netstack.Tests;

/// <summary>Datagrams that no socket of ours would send (RFC 768, RFC 1122 4.1.3.4).</summary>
public class UdpInputTests
{
    [Fact]
    public void A_zero_checksum_is_accepted()
    {
        using var net = new TwoHosts();
        UdpSocket server = net.B.Bind(53);
        SendRaw(net, Datagram(checksum: 0, length: 9, "z"u8));
        Assert.Equal("z", Read(server).Text);
    }

    [Fact]
    public void A_wrong_checksum_is_dropped_silently_and_counted()
    {
        using var net = new TwoHosts();
        UdpSocket server = net.B.Bind(53);
        SendRaw(net, Datagram(checksum: 0x1234, length: 9, "z"u8));
        Assert.Equal(0, server.QueuedDatagrams);
        Assert.Equal((1, 1), (net.B.Sockets.Udp.ChecksumErrors, net.B.Sockets.Udp.InErrors));
        Assert.Equal(1, net.B.Sockets.Drops[DropReason.BadTransportChecksum]);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(10)]
    public void A_length_field_below_the_header_or_beyond_the_packet_is_malformed(int length)
    {
        using var net = new TwoHosts();
        UdpSocket server = net.B.Bind(53);
        SendRaw(net, Datagram(checksum: 0, length, "z"u8));
        Assert.Equal(0, server.QueuedDatagrams);
        Assert.Equal(1, net.B.Sockets.Drops[DropReason.BadTransportHeader]);
    }

    [Fact]
    public void Bytes_behind_the_length_field_are_no_data()
    {
        using var net = new TwoHosts();
        UdpSocket server = net.B.Bind(53);
        SendRaw(net, Datagram(checksum: 0, length: 9, "zyx"u8));
        Assert.Equal("z", Read(server).Text);
    }

    [Fact]
    public void A_computed_zero_checksum_goes_out_as_ones()
    {
        // RFC 768: all ones stands for a computed zero. The receiver would take 0x0000 for "none", so look at the bytes.
        using var net = new TwoHosts();
        UdpSocket server = net.B.Bind(53);
        UdpSocket client = net.A.Bind(4000);
        // 0a00 0001 0a00 0002 0011 000a | 0fa0 0035 000a 0000 | data: choose data that makes the sum 0xffff.
        uint sum = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 0x0011 + 0x000a + 0x0fa0 + 0x0035 + 0x000a;
        byte[] data = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(data, (ushort)(0xFFFF - sum));
        client.SendTo(data, Endpoint("10.0.0.2", 53));
        net.Settle();
        Assert.True(server.TryDequeue(out Frame frame, out _));
        frame.Push(2);
        Assert.Equal(0xFFFF, BinaryPrimitives.ReadUInt16BigEndian(frame.Span));
        server.Frames.Release(ref frame);
    }

    [Fact]
    public void Noise_harms_nobody()
    {
        using var net = new TwoHosts();
        UdpSocket server = net.B.Bind(53);
        server.ReceiveBufferSize = 10_000;
        Gen.Byte.Array[0, 64].Sample(bytes => SendRaw(net, bytes), iter: 5_000, threads: 1);
        Assert.InRange(server.QueuedBytes, 0, 11_000);
    }

    private static byte[] Datagram(ushort checksum, int length, ReadOnlySpan<byte> data)
    {
        byte[] bytes = new byte[8 + data.Length];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, 4000);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), 53);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)length);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), checksum);
        data.CopyTo(bytes.AsSpan(8));
        return bytes;
    }

    private static void SendRaw(TwoHosts net, byte[] payload)
    {
        Assert.True(net.A.Frames.TryRentFrame(payload.Length, out Frame frame));
        payload.CopyTo(frame.Span);
        net.A.Namespace.Send(new Ipv4SendRequest { Destination = net.B.Address, Protocol = IpProtocol.Udp }, ref frame);
        net.Settle();
    }
}
