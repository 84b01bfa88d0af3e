using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Tests.Devices;
using ActorNet.Dataplane.Tunnels;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Tunnels;

/// <summary>Rules of linux drivers/net/vxlan/vxlan_core.c (vxlan_xmit, vxlan_rcv), measured on Linux 6.18, and RFC 7348, RFC 6040.</summary>
public sealed class VxlanDeviceTests
{
    private static readonly MacAddress Own = MacAddress.Parse("5e:f4:68:83:7d:01");
    private static readonly MacAddress Remote = MacAddress.Parse("5e:f4:68:83:7d:02");
    private static readonly UnderlayEndpoint Peer = new(Ipv4Address.Parse("192.168.56.12"), 8472);

    private readonly FrameRig _rig = new();
    private readonly Collector _underlay;
    private readonly Collector _upper;

    public VxlanDeviceTests()
    {
        _underlay = new Collector(_rig.Cache);
        _upper = new Collector(_rig.Cache);
    }

    [Fact]
    public void It_sends_the_bytes_that_a_kernel_sent()
    {
        // Captured from Linux 6.18: VXLAN, Ethernet and IPv4 headers of a 29-byte packet from 10.244.1.2 to 10.244.2.2; its UDP part is filled in.
        byte[] inner = Convert.FromHexString("5ef468837d025ef468837d0108004500001da63a40003f117caa0af401020af40202d2041f9000093e4a78");
        byte[] payload = Convert.FromHexString("0800000000000100" + Convert.ToHexString(inner));
        VxlanDevice device = Make();
        device.Transmit(_rig.Vector(_rig.Raw(inner)));
        Assert.Equal(payload, Assert.Single(_underlay.Frames));
        Frame sent = _underlay.Metadata[0];
        Assert.Equal(Peer, sent.Remote);
        Assert.Equal(FlowHash.Compute(inner), sent.FlowHash);
        // iptunnel_xmit counts the packet from its network header on.
        Assert.Equal((1, 29), (device.Counters.TxPackets, device.Counters.TxBytes));
        _rig.AssertIdle();
    }

    [Fact]
    public void A_frame_without_an_entry_is_tx_dropped_and_the_others_go()
    {
        VxlanDevice device = Make();
        device.Transmit(_rig.Vector(Ipv4(Remote, Own), Ipv4(MacAddress.Broadcast, Own), Ipv4(FrameRig.Mac(3), Own), Ipv4(Remote, Own)));
        Assert.Equal([2], _underlay.VectorSizes);
        Assert.Equal((2, 2, 2), (device.Counters.TxPackets, device.Counters.TxDropped, device.Counters.Drops[DropReason.NoFdbEntry]));
        device.Transmit(_rig.Vector(Ipv4(MacAddress.Broadcast, Own)));
        Assert.Equal(2, _underlay.Count);
        _rig.AssertIdle();
    }

    [Fact]
    public void A_change_of_the_database_takes_effect_on_the_next_frame_of_a_run()
    {
        VxlanDevice device = Make();
        device.Transmit(_rig.Vector(Ipv4(Remote, Own)));
        UnderlayEndpoint moved = new(Ipv4Address.Parse("192.168.56.99"), 8472);
        Assert.True(device.Fdb.Set(Remote, moved));
        device.Transmit(_rig.Vector(Ipv4(Remote, Own)));
        Assert.True(device.Fdb.Remove(Remote));
        device.Transmit(_rig.Vector(Ipv4(Remote, Own)));
        Assert.Equal([Peer, moved], _underlay.Metadata.Select(f => f.Remote));
        Assert.False(device.Fdb.IsPeer(moved.Address));
        Assert.False(device.Fdb.Remove(Remote));
    }

