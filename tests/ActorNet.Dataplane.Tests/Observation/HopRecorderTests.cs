using System.Buffers.Binary;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Observation;
using ActorNet.Dataplane.Tests.Devices;
using ActorNet.Dataplane.Tunnels;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Observation;

public sealed class HopRecorderTests
{
    private static readonly Ipv4Address A = Ipv4Address.Parse("10.244.0.2");
    private static readonly Ipv4Address B = Ipv4Address.Parse("10.244.1.2");
    private static readonly Ipv4Address C = Ipv4Address.Parse("10.244.2.2");

    private readonly FrameRig _rig = new();

    [Fact]
    public void An_echo_request_is_recorded_where_it_passes_with_one_identity_and_a_readable_line()
    {
        HopRecorder recorder = Make(new TraceFilter { Address = A, Other = B });
        VethDevice pod = Up("eth0");
        pod.Observer = recorder;
        var link = new Collector(_rig.Cache);
        pod.Link = link;
        pod.Transmit(_rig.Vector(Echo(A, B, ttl: 64), Echo(A, C, ttl: 64)));
        _rig.Time.Advance(TimeSpan.FromMicroseconds(5));
        pod.Upper = link;
        // After one routing hop: other MACs, another TTL and checksum.
        Frame routed = Echo(A, B, ttl: 63);
        FrameRig.Mac(77).Write(routed.Span);
        pod.Receive(_rig.Vector(routed));
        IReadOnlyList<HopRecord> hops = recorder.Export();
        Assert.Equal(2, hops.Count);
        Assert.Equal((HopEvent.Transmit, HopEvent.Receive), (hops[0].Event, hops[1].Event));
        Assert.Equal(hops[0].PacketKey, hops[1].PacketKey);
        Assert.Equal(("n1", "pod/a", "eth0", 98), (hops[0].Node, hops[0].Namespace, hops[0].Device, hops[0].Length));
        Assert.Equal("10.244.0.2 > 10.244.1.2 ICMP echo request id 7 seq 1 ttl 64 len 84", hops[0].Summary);
        Assert.Equal("10.244.0.2 > 10.244.1.2 ICMP echo request id 7 seq 1 ttl 63 len 84", hops[1].Summary);
        Assert.Equal((5_000, 5_000), (hops[1].Time.Nanoseconds, hops[1].WallClockNanoseconds));
        Assert.Null(hops[0].Remote);
        Assert.Null(hops[0].Reason);
        _rig.AssertIdle();
    }

    [Fact]
    public void A_drop_says_its_reason()
    {
        HopRecorder recorder = Make(new TraceFilter());
        VethDevice pod = Up("eth0");
        pod.Observer = recorder;
        pod.SetUp(false);
        pod.Transmit(_rig.Vector(Echo(A, B)));
        HopRecord hop = Assert.Single(recorder.Export());
        Assert.Equal((HopEvent.Drop, DropReason.DeviceDown), (hop.Event, hop.Reason));
    }

    [Fact]
    public void The_tunnel_names_its_underlay_peer_both_ways_and_other_devices_do_not()
    {
        HopRecorder recorder = Make(new TraceFilter());
        UnderlayEndpoint peer = new(Ipv4Address.Parse("127.0.10.2"), 8472);
        var sent = new Collector(_rig.Cache);
        var vxlan = new VxlanDevice("flannel.1", 3, FrameRig.Mac(50), 1450, new VxlanSettings { Local = A }, _rig.Cache) { Underlay = sent, Upper = sent, Observer = recorder };
        vxlan.SetUp(true);
        vxlan.Fdb.Set(FrameRig.Mac(1), peer);
        vxlan.Transmit(_rig.Vector(Echo(A, B)));
        Frame datagram = _rig.Raw(sent.Frames[0]);
        datagram.Remote = peer;
        vxlan.Decapsulate(_rig.Vector(datagram));
        IReadOnlyList<HopRecord> hops = recorder.Export();
        Assert.Equal([peer, peer], hops.Select(h => h.Remote!.Value));
        Assert.Equal(hops[0].PacketKey, hops[1].PacketKey);

        VethDevice pod = Up("eth0");
        pod.Observer = recorder;
        pod.Upper = sent;
        Frame frame = Echo(A, B);
        frame.Remote = peer;
        pod.Receive(_rig.Vector(frame));
        Assert.Null(recorder.Export()[2].Remote);
        _rig.AssertIdle();
    }

