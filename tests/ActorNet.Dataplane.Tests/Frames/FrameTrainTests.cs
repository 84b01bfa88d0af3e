using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Tests.Devices;
using ActorNet.Dataplane.Tunnels;
using ActorNet.Packets;
using CsCheck;

namespace ActorNet.Dataplane.Tests.Frames;

/// <summary>
/// Trains: what joined must come apart as it came (the rules of linux net/ipv4/tcp_offload.c tcp_gro_receive, net/ipv4/af_inet.c
/// inet_gro_receive), and whoever looks at single frames sees single frames. Datagrams lie in a buffer as an aggregated receive leaves them.
/// </summary>
public sealed class FrameTrainTests
{
    private const int HeadersLength = EthernetView.HeaderLength + Ipv4View.MinHeaderLength + TcpView.MinHeaderLength;
    private static readonly MacAddress Own = MacAddress.Parse("5e:f4:68:83:7d:01");
    private static readonly MacAddress Remote = MacAddress.Parse("5e:f4:68:83:7d:02");
    private static readonly Ipv4Address Source = Ipv4Address.Parse("10.244.1.2");
    private static readonly Ipv4Address Destination = Ipv4Address.Parse("10.244.2.2");
    private static readonly UnderlayEndpoint Peer = new(Ipv4Address.Parse("192.168.56.12"), 8472);

    private readonly FrameRig _rig = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Segments_of_a_flow_travel_as_one(int identificationStep)
    {
        List<byte[]> segments = Segments(44, 1398, 700, identificationStep);
        var sink = new TrainSink(_rig.Cache);
        Receive(segments, joins: true, sink);
        Assert.Equal([44], sink.Counts);
        Assert.Equal(segments, sink.Wire);
        _rig.AssertIdle();
    }

    [Fact]
    public void A_segment_with_a_push_ends_a_train()
    {
        List<byte[]> segments = Segments(6, 500, 500, 0);
        SetFlags(segments[2], TcpFlags.Ack | TcpFlags.Psh);
        var sink = new TrainSink(_rig.Cache);
        Receive(segments, joins: true, sink);
        Assert.Equal([3, 3], sink.Counts);
        Assert.Equal(segments, sink.Wire);
    }

