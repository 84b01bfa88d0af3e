using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Observation;
using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

/// <summary>
/// Segmentation offload changes nothing that the peer can see: with trains through the devices, with trains cut by the namespace and without any
/// the same transfer is the same frames, byte for byte. One thing may differ: the window offered while data waits unread, for a segment that
/// came in a train is charged for its bytes, one that came alone for its buffer. The windows here are too large to hold anything up.
/// </summary>
public sealed class TcpOffloadTests
{
    /// <summary>How segments pass.</summary>
    public enum Offload
    {
        /// <summary>TCP makes no trains.</summary>
        Off,

        /// <summary>TCP makes trains and the device takes none.</summary>
        CutByNamespace,

        /// <summary>The device takes them.</summary>
        Whole,
    }

    [Theory]
    [InlineData(1, 1500)]
    [InlineData(2, 1450)]
    [InlineData(3, 9000)]
    [InlineData(4, 576)]
    public void A_transfer_is_the_same_frames_with_it_and_without(int seed, int mtu)
    {
        List<CapturedPacket> off = Transfer(Offload.Off, mtu, seed, null, out _);
        List<CapturedPacket> cut = Transfer(Offload.CutByNamespace, mtu, seed, null, out _);
        List<CapturedPacket> whole = Transfer(Offload.Whole, mtu, seed, null, out int longest);
        AssertSame(off, cut, withWindow: false);
        AssertSame(cut, whole);
        Assert.InRange(longest, 2, FrameTrain.MaxFrames);
    }

    /// <summary>Where frames are lost, copied and overtaken the fate of each is drawn by its place in the flow, so that the runs stay comparable.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_fault_has_the_same_frames_before_it_with_it_and_without(int seed)
    {
        ImpairmentSettings fault = ImpairmentSettings.None with { Seed = (ulong)seed, Loss = 0.02, Reorder = 0.02, Duplicate = 0.02, Delay = TimeSpan.FromMilliseconds(2) };
        List<CapturedPacket> cut = Transfer(Offload.CutByNamespace, 1450, seed, fault, out _);
        List<CapturedPacket> whole = Transfer(Offload.Whole, 1450, seed, fault, out int longest);
        AssertSame(cut, whole);
        Assert.InRange(longest, 2, FrameTrain.MaxFrames);
    }

    [Fact]
    public void Counters_count_frames_of_the_wire()
    {
        (long Packets, long Bytes)[] counts = [.. Enum.GetValues<Offload>().Select(offload =>
        {
            using var lab = Lab(offload, 1500, null);
            (TcpSocket client, TcpSocket server) = lab.Connect();
            lab.Transfer(client, server, TcpLab.Pattern(300_000), TimeSpan.FromMinutes(1));
            return (lab.Hosts.A.Eth0.Counters.TxPackets, lab.Hosts.A.Eth0.Counters.TxBytes);
        })];
        Assert.Single(counts.Distinct());
        Assert.True(counts[0].Packets > 300_000 / 1448);
    }

    /// <summary>A pool that has no memory for trains sends what it always sent.</summary>
    [Fact]
    public void Without_memory_for_a_train_segments_go_one_by_one()
    {
        using var pool = new StarvedPool(new FramePool(maxLarge: 0));
        Assert.False(FrameTrain.TryRent(pool.Cache, 1448, 2, 0, out _));
    }

    /// <summary>RFC 1191 over a router whose next link is smaller: the head is checked for all, one error answers, and the transfer goes on smaller.</summary>
    [Theory]
    [InlineData(Offload.Off)]
    [InlineData(Offload.CutByNamespace)]
    [InlineData(Offload.Whole)]
    public void A_train_too_big_for_a_router_is_answered_and_the_transfer_adapts(Offload offload)
    {
        using var path = new RoutedPath(1500, 1000, offload == Offload.Whole, new TcpSettings { SegmentationOffload = offload != Offload.Off });
        Assert.Equal(SocketResult.Ok, path.Right.Sockets.ListenTcp(new Ipv4Endpoint(default, 80), 4, null, out TcpListener? listener));
        TcpSocket client = path.Left.Sockets.OpenTcp();
        Assert.Equal(SocketResult.InProgress, client.Connect(new Ipv4Endpoint(path.Right.Address, 80)));
        TcpSocket? server = null;
        path.RunUntil(() => listener!.TryAccept(out server));
        byte[] data = TcpLab.Pattern(200_000);
        var received = new byte[data.Length];
        int sent = 0;
        int count = 0;
        path.RunUntil(() =>
        {
            while (sent < data.Length && client.Send(data.AsSpan(sent), out int taken) == SocketResult.Ok && taken > 0)
                sent += taken;
            while (count < data.Length && server!.Receive(received.AsSpan(count), out int read) == SocketResult.Ok && read > 0)
                count += read;
            return count == data.Length;
        });
        Assert.Equal(data, received);
        Assert.Equal(1000, client.Info.PathMtu);
        Assert.True(path.Router.Ip.FragFails >= 1);
        Assert.InRange(path.LongestFrame, 900, 1000 + EthernetView.HeaderLength);
        client.Close();
        server!.Close();
    }