    [Fact]
    public void The_zero_entry_takes_what_has_none_and_each_of_its_remotes_gets_a_copy()
    {
        VxlanDevice device = Make();
        UnderlayEndpoint[] defaults = [.. Enumerable.Range(50, 3).Select(i => new UnderlayEndpoint(new Ipv4Address(0xC0A8_3800u + (uint)i), 8472))];
        foreach (UnderlayEndpoint remote in defaults)
            Assert.True(device.Fdb.Set(MacAddress.Zero, remote));
        device.Transmit(_rig.Vector(Ipv4(MacAddress.Broadcast, Own), Ipv4(Remote, Own)));
        Assert.Equal(4, _underlay.Count);
        Assert.Equal([.. defaults, Peer], _underlay.Metadata.Select(f => f.Remote).OrderByDescending(r => r != Peer).ThenBy(r => r.Address));
        Assert.Single(_underlay.Frames.Take(3).DistinctBy(Convert.ToHexString));
        Assert.True(device.Fdb.IsPeer(defaults[2].Address));
        Assert.True(device.Fdb.Remove(MacAddress.Zero));
        Assert.False(device.Fdb.IsPeer(defaults[2].Address));
        _rig.AssertIdle();
    }

    [Fact]
    public void A_shared_frame_is_copied_before_the_header_is_written()
    {
        VxlanDevice device = Make();
        Frame frame = Ipv4(Remote, Own);
        Frame other = FrameCache.Share(ref frame);
        byte before = frame.Buffer.Slab[frame.Start - 8] = 0xEE;
        device.Transmit(_rig.Vector(frame));
        Assert.Equal(before, other.Buffer.Slab[other.Start - 8]);
        Assert.Equal(other.Span.ToArray(), _underlay.Frames[0][8..]);
        _rig.Cache.Release(ref other);
        _rig.AssertIdle();
    }

    [Fact]
    public void A_frame_without_headroom_is_copied()
    {
        VxlanDevice device = Make();
        Frame frame = Ipv4(Remote, Own);
        frame.RegionStart = frame.Start - 7;
        byte[] bytes = frame.Span.ToArray();
        device.Transmit(_rig.Vector(frame));
        Assert.Equal(bytes, _underlay.Frames[0][8..]);
        _rig.AssertIdle();
    }

    [Theory]
    // Facts of Linux 6.18: device tos 0 sends DSCP 0 and copies ECN, but CE leaves as ECT(0).
    [InlineData(0x00, 0x00, 0x00)]
    [InlineData(0x00, 0xb8, 0x00)]
    [InlineData(0x00, 0x03, 0x02)]
    [InlineData(0x00, 0xba, 0x02)]
    [InlineData(0x00, 0x01, 0x01)]
    // tos inherit (1) takes the inner DSCP; a fixed one stays.
    [InlineData(0x01, 0xb8, 0xb8)]
    [InlineData(0x01, 0xbb, 0xba)]
    [InlineData(0x10, 0xba, 0x12)]
    public void The_outer_type_of_service_follows_the_device_and_rfc_6040(byte device, byte inner, byte outer)
    {
        VxlanDevice vxlan = Make(new VxlanSettings { Local = Ipv4Address.Parse("192.168.56.11"), TypeOfService = device });
        vxlan.Transmit(_rig.Vector(Ipv4(Remote, Own, inner), Ipv6(Remote, Own, inner)));
        Assert.Equal([outer, outer], _underlay.Metadata.Select(f => f.OuterTypeOfService));
    }

    [Fact]
    public void What_is_not_ip_leaves_without_ecn()
    {
        VxlanDevice device = Make();
        device.Transmit(_rig.Vector(_rig.Frame(Remote, Own, 60, EtherType.Arp, seed: 0xFF)));
        Assert.Equal(0, _underlay.Metadata[0].OuterTypeOfService);
    }

    [Fact]
    public void A_remote_that_is_this_host_gets_frames_without_encapsulation()
    {
        VxlanDevice device = Make();
        Assert.True(device.Fdb.Set(FrameRig.Mac(7), new UnderlayEndpoint(device.Settings.Local, 8472)));
        device.Transmit(_rig.Vector(Ipv4(FrameRig.Mac(7), Own), Ipv4(Remote, Own)));
        Assert.Equal((1, 1), (_underlay.Count, _upper.Count));
        Assert.Equal((2, 1), (device.Counters.TxPackets, device.Counters.RxPackets));
        Assert.Equal(device.Counters.TxBytes, 2 * device.Counters.RxBytes);
        _rig.AssertIdle();
    }