    [Fact]
    public void Different_packets_have_different_identities()
    {
        HopRecorder recorder = Make(new TraceFilter());
        VethDevice pod = Up("eth0");
        Frame other = Echo(A, B);
        other.Span[14 + 4] ^= 1;
        Frame sequence = Echo(A, B);
        sequence.Span[14 + 20 + 7] ^= 1;
        Frame fragment = Echo(A, B);
        fragment.Span[14 + 7] = 185;
        recorder.Observe(pod, FrameDirection.Receive, Keep(Echo(A, B), Echo(B, A), other, sequence, fragment, Arp(A, B)));
        Assert.Equal(6, recorder.Export().DistinctBy(h => h.PacketKey).Count());
    }

    [Fact]
    public void The_ring_keeps_the_latest_and_says_how_many_it_lost()
    {
        HopRecorder recorder = Make(new TraceFilter(), 3);
        VethDevice pod = Up("eth0");
        for (int i = 0; i < 5; i++)
            recorder.Observe(pod, FrameDirection.Receive, Keep(Echo(A, B, ttl: (byte)(10 + i))));
        Assert.Equal([12, 13, 14], recorder.Export().Select(h => int.Parse(h.Summary.Split(' ')[^3], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal((3, 2), (recorder.Count, recorder.Overwritten));
        recorder.Clear();
        Assert.Empty(recorder.Export());
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        HopRecorder recorder = Make(new TraceFilter { Address = A }, 100);
        VethDevice pod = Up("eth0");
        FrameVector vector = Keep(Echo(A, B), Arp(A, B));
        recorder.Observe(pod, FrameDirection.Receive, vector);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            recorder.Observe(pod, FrameDirection.Receive, vector);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Addresses_match_either_way_and_both_must_match()
    {
        var filter = new TraceFilter { Address = A, Other = B };
        Assert.True(Matches(filter, Echo(A, B)));
        Assert.True(Matches(filter, Echo(B, A)));
        Assert.False(Matches(filter, Echo(A, C)));
        Assert.False(Matches(filter, Echo(C, B)));
        Assert.False(Matches(filter, Echo(A, A)));
        Assert.True(Matches(filter, Arp(B, A)));
        Assert.False(Matches(filter, Arp(B, C)));
        Assert.False(Matches(filter with { WithArp = false }, Arp(B, A)));
        Assert.True(Matches(new TraceFilter { Other = C }, Echo(C, A)));
    }

    [Fact]
    public void Protocol_ports_and_echo_identifier_match()
    {
        Assert.True(Matches(new TraceFilter { Protocol = IpProtocol.Udp }, Udp(A, B, 4000, 53)));
        Assert.False(Matches(new TraceFilter { Protocol = IpProtocol.Icmp }, Udp(A, B, 4000, 53)));
        Assert.True(Matches(new TraceFilter { Port = 53 }, Udp(A, B, 4000, 53)));
        Assert.True(Matches(new TraceFilter { Port = 53 }, Udp(B, A, 53, 4000)));
        Assert.False(Matches(new TraceFilter { Port = 54 }, Udp(A, B, 4000, 53)));
        Assert.False(Matches(new TraceFilter { Port = 8 }, Echo(A, B)));
        Assert.True(Matches(new TraceFilter { IcmpIdentifier = 7 }, Echo(A, B)));
        Assert.False(Matches(new TraceFilter { IcmpIdentifier = 8 }, Echo(A, B)));
        Assert.False(Matches(new TraceFilter { IcmpIdentifier = 7 }, Udp(A, B, 4000, 53)));
    }

    [Fact]
    public void An_icmp_error_about_the_traced_packet_matches()
    {
        Frame original = Udp(A, B, 4000, 53);
        Frame error = _rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2), 14 + 20 + 8 + 28, EtherType.Ipv4);
        WriteIp(error, C, A, IpProtocol.Icmp, 64, 56);
        original.Span[14..42].CopyTo(error.Span[42..]);
        IcmpView.Write(error.Span[34..], IcmpType.TimeExceeded, 0, 0);
        Assert.True(Matches(new TraceFilter { Address = A, Other = B, Protocol = IpProtocol.Udp, Port = 53 }, error));
        Assert.False(Matches(new TraceFilter { Address = A, Other = B, Port = 54 }, error));
        _rig.Cache.Release(ref original);
    }

    [Fact]
    public void Lines_name_what_they_show()
    {
        Assert.Equal("ARP who-has 10.244.1.2 tell 10.244.0.2", LineOf(Arp(A, B)));
        Assert.Equal("10.244.0.2 > 10.244.1.2 UDP 4000 > 53 ttl 64 len 40", LineOf(Udp(A, B, 4000, 53)));
        Assert.Equal("02:00:00:00:00:02 > 02:00:00:00:00:01 ethertype 0x86dd", LineOf(_rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2), 80, EtherType.Ipv6)));
        Assert.Equal("short frame of 5 bytes", LineOf(_rig.Frame(default, default, 5)));
        Frame fragment = Udp(A, B, 1, 2);
        BinaryPrimitives.WriteUInt16BigEndian(fragment.Span[(14 + 6)..], 0x2000 | 185);
        Assert.Equal("10.244.0.2 > 10.244.1.2 UDP frag 4660@1480+ ttl 64 len 40", LineOf(fragment));
        Frame tcp = _rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2), 54, EtherType.Ipv4);
        WriteIp(tcp, A, B, IpProtocol.Tcp, 64, 40);
        Convert.FromHexString("9c4000500000000a0000000b50120000").CopyTo(tcp.Span[34..]);
        Assert.Equal("10.244.0.2 > 10.244.1.2 TCP 40000 > 80 [S.] seq 10 ack 11 ttl 64 len 40", LineOf(tcp));
    }

    [Fact]
    public void Random_bytes_harm_neither_filter_nor_line()
    {
        var random = new Random(5);
        var filter = new TraceFilter { Address = A, Port = 5, IcmpIdentifier = 6 };
        Span<byte> bytes = new byte[120];
        for (int i = 0; i < 300_000; i++)
        {
            Span<byte> frame = bytes[..random.Next(bytes.Length)];
            random.NextBytes(frame);
            if (frame.Length > 36 && i % 4 != 0)
            {
                BinaryPrimitives.WriteUInt16BigEndian(frame[12..], i % 4 == 1 ? (ushort)0x0806 : (ushort)0x0800);
                frame[14] = (byte)(0x40 | (frame[14] & 0x0F));
                frame[23] = (byte)(i % 3 == 0 ? 1 : i % 3 == 1 ? 6 : 17);
            }

            filter.Matches(frame);
            TracedFrame.KeyOf(frame);
            Assert.NotEmpty(TracedFrame.Summarise(frame));
        }
    }

    private HopRecorder Make(TraceFilter filter, int records = 100) => new("n1", "pod/a", filter, records, _rig.Clock, _rig.Time);

    private VethDevice Up(string name)
    {
        var device = new VethDevice(name, 2, FrameRig.Mac(1), 1450, _rig.Cache);
        device.SetUp(true);
        device.SetCarrier(true);
        return device;
    }

    private FrameVector Keep(params Frame[] frames) => _rig.Vector(frames);

    private static bool Matches(TraceFilter filter, Frame frame) => filter.Matches(frame.Span);

    private string LineOf(Frame frame)
    {
        HopRecorder recorder = Make(new TraceFilter(), 1);
        recorder.Observe(Up("eth0"), FrameDirection.Receive, Keep(frame));
        return recorder.Count == 1 ? recorder.Export()[0].Summary : TracedFrame.Summarise(frame.Span);
    }

    private Frame Echo(Ipv4Address from, Ipv4Address to, byte ttl = 64)
    {
        Frame frame = _rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2), 98, EtherType.Ipv4);
        WriteIp(frame, from, to, IpProtocol.Icmp, ttl, 84);
        IcmpView.Write(frame.Span[34..], IcmpType.EchoRequest, 0, 0x0007_0001);
        return frame;
    }

    private Frame Udp(Ipv4Address from, Ipv4Address to, ushort source, ushort destination)
    {
        Frame frame = _rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2), 54, EtherType.Ipv4);
        WriteIp(frame, from, to, IpProtocol.Udp, 64, 40);
        UdpView.Write(frame.Span[34..], from, to, source, destination);
        return frame;
    }

    private Frame Arp(Ipv4Address from, Ipv4Address to)
    {
        Frame frame = _rig.Frame(MacAddress.Broadcast, FrameRig.Mac(2), 42, EtherType.Arp);
        ArpView.Write(frame.Span[14..], ArpOperation.Request, FrameRig.Mac(2), from, default, to);
        return frame;
    }

    private static void WriteIp(Frame frame, Ipv4Address from, Ipv4Address to, IpProtocol protocol, byte ttl, int length) => new Ipv4Header
    {
        Source = from,
        Destination = to,
        Protocol = protocol,
        TimeToLive = ttl,
        TotalLength = length,
        Identification = 0x1234,
    }.Write(frame.Span[14..]);
}