    /// <summary>Any header byte of any segment may be another: what comes apart is what came, and what the device counts is the same.</summary>
    [Fact]
    public void What_is_joined_comes_apart_as_it_came()
    {
        var change = Gen.Select(Gen.Int[0, 40], Gen.Int[0, HeadersLength + 3], Gen.Byte);
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 1400], Gen.Int[0, 1400], Gen.Int[0, 2], change.Array[0, 3]).Sample((count, length, last, step, changes) =>
        {
            var rig = new FrameRig();
            List<byte[]> segments = Segments(count, length, Math.Min(Math.Max(last, 1), length), step);
            foreach ((int index, int at, byte value) in changes)
                segments[index % count][at % segments[index % count].Length] ^= value;
            var plain = new TrainSink(rig.Cache);
            var joined = new TrainSink(rig.Cache);
            VxlanDevice oracle = Receive(segments, joins: false, plain, rig);
            VxlanDevice device = Receive(segments, joins: true, joined, rig);
            Assert.Equal(plain.Wire, joined.Wire);
            Assert.Equal((oracle.Counters.RxPackets, oracle.Counters.RxBytes, oracle.Counters.RxErrors), (device.Counters.RxPackets, device.Counters.RxBytes, device.Counters.RxErrors));
            rig.AssertIdle();
        });
    }

    [Fact]
    public void Another_flow_between_two_segments_keeps_them_apart()
    {
        List<byte[]> segments = Segments(4, 500, 500, 0);
        byte[] other = (byte[])segments[1].Clone();
        BinaryPrimitives.WriteUInt16BigEndian(other.AsSpan(34), 4444);
        segments.Insert(1, other);
        var sink = new TrainSink(_rig.Cache);
        Receive(segments, joins: true, sink);
        Assert.Equal([1, 1, 3], sink.Counts);
        Assert.Equal(segments, sink.Wire);
    }

    [Fact]
    public void A_copy_of_a_train_is_a_train_of_its_own()
    {
        List<byte[]> segments = Segments(10, 1398, 5, 1);
        var sink = new TrainSink(_rig.Cache) { Copies = true };
        Receive(segments, joins: true, sink);
        Assert.Equal([10], sink.Counts);
        Assert.Equal(segments, sink.Wire);
        _rig.AssertIdle();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_fault_meets_frames_as_the_wire_has_them(bool flooded)
    {
        List<byte[]> segments = Segments(40, 1398, 1398, 0);
        var after = new Collector(_rig.Cache);
        using var link = new ImpairedLink("place", after, _rig.Cache, _rig.Clock) { Settings = ImpairmentSettings.None with { Loss = 0.5, Seed = 1 } };
        var sink = new TrainSink(_rig.Cache) { Next = link, Shares = flooded };
        Receive(segments, joins: true, sink);
        Assert.Equal([40], sink.Counts);
        Assert.Equal((40, 40), (link.FramesIn, link.Decided));
        Assert.Equal(40 - link.Drops[DropReason.Impaired], after.Frames.Count);
        Assert.InRange(after.Frames.Count, 5, 35);
        Assert.All(after.Frames, f => Assert.Contains(f, segments));
        _rig.AssertIdle();
    }

    [Fact]
    public void A_device_drops_a_train_that_does_not_fit_and_counts_its_frames()
    {
        List<byte[]> segments = Segments(7, 1398, 1000, 0);
        VxlanDevice egress = Make(_rig, joins: true, mtu: 1400);
        egress.Fdb.Set(Remote, Peer);
        var underlay = new Collector(_rig.Cache);
        egress.Underlay = underlay;
        Receive(segments, joins: true, new Resender(egress));
        Assert.Equal((7, 0, 0), (egress.Counters.TxDropped, egress.Counters.TxPackets, underlay.Count));
        Assert.Equal(7, egress.Counters.Drops[DropReason.TooBig]);
        _rig.AssertIdle();
    }

    /// <summary>What an underlay is given after a train went through a tunnel, out of an independent encapsulation of each segment.</summary>
    [Fact]
    public void A_train_leaves_by_a_tunnel_as_its_datagrams_one_behind_the_other()
    {
        List<byte[]> segments = Segments(12, 1398, 77, 1);
        var underlay = new TrainSink(_rig.Cache) { NetworkOffset = VxlanView.HeaderLength + EthernetView.HeaderLength };
        VxlanDevice egress = Make(_rig, joins: true, 1450);
        egress.Fdb.Set(Remote, Peer);
        egress.Underlay = underlay;
        Receive(segments, joins: true, new Resender(egress));
        byte[] header = Convert.FromHexString("0800000000000100");
        Assert.Equal(segments.Select(s => header.Concat(s).ToArray()), underlay.Wire);
        Assert.Equal([12], underlay.Counts);
        // iptunnel_xmit counts each packet from its network header on.
        Assert.Equal((12, segments.Sum(s => s.Length - EthernetView.HeaderLength)), (egress.Counters.TxPackets, egress.Counters.TxBytes));
        _rig.AssertIdle();
    }

    private static void SetFlags(Span<byte> segment, TcpFlags flags) => segment[HeadersLength - TcpView.MinHeaderLength + 13] = (byte)flags;

    private static List<byte[]> Segments(int count, int length, int last, int identificationStep)
    {
        var segments = new List<byte[]>();
        var data = new byte[length];
        for (int i = 0; i < count; i++)
        {
            int own = i == count - 1 ? last : length;
            new Random(i).NextBytes(data);
            var bytes = new byte[HeadersLength + own];
            EthernetView.Write(bytes, Remote, Own, EtherType.Ipv4);
            new Ipv4Header
            {
                Source = Source,
                Destination = Destination,
                Protocol = IpProtocol.Tcp,
                TotalLength = bytes.Length - EthernetView.HeaderLength,
                Identification = (ushort)(65_530 + (i * identificationStep)),
                TimeToLive = 63,
                DontFragment = true,
            }.Write(bytes.AsSpan(EthernetView.HeaderLength));
            data.AsSpan(0, own).CopyTo(bytes.AsSpan(HeadersLength));
            new TcpHeader
            {
                SourcePort = 40_000,
                DestinationPort = 80,
                SequenceNumber = (uint)(0xFFFF_F000 + (i * length)),
                AcknowledgmentNumber = 77,
                Flags = TcpFlags.Ack | (i == count - 1 ? TcpFlags.Psh : 0),
                Window = 500,
            }.Write(bytes.AsSpan(EthernetView.HeaderLength + Ipv4View.MinHeaderLength), 0, Source, Destination);
            segments.Add(bytes);
        }

        return segments;
    }

    private VxlanDevice Receive(List<byte[]> segments, bool joins, IFrameSink upper, FrameRig? rig = null, int mtu = 1450)
    {
        rig ??= _rig;
        VxlanDevice device = Make(rig, joins, mtu);
        device.Upper = upper;
        Assert.True(rig.Cache.TryRentBuffer(FrameSize.Large, out FrameBuffer buffer));
        Assert.True(rig.Cache.TryRentVector(out FrameVector vector));
        buffer.AddReferences(segments.Count - 1);
        int at = buffer.Offset + FramePool.Headroom;
        foreach (byte[] segment in segments)
        {
            VxlanView.Write(buffer.Slab.AsSpan(at), 1);
            segment.CopyTo(buffer.Slab, at + VxlanView.HeaderLength);
            int length = VxlanView.HeaderLength + segment.Length;
            vector.Add(new Frame { Buffer = buffer, RegionStart = at, RegionEnd = at + length, Start = at, Length = length, Remote = Peer });
            at += length;
        }

        device.Decapsulate(vector);
        return device;
    }

    private static VxlanDevice Make(FrameRig rig, bool joins, int mtu)
    {
        var settings = new VxlanSettings { Local = Ipv4Address.Parse("192.168.56.11"), AllowUnknownPeers = true, JoinsReceived = joins };
        // The inner source address is another's, or the device would take its own frames back.
        var device = new VxlanDevice("flannel.1", 4, FrameRig.Mac(99), mtu, settings, rig.Cache);
        device.SetUp(true);
        return device;
    }

    private sealed class Resender(VxlanDevice device) : IFrameSink
    {
        public void Push(FrameVector frames) => device.Transmit(frames);
    }

    /// <summary>Notes how many frames each entry of a vector is and what they are on the wire, cut in the two ways there are.</summary>
    private sealed class TrainSink(FrameCache cache) : IFrameSink
    {
        public List<int> Counts { get; } = [];

        public List<byte[]> Wire { get; } = [];

        public int NetworkOffset { get; init; } = EthernetView.HeaderLength;

        public bool Copies { get; init; }

        public bool Shares { get; init; }

        public ImpairedLink? Next { get; init; }

        public void Push(FrameVector frames)
        {
            for (int n = 0; n < frames.Count; n++)
            {
                Counts.Add(frames[n].Count);
                if (Copies)
                    Copy(ref frames[n]);
                if (Shares)
                    cache.ReleaseLeft(Shared(frames, n));
                if (Next is null)
                    Note(ref frames[n]);
            }

            if (Next is null)
                cache.ReleaseEmpty(frames);
            else
                Next.Push(frames);
        }

        private FrameVector Shared(FrameVector frames, int n)
        {
            Assert.True(cache.TryRentVector(out FrameVector other));
            other.Add(FrameCache.Share(ref frames[n]));
            return other;
        }

        private void Copy(ref Frame frame)
        {
            Assert.True(cache.TryCopy(frame, out Frame copy));
            cache.Release(ref frame);
            frame = copy;
        }

        private void Note(ref Frame frame)
        {
            var seen = new List<byte[]>();
            var target = new byte[frame.Length];
            for (int i = 0; i < frame.Count && NetworkOffset == EthernetView.HeaderLength; i++)
                seen.Add(target[..FrameTrain.CopyTo(frame, i, target)].ToArray());
            FrameTrain.Cut(frame, NetworkOffset);
            for (int i = 0; i < frame.Count; i++)
            {
                Frame part = FrameTrain.Part(frame, i);
                Assert.True(part.RegionStart <= part.Start && part.Tailroom >= 0);
                Wire.Add(part.Span.ToArray());
                if (seen.Count > 0)
                    Assert.Equal(seen[i], Wire[^1]);
                cache.Release(ref part);
            }
        }
    }
}