    [Fact]
    public void Down_it_sends_and_receives_nothing()
    {
        VxlanDevice device = Make();
        device.SetUp(false);
        device.Transmit(_rig.Vector(Ipv4(Remote, Own)));
        device.Decapsulate(_rig.Vector(Datagram(Inner())));
        Assert.Equal((0, 0), (_underlay.Count, _upper.Count));
        Assert.Equal((1, 1, 2), (device.Counters.TxDropped, device.Counters.RxDropped, device.Counters.Drops[DropReason.DeviceDown]));
        _rig.AssertIdle();
    }

    [Fact]
    public void A_correct_datagram_comes_up_in_the_same_vector()
    {
        VxlanDevice device = Make();
        FrameVector vector = _rig.Vector(Datagram(Inner()), Datagram(Inner()));
        device.Decapsulate(vector);
        Assert.Same(vector, _upper.LastVector);
        Assert.Equal(Inner(), _upper.Frames[0]);
        // Measured on Linux 6.18 for bridge and vxlan: eth_type_trans has pulled the header when rx_bytes are counted.
        Assert.Equal((2, 2 * (Inner().Length - 14)), (device.Counters.RxPackets, device.Counters.RxBytes));
        _rig.AssertIdle();
    }

    [Theory]
    [InlineData("", DropReason.BadVxlanHeader, 0)]
    [InlineData("08000000000001", DropReason.BadVxlanHeader, 0)]
    [InlineData("0000000000000100", DropReason.BadVxlanHeader, 0)]
    [InlineData("f700000000000100", DropReason.BadVxlanHeader, 0)]
    [InlineData("0800000000000200", DropReason.UnknownVni, 0)]
    [InlineData("0c00000000000200", DropReason.UnknownVni, 0)]
    [InlineData("0c00000000000100", DropReason.VxlanReservedBits, 1)]
    [InlineData("0800000100000100", DropReason.VxlanReservedBits, 1)]
    [InlineData("0800000000000101", DropReason.VxlanReservedBits, 1)]
    public void Bad_headers_are_dropped_and_only_reserved_bits_are_receive_errors(string header, DropReason reason, int errors)
    {
        VxlanDevice device = Make();
        byte[] bytes = Convert.FromHexString(header);
        device.Decapsulate(_rig.Vector(FromPeer(_rig.Raw(bytes.Length == 8 ? [.. bytes, .. Inner()] : bytes))));
        AssertDropped(device, reason, errors, errors);
    }

    [Theory]
    [InlineData("5e:f4:68:83:7d:01")]
    [InlineData("00:00:00:00:00:00")]
    [InlineData("01:00:5e:00:00:01")]
    [InlineData("ff:ff:ff:ff:ff:ff")]
    public void An_inner_source_that_is_ours_zero_or_a_group_is_dropped_without_an_error(string source)
    {
        VxlanDevice device = Make();
        byte[] inner = Inner();
        MacAddress.Parse(source).Write(inner.AsSpan(6));
        device.Decapsulate(_rig.Vector(Datagram(inner)));
        AssertDropped(device, DropReason.BadEthernet, 0, 0);
    }

    [Fact]
    public void An_inner_frame_cut_in_its_ethernet_header_is_dropped_and_one_cut_in_its_ip_header_is_a_receive_error()
    {
        VxlanDevice device = Make();
        device.Decapsulate(_rig.Vector(Datagram(Inner()[..13])));
        AssertDropped(device, DropReason.BadEthernet, 0, 0);
        VxlanDevice other = Make();
        other.Decapsulate(_rig.Vector(Datagram(Inner()[..33])));
        AssertDropped(other, DropReason.BadIpHeader, 1, 0);
    }

    [Fact]
    public void A_frame_for_another_mac_is_counted_and_passed_up()
    {
        VxlanDevice device = Make();
        byte[] inner = Inner();
        FrameRig.Mac(99).Write(inner);
        device.Decapsulate(_rig.Vector(Datagram(inner)));
        Assert.Equal(1, device.Counters.RxPackets);
        Assert.Equal(1, _upper.Count);
    }

