using ActorNet.Dataplane.Frames;
using ActorNet.Node.Uplink;
using ActorNet.Packets;

namespace ActorNet.Node.Tests.Uplink;

/// <summary>A train leaves by every kind of underlay as the datagrams that its frames would be one by one.</summary>
public sealed class TrainTests
{
    private const int HeadersLength = VxlanView.HeaderLength + EthernetView.HeaderLength + Ipv4View.MinHeaderLength;
    private static readonly Ipv4Address Source = Ipv4Address.Parse("10.244.0.2");
    private static readonly Ipv4Address Destination = Ipv4Address.Parse("10.244.1.2");

    /// <summary>Frames of each entry of one vector, and the segmented sends that they may make: 44 datagrams of 1,472 are 64 KiB.</summary>
    public static TheoryData<int[], int> Shapes => new()
    {
        { [44], 1 },
        { [2], 1 },
        { [20, 20], 2 },
        { [1, 5, 1, 1, 7], 5 },
        { [44, 44, 44, 1, 1, 30], 4 },
        { [.. Enumerable.Repeat(40, 64)], 64 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Each_datagram_arrives_as_it_would_alone(int[] counts, int segmented)
    {
        foreach ((bool leftPlain, bool rightPlain) in new[] { (false, false), (false, true), (true, false) })
        {
            using var pair = new UnderlayPair(leftPlain, rightPlain);
            (Frame[] frames, List<byte[]> expected) = Make(pair.Cache, pair.Right.LocalEndpoint, counts, 1472);
            pair.Send(frames);
            // A receive buffer that is too small for all of it loses some, and then it is no statement about trains.
            List<Datagram> received = pair.Inbox.Take(Math.Min(expected.Count, 300));
            for (int i = 0; i < received.Count; i++)
                Assert.Equal(expected[i], received[i].Bytes);
            UplinkCounters counters = pair.Left.Snapshot();
            Assert.Equal((expected.Count, expected.Sum(e => e.Length)), (counters.DatagramsSent, counters.BytesSent));
            Assert.InRange(counters.SegmentedSends, 0, pair.Left.SegmentsInKernel ? segmented : 0);
            Assert.Empty(counters.Drops);
        }
    }

    /// <summary>Where the kernel refuses to segment, because a segment does not fit the MTU, the datagrams leave singly: at first those of the refused call, then at once.</summary>
    [Fact]
    public void What_the_kernel_refuses_to_segment_leaves_one_by_one() => PrivateNetwork.Run(1400, () =>
    {
        using var pair = new UnderlayPair(false, false);
        Assert.SkipUnless(pair.Left.SegmentsInKernel, "This kernel has no UDP_SEGMENT.");
        for (int round = 0; round < 3; round++)
        {
            (Frame[] frames, List<byte[]> expected) = Make(pair.Cache, pair.Right.LocalEndpoint, [44, 3, 40, 1], 1472);
            pair.Send(frames);
            List<Datagram> received = pair.Inbox.Take(expected.Count);
            Assert.Equal(expected, received.Select(d => d.Bytes));
        }

        UplinkCounters counters = pair.Left.Snapshot();
        // Three trains were in the call that taught it.
        Assert.Equal((3, 0, 3 * 88), (counters.SegmentationRefused, counters.SegmentedSends, counters.DatagramsSent));
        Assert.Empty(counters.Drops);
    });

    private static (Frame[] Frames, List<byte[]> Expected) Make(FrameCache cache, UnderlayEndpoint to, int[] counts, int length)
    {
        var frames = new Frame[counts.Length];
        var expected = new List<byte[]>();
        int number = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            int lastShort = i % 2 == 0 ? 0 : 700;
            frames[i] = MakeOne(cache, counts[i], length, lastShort, number);
            frames[i].Remote = to;
            for (int n = 0; n < counts[i]; n++)
                expected.Add(Datagram(number + n, n == counts[i] - 1 && counts[i] > 1 ? length - lastShort : length));
            number += counts[i];
        }

        return (frames, expected);
    }

    private static Frame MakeOne(FrameCache cache, int count, int length, int lastShort, int number)
    {
        Frame frame;
        if (count == 1)
            Assert.True(cache.TryRentFrame(length - HeadersLength, out frame));
        else
            Assert.True(FrameTrain.TryRent(cache, length - HeadersLength, count, lastShort, out frame));
        for (int i = 0; i < count; i++)
            Datagram(number + i, HeadersLength + FrameTrain.SpanOf(frame, i).Length).AsSpan(HeadersLength).CopyTo(FrameTrain.SpanOf(frame, i));
        frame.Push(HeadersLength);
        Datagram(number, length).AsSpan(0, HeadersLength).CopyTo(frame.Span);
        return frame;
    }

    private static byte[] Datagram(int number, int length)
    {
        var bytes = new byte[length];
        UnderlayPair.Fill(bytes, number);
        VxlanView.Write(bytes, 1);
        EthernetView.Write(bytes.AsSpan(VxlanView.HeaderLength), new MacAddress(0x0200_0000_0002), new MacAddress(0x0200_0000_0001), EtherType.Ipv4);
        new Ipv4Header
        {
            Source = Source,
            Destination = Destination,
            Protocol = IpProtocol.Tcp,
            TotalLength = length - VxlanView.HeaderLength - EthernetView.HeaderLength,
            TimeToLive = 63,
            DontFragment = true,
        }.Write(bytes.AsSpan(VxlanView.HeaderLength + EthernetView.HeaderLength));
        return bytes;
    }
}
