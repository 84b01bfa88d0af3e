using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using ActorNet.Dataplane.Frames;
using ActorNet.Node.Uplink;

namespace ActorNet.Node.Tests.Uplink;

/// <summary>What UDP_SEGMENT and UDP_GRO join and cut: the receiver must see each datagram as it was.</summary>
public sealed class SegmentationTests
{
    /// <summary>Bytes that the pool's own tables may grow by while tens of thousands of datagrams pass: a byte for each would be far more.</summary>
    private const long OnceAtMost = 4096;

    /// <summary>Lengths of one vector's frames, and how many segmented sends they may make at most.</summary>
    public static TheoryData<string, int[], int> Shapes => new()
    {
        { "equal", [.. Enumerable.Repeat(114, 64)], 1 },
        { "last shorter", [.. Enumerable.Repeat(114, 10), 50], 1 },
        { "shorter in the middle ends a run", [100, 100, 50, 100, 100], 2 },
        { "longer begins a run", [100, 100, 120, 120], 2 },
        { "each longer than the one before", [10, 20, 30, 40, 50], 0 },
        { "each shorter than the one before", [50, 40, 30, 20, 10, 5], 3 },
        { "empty ones stand alone", [0, 0, 10, 10, 0, 10], 1 },
        { "one byte each", [.. Enumerable.Repeat(1, 64)], 1 },
        { "together just 65,507 bytes", [.. Enumerable.Repeat(32_753, 2), 1], 1 },
        { "together more than 64 KiB", [.. Enumerable.Repeat(1500, 64)], 2 },
        { "far more than 64 KiB", [.. Enumerable.Repeat(30_000, 9)], 4 },
        { "two halves", [40_000, 40_000], 0 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Each_datagram_arrives_as_it_was(string shape, int[] lengths, int segmented)
    {
        _ = shape;
        foreach ((bool leftPlain, bool rightPlain) in new[] { (false, false), (false, true), (true, false) })
        {
            using var pair = new UnderlayPair(leftPlain, rightPlain);
            var frames = new Frame[lengths.Length];
            for (int i = 0; i < frames.Length; i++)
                frames[i] = pair.Make(lengths[i], i);
            pair.Send(frames);
            List<Datagram> received = pair.Inbox.Take(lengths.Length);
            for (int i = 0; i < lengths.Length; i++)
            {
                byte[] expected = new byte[lengths[i]];
                UnderlayPair.Fill(expected, i);
                Assert.Equal(expected, received[i].Bytes);
            }

            UplinkCounters counters = pair.Left.Snapshot();
            Assert.Equal(pair.Left.SegmentsInKernel ? segmented : 0, counters.SegmentedSends);
            Assert.Equal(0, counters.SegmentationRefused);
        }
    }

    [Fact]
    public void Different_peers_and_types_of_service_are_never_joined()
    {
        using var pair = new UnderlayPair(false, false);
        using IUnderlaySocket third = Underlay.Open(UnderlayPair.Options(UnderlayPair.RightAddress, false), pair.RightPool);
        using var thirdInbox = new Inbox(pair.RightPool);
        third.Start(thirdInbox);
        var frames = new Frame[40];
        for (int i = 0; i < frames.Length; i++)
        {
            frames[i] = pair.Make(100, i, typeOfService: (byte)(i / 20 * 2));
            if (i % 4 >= 2)
                frames[i].Remote = third.LocalEndpoint;
        }

        pair.Send(frames);
        List<Datagram> right = pair.Inbox.Take(20);
        List<Datagram> others = thirdInbox.Take(20);
        int[] toRight = [.. Enumerable.Range(0, 40).Where(i => i % 4 < 2)];
        int[] toThird = [.. Enumerable.Range(0, 40).Where(i => i % 4 >= 2)];
        AssertAre(toRight, right);
        AssertAre(toThird, others);
        Assert.Equal(20, pair.Left.Snapshot().Peers[third.LocalEndpoint].DatagramsSent);
    }

    [Fact]
    public void Vectors_of_64_arrive_as_aggregates_and_are_cut_right()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("UDP_GRO is Linux's.");
        using var pair = new UnderlayPair(false, false);
        Assert.SkipUnless(pair.Left.SegmentsInKernel, "This kernel has no UDP_SEGMENT.");
        for (int round = 0; round < 20; round++)
        {
            var frames = new Frame[64];
            for (int i = 0; i < 64; i++)
                frames[i] = pair.Make(122, i + round);
            pair.Send(frames);
            List<Datagram> received = pair.Inbox.Take(64);
            AssertAre([.. Enumerable.Range(round, 64)], received, 122);
        }

        // Loopback carries a segmented send whole.
        Assert.Equal(20, pair.Left.Snapshot().SegmentedSends);
        Assert.Equal(20, pair.Right.Snapshot().AggregatedReceives);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_outer_type_of_service_is_sent_and_received(bool plainSender)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Only Linux tells the type of service of a datagram through .NET's sockets.");
        using var pair = new UnderlayPair(plainSender, false);
        foreach (byte tos in (byte[])[0, 1, 2, 3, 0xB8, 0xFF, 0])
        {
            pair.Send(pair.Make(100, 1, typeOfService: tos), pair.Make(100, 2, typeOfService: tos));
            Assert.All(pair.Inbox.Take(2), d => Assert.Equal(tos, d.TypeOfService));
        }
    }

    [Fact]
    public void What_a_kernel_socket_sends_segmented_is_received_as_separate_datagrams()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("UDP_SEGMENT is Linux's.");
        using var pair = new UnderlayPair(false, false);
        using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        int segment = 500;
        // SOL_UDP 17, UDP_SEGMENT 103 (linux include/uapi/linux/udp.h): every send of this socket is cut into datagrams of 500 bytes.
        sender.SetRawSocketOption(17, 103, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(ref segment)));
        byte[] bytes = new byte[5_250];
        UnderlayPair.Fill(bytes, 7);
        sender.SendTo(bytes, new IPEndPoint(pair.Right.LocalEndpoint.Address.ToIPAddress(), pair.Right.LocalEndpoint.Port));
        List<Datagram> received = pair.Inbox.Take(11);
        Assert.Equal([.. Enumerable.Repeat(500, 10), 250], received.Select(d => d.Bytes.Length));
        Assert.Equal(bytes, received.SelectMany(d => d.Bytes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nothing_is_allocated_per_datagram(bool plain)
    {
        using var pair = new UnderlayPair(plain, plain, rightSink: null);
        long before = 0;
        const int Rounds = 2000;
        for (int round = 0; round < Rounds * 2; round++)
        {
            if (round == Rounds)
                before = GC.GetAllocatedBytesForCurrentThread();
            Assert.True(pair.Cache.TryRentVector(out FrameVector vector));
            for (int i = 0; i < 64; i++)
            {
                pair.Cache.TryRentFrame(122, out Frame frame);
                // Nobody listens on the discard port of this loopback address: only sending is measured here.
                frame.Remote = new UnderlayEndpoint(UnderlayPair.RightAddress, 9);
                frame.FlowHash = (uint)(round * 0x9E37_79B9);
                vector.Add(frame);
            }

            pair.Left.Push(vector);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, OnceAtMost);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Receiving_allocates_nothing_per_datagram(bool plain)
    {
        var pool = new FramePool();
        var counter = new AllocationCounter(pool);
        using (var pair = new UnderlayPair(false, plain, pool, rightSink: counter))
        {
            var clock = Stopwatch.StartNew();
            for (int sent = 0; Volatile.Read(ref counter.Seen) < AllocationCounter.Until && clock.ElapsedMilliseconds < 60_000; sent += 64)
            {
                // A window of our own: the socket's buffer must not overflow, else the loop only sends.
                while (sent - Volatile.Read(ref counter.Seen) > 512 && clock.ElapsedMilliseconds < 60_000)
                    Thread.Yield();
                Assert.True(pair.Cache.TryRentVector(out FrameVector vector));
                for (int i = 0; i < 64; i++)
                    vector.Add(pair.Make(122, 1));
                pair.Left.Push(vector);
            }

            pair.Right.Dispose();
            Assert.True(counter.Seen >= AllocationCounter.Until, $"{counter.Seen} datagrams came");
            Assert.InRange(counter.Allocated, 0, OnceAtMost);
            counter.Cache.Dispose();
        }
    }

    private static void AssertAre(int[] numbers, List<Datagram> received, int length = 100)
    {
        byte[] expected = new byte[length];
        for (int i = 0; i < numbers.Length; i++)
        {
            UnderlayPair.Fill(expected, numbers[i]);
            Assert.Equal(expected, received[i].Bytes);
        }
    }

    /// <summary>Asks on the receive thread what it allocated after the first thousands.</summary>
    private sealed class AllocationCounter(FramePool pool) : IFrameSink
    {
        public const int Until = 60_000;

        private const int WarmUp = 20_000;

        public int Seen;

        private long _before;

        public long Allocated { get; private set; }

        public FrameCache Cache { get; } = pool.CreateCache("counter");

        public void Push(FrameVector frames)
        {
            int seen = Seen + frames.Count;
            Cache.Release(frames);
            if (_before == 0 && seen >= WarmUp)
                _before = GC.GetAllocatedBytesForCurrentThread();
            else if (_before != 0 && seen < Until)
                Allocated = GC.GetAllocatedBytesForCurrentThread() - _before;
            Volatile.Write(ref Seen, seen);
        }
    }
}