    [Theory]
    // RFC 6040, figure 4, as Linux does it (include/net/inet_ecn.h INET_ECN_decapsulate); -1 is drop. ECN: 0 not-ECT, 1 ECT(1), 2 ECT(0), 3 CE.
    [InlineData(0, 0, 0)]
    [InlineData(0, 1, 0)]
    [InlineData(0, 2, 0)]
    [InlineData(0, 3, -1)]
    [InlineData(2, 0, 2)]
    [InlineData(2, 1, 1)]
    [InlineData(2, 2, 2)]
    [InlineData(2, 3, 3)]
    [InlineData(1, 0, 1)]
    [InlineData(1, 1, 1)]
    [InlineData(1, 2, 1)]
    [InlineData(1, 3, 3)]
    [InlineData(3, 0, 3)]
    [InlineData(3, 1, 3)]
    [InlineData(3, 2, 3)]
    [InlineData(3, 3, 3)]
    public void Congestion_marks_are_carried_over_as_rfc_6040_says(byte inner, byte outer, int result)
    {
        VxlanDevice device = Make();
        Frame v4 = Ipv4(Own, Remote, (byte)(0xB8 | inner));
        Frame v6 = Ipv6(Own, Remote, (byte)(0xB8 | inner));
        Frame[] datagrams = [Datagram(v4.Span.ToArray(), outer), Datagram(v6.Span.ToArray(), outer)];
        _rig.Cache.Release(ref v4);
        _rig.Cache.Release(ref v6);
        device.Decapsulate(_rig.Vector(datagrams));
        if (result < 0)
        {
            Assert.Equal((2, 2, 2), (device.Counters.Drops[DropReason.EcnMismatch], device.Counters.RxErrors, device.Counters.RxFrameErrors));
            Assert.Equal(0, _upper.Count);
        }
        else
        {
            Assert.Equal(0xB8 | result, _upper.Frames[0][15]);
            Assert.Equal(ParseError.None, Ipv4View.TryParse(_upper.Frames[0].AsSpan(14), out Ipv4View view));
            Assert.True(view.HasValidChecksum);
            Assert.Equal(0xB8 | result, ((_upper.Frames[1][14] & 0x0F) << 4) | (_upper.Frames[1][15] >> 4));
        }

        _rig.AssertIdle();
    }

    [Fact]
    public void A_congestion_mark_does_not_stop_what_is_not_ip()
    {
        VxlanDevice device = Make();
        byte[] arp = Inner();
        arp[13] = 0x06;
        device.Decapsulate(_rig.Vector(Datagram(arp, typeOfService: 3)));
        Assert.Equal(arp, Assert.Single(_upper.Frames));
    }

    [Fact]
    public void Only_peers_are_heard_unless_the_kernels_rule_is_asked_for()
    {
        VxlanDevice device = Make();
        UnderlayEndpoint stranger = new(Ipv4Address.Parse("203.0.113.5"), 44388);
        device.Decapsulate(_rig.Vector(From(stranger), From(Peer with { Port = 50001 }), From(stranger), From(Peer)));
        Assert.Equal([2], _upper.VectorSizes);
        Assert.Equal((2, 0, 0), (device.Counters.Drops[DropReason.UnknownPeer], device.Counters.RxErrors, device.Counters.RxDropped));
        device.AllowPeer(stranger.Address);
        device.Decapsulate(_rig.Vector(From(stranger)));
        Assert.Equal(3, _upper.Count);
        device.DisallowPeer(stranger.Address);
        device.Decapsulate(_rig.Vector(From(stranger)));
        Assert.Equal(3, _upper.Count);

        VxlanDevice kernel = Make(new VxlanSettings { Local = Ipv4Address.Parse("192.168.56.11"), AllowUnknownPeers = true });
        kernel.Decapsulate(_rig.Vector(From(stranger)));
        Assert.Equal(4, _upper.Count);
        _rig.AssertIdle();
    }

    [Fact]
    public void The_database_is_bounded()
    {
        var fdb = new VxlanFdb();
        for (int i = 0; i < VxlanFdb.MaxEntries; i++)
            Assert.True(fdb.Set(FrameRig.Mac(i + 1), Peer));
        Assert.False(fdb.Set(FrameRig.Mac(0x7FFF_FFFF), Peer));
        Assert.True(fdb.Set(FrameRig.Mac(1), Peer));
        Assert.Equal(VxlanFdb.MaxEntries, fdb.Count);
    }