    private static TcpLab Lab(Offload offload, int mtu, ImpairmentSettings? fault)
    {
        var lab = new TcpLab(fault, fault is null ? null : fault with { Seed = fault.Seed + 100 }, mtu, new TcpSettings { SegmentationOffload = offload != Offload.Off, DefaultReceiveBuffer = 6_291_456 });
        lab.Hosts.A.Eth0.TakesTrains = lab.Hosts.B.Eth0.TakesTrains = offload == Offload.Whole;
        return lab;
    }

    // Both ends write pieces of sizes drawn from the seed.
    private static List<CapturedPacket> Transfer(Offload offload, int mtu, int seed, ImpairmentSettings? fault, out int longest)
    {
        using var lab = Lab(offload, mtu, fault);
        var tap = new CaptureTap(65_536, 100_000, 64 << 20, TimeProvider.System);
        var trains = new LongestTrain();
        lab.Hosts.A.Eth0.Observer = ObserverGroup.Of([tap, trains]);
        (TcpSocket client, TcpSocket server) = lab.Connect();
        var random = new Random(seed);
        for (int i = 0; i < 12; i++)
        {
            lab.Transfer(client, server, TcpLab.Pattern(random.Next(1, 200_000), i), TimeSpan.FromMinutes(30), finish: false);
            lab.Transfer(server, client, TcpLab.Pattern(random.Next(1, 20_000), i), TimeSpan.FromMinutes(30), finish: false);
        }

        lab.Transfer(client, server, TcpLab.Pattern(77_777), TimeSpan.FromMinutes(30));
        client.Close();
        server.Close();
        lab.Hosts.A.Eth0.Observer = null;
        longest = trains.Length;
        return [.. tap.Drain()];
    }

    private static void AssertSame(List<CapturedPacket> expected, List<CapturedPacket> actual, bool withWindow = true)
    {
        for (int i = 0; i < Math.Min(expected.Count, actual.Count); i++)
        {
            Assert.Equal(expected[i].Direction, actual[i].Direction);
            byte[] one = Comparable(expected[i], withWindow);
            byte[] other = Comparable(actual[i], withWindow);
            Assert.True(one.AsSpan().SequenceEqual(other), $"frame {i} of {expected.Count}: {Convert.ToHexString(one.AsSpan(0, 66))} is {Convert.ToHexString(other.AsSpan(0, 66))}");
        }

        Assert.Equal(expected.Count, actual.Count);
    }

    private static byte[] Comparable(CapturedPacket packet, bool withWindow)
    {
        byte[] bytes = packet.Bytes.ToArray();
        Assert.Equal(ParseError.None, TcpView.TryParse(bytes.AsSpan(34), out TcpView tcp));
        Assert.True(tcp.HasValidChecksum(Ipv4Address.Read(bytes.AsSpan(26)), Ipv4Address.Read(bytes.AsSpan(30))));
        if (!withWindow)
            bytes.AsSpan(34 + 14, 4).Clear();
        return bytes;
    }

    private sealed class LongestTrain : IDeviceObserver
    {
        public int Length { get; private set; }

        public void Observe(NetworkDevice device, FrameDirection direction, FrameVector frames)
        {
            foreach (ref Frame frame in frames.Frames)
                Length = Math.Max(Length, frame.Count);
        }

        public void ObserveDrop(NetworkDevice device, DropReason reason, in Frame frame)
        {
        }
    }

    private sealed class StarvedPool(FramePool pool) : IDisposable
    {
        public FrameCache Cache { get; } = pool.CreateCache("test");

        public void Dispose() => Cache.Dispose();
    }
}
