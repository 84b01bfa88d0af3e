using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ActorNet.Dataplane.Frames;
using ActorNet.Node.Uplink;
using ActorNet.Packets;

namespace ActorNet.Node.Tests.Uplink;

/// <summary>The header that the kernel puts in front of what we send, read by a raw socket, and what it does when a datagram exceeds the MTU.</summary>
public sealed class OuterHeaderTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_outer_header_is_the_one_of_the_kernels_vtep(bool plain) => PrivateNetwork.Run(65_536, () =>
    {
        using var pair = new UnderlayPair(plain, plain);
        using var raw = new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
        raw.Bind(new IPEndPoint(UnderlayPair.RightAddress.ToIPAddress(), 0));
        byte[] packet = new byte[2000];
        int zeroIds = 0;
        for (uint i = 0; i < 50; i++)
        {
            pair.Send(pair.Make(100, 1, i * 0x9E37_79B9, typeOfService: 2));
            Assert.Equal(128, raw.Receive(packet));
            Assert.Equal(0x45, packet[0]);
            Assert.Equal(2, packet[1]);
            zeroIds += BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(4)) == 0 ? 1 : 0;
            // Flags and fragment offset: no DF, no fragment.
            Assert.Equal(0, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(6)));
            Assert.Equal(64, packet[8]);
            Assert.Equal(17, packet[9]);
            Assert.Equal(UnderlayPair.LeftAddress, Ipv4Address.Read(packet.AsSpan(12)));
            // net.ipv4.ip_local_port_range of a new namespace.
            Assert.InRange(BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(20)), 32_768, 60_999);
            Assert.Equal(pair.Right.LocalEndpoint.Port, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(22)));
            Assert.NotEqual(0, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(26)));
        }

        // The kernel's counter passes 0 once in 65,536.
        Assert.InRange(zeroIds, 0, 1);
    });

    [Fact]
    public void Datagrams_beyond_the_mtu_leave_one_by_one_as_fragments_and_shorter_ones_stay_segmented() => PrivateNetwork.Run(1500, () =>
    {
        var notices = new List<string>();
        var pool = new FramePool();
        using var pair = new UnderlayPair(false, false);
        using (IUnderlaySocket left = Underlay.Open(UnderlayPair.Options(UnderlayPair.LeftAddress, false) with { Notice = notices.Add }, pool))
        {
            Assert.SkipUnless(left.SegmentsInKernel, "This kernel has no UDP_SEGMENT.");
            notices.Clear();
            FrameCache cache = pool.CreateCache("test");
            for (int round = 0; round < 3; round++)
            {
                SendTen(left, cache, pair.Right.LocalEndpoint, 2000);
                SendTen(left, cache, pair.Right.LocalEndpoint, 1472);
                List<Datagram> received = pair.Inbox.Take(20);
                Assert.Equal([.. Enumerable.Repeat(2000, 10), .. Enumerable.Repeat(1472, 10)], received.Select(d => d.Bytes.Length));
            }

            cache.Dispose();
            UplinkCounters counters = left.Snapshot();
            // 1,472 and 28 bytes of header are the MTU. The refusal is remembered: it happens once.
            Assert.Equal(1, counters.SegmentationRefused);
            Assert.Equal(3, counters.SegmentedSends);
            Assert.Equal(60, counters.DatagramsSent);
            Assert.Empty(counters.Drops);
            Assert.True(left.SegmentsInKernel);
            Assert.Contains("2000 bytes", Assert.Single(notices), StringComparison.Ordinal);
        }

        Assert.True(pool.Measure().IsIdle);
    });

    private static void SendTen(IUnderlaySocket underlay, FrameCache cache, UnderlayEndpoint to, int length)
    {
        Assert.True(cache.TryRentVector(out FrameVector vector));
        for (int i = 0; i < 10; i++)
        {
            Assert.True(cache.TryRentFrame(length, out Frame frame));
            UnderlayPair.Fill(frame.Span, i);
            frame.Remote = to;
            vector.Add(frame);
        }

        underlay.Push(vector);
    }
}