    [Fact]
    public void A_million_random_datagrams_harm_nobody()
    {
        VxlanDevice device = Make();
        var upper = new Collector(_rig.Cache) { KeepBytes = false };
        device.Upper = upper;
        byte[] valid = [.. Convert.FromHexString("0800000000000100"), .. Inner()];
        var random = new Random(42);
        for (int v = 0; v < 1_000_000 / 64; v++)
        {
            Assert.True(_rig.Cache.TryRentVector(out FrameVector vector));
            for (int i = 0; i < 64; i++)
            {
                Assert.True(_rig.Cache.TryRentFrame(random.Next(0, 80), out Frame frame));
                random.NextBytes(frame.Span);
                if ((i & 1) == 0 && frame.Length > 0)
                {
                    // A valid datagram cut anywhere, with one byte changed.
                    valid.AsSpan(0, Math.Min(valid.Length, frame.Length)).CopyTo(frame.Span);
                    frame.Span[random.Next(frame.Length)] ^= (byte)random.Next(256);
                }

                frame.Remote = Peer;
                frame.OuterTypeOfService = (byte)random.Next(256);
                vector.Add(frame);
            }

            if ((v & 3) == 0)
                device.Transmit(vector);
            else
                device.Decapsulate(vector);
        }

        long all = upper.Count + _underlay.Count + device.Counters.Drops.Total;
        Assert.Equal(1_000_000 / 64 * 64, all);
        Assert.True(upper.Count > 10_000);
        _rig.AssertIdle();
    }

    private VxlanDevice Make(VxlanSettings? settings = null)
    {
        settings ??= new VxlanSettings { Local = Ipv4Address.Parse("192.168.56.11") };
        var device = new VxlanDevice("flannel.1", 3, Own, 1450, settings, _rig.Cache) { Underlay = _underlay, Upper = _upper };
        device.SetUp(true);
        Assert.True(device.Fdb.Set(Remote, Peer));
        return device;
    }

    private Frame Ipv4(MacAddress destination, MacAddress source, byte typeOfService = 0)
    {
        Frame frame = _rig.Frame(destination, source, 60, EtherType.Ipv4);
        new Ipv4Header
        {
            Source = Ipv4Address.Parse("10.244.1.2"),
            Destination = Ipv4Address.Parse("10.244.2.2"),
            Protocol = IpProtocol.Udp,
            TotalLength = 46,
            TimeToLive = 63,
            TypeOfService = typeOfService,
        }.Write(frame.Span[14..]);
        return frame;
    }

    private Frame Ipv6(MacAddress destination, MacAddress source, byte trafficClass)
    {
        Frame frame = _rig.Frame(destination, source, 80, EtherType.Ipv6);
        frame.Span[14] = (byte)(0x60 | (trafficClass >> 4));
        frame.Span[15] = (byte)((trafficClass << 4) | 0x0A);
        return frame;
    }

    private byte[] Inner()
    {
        Frame frame = Ipv4(Own, Remote);
        byte[] bytes = frame.Span.ToArray();
        _rig.Cache.Release(ref frame);
        return bytes;
    }

    private Frame Datagram(byte[] inner, byte typeOfService = 0)
    {
        Frame frame = FromPeer(_rig.Raw([.. Convert.FromHexString("0800000000000100"), .. inner]));
        frame.OuterTypeOfService = typeOfService;
        return frame;
    }

    private Frame From(UnderlayEndpoint remote)
    {
        Frame frame = Datagram(Inner());
        frame.Remote = remote;
        return frame;
    }

    private static Frame FromPeer(Frame frame)
    {
        frame.Remote = Peer;
        return frame;
    }

    private void AssertDropped(VxlanDevice device, DropReason reason, int errors, int frameErrors)
    {
        Assert.Equal(0, _upper.Count);
        Assert.Equal(1, device.Counters.Drops[reason]);
        Assert.Equal((0, errors, frameErrors, 0), (device.Counters.RxPackets, device.Counters.RxErrors, device.Counters.RxFrameErrors, device.Counters.RxDropped));
        _rig.AssertIdle();
    }
}
