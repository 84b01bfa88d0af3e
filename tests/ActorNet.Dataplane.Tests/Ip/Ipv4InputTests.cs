using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;
using static ActorNet.Dataplane.Tests.Ip.Packets;

namespace ActorNet.Dataplane.Tests.Ip;

/// <summary>What input refuses and under which reason (linux ip_rcv_core, ip_route_input_slow), and what never leaves.</summary>
public sealed class Ipv4InputTests
{
    [Theory]
    // Martian sources: group, limited broadcast, 0/8, loopback from a wire, our own addresses.
    [InlineData("224.0.0.5", "10.0.0.1", DropReason.MartianSource)]
    [InlineData("255.255.255.255", "10.0.0.1", DropReason.MartianSource)]
    [InlineData("0.1.2.3", "10.0.0.1", DropReason.MartianSource)]
    [InlineData("0.0.0.0", "10.0.1.9", DropReason.MartianSource)]
    [InlineData("127.0.0.1", "10.0.0.1", DropReason.MartianSource)]
    [InlineData("127.0.0.1", "10.0.1.9", DropReason.MartianSource)]
    [InlineData("10.0.0.1", "10.0.1.9", DropReason.MartianSource)]
    [InlineData("10.0.1.1", "10.0.0.1", DropReason.MartianSource)]
    [InlineData("127.0.0.1", "10.0.0.255", DropReason.MartianSource)]
    // Martian destinations.
    [InlineData("10.0.0.9", "127.0.0.1", DropReason.MartianDestination)]
    [InlineData("10.0.0.9", "0.0.0.0", DropReason.MartianDestination)]
    [InlineData("10.0.0.9", "239.1.1.1", DropReason.MartianDestination)]
    public void Martians_are_dropped(string source, string destination, DropReason reason)
    {
        using var bench = new NamespaceBench();
        bench.Know("eth1", "10.0.1.9");
        for (int i = 0; i < 3; i++)
            bench.Eth0.Arrive(ToUs(Ipv4(source, destination, 1, Icmp(8, 0, 1, Pattern(8)))));
        Assert.Equal(3, bench.Namespace.Drops[reason]);
        Assert.Equal(3, bench.Namespace.Drops.Total);
        Assert.Equal(3, bench.Eth0.Counters.Drops[reason]);
        Assert.Empty(bench.Eth0.Sent);
        Assert.Empty(bench.Eth1.Sent);
    }

    [Fact]
    public void Broken_headers_are_dropped_with_their_reason_in_the_order_of_ip_rcv_core()
    {
        using var bench = new NamespaceBench();
        byte[] good = Ipv4("10.0.0.9", "10.0.0.1", 17, Pattern(8));
        void Drops(DropReason reason, Action<byte[]> spoil, int length = 28)
        {
            byte[] packet = good[..length];
            spoil(packet);
            long before = bench.Namespace.Drops[reason];
            bench.Eth0.Arrive(ToUs(packet));
            Assert.Equal(before + 1, bench.Namespace.Drops[reason]);
        }

        Drops(DropReason.BadIpHeader, static _ => { }, length: 19);
        Drops(DropReason.BadIpHeader, static p => p[0] = 0x65);
        Drops(DropReason.BadIpHeader, static p => p[0] = 0x44);
        Drops(DropReason.BadIpHeader, static p => p[0] = 0x4F);
        Drops(DropReason.BadIpChecksum, static p => p[8]++);
        // The checksum is looked at before the total length.
        Drops(DropReason.BadIpChecksum, static p => p[3]++);
        Drops(DropReason.BadIpHeader, static _ => { }, length: 27);
        Assert.Equal(1, bench.Namespace.Ip.InTruncatedPkts);
        Assert.Equal(6, bench.Namespace.Ip.InHdrErrors);
        Assert.Equal(7, bench.Namespace.Ip.InReceives);
    }

    [Fact]
    public void Frames_for_others_of_unknown_type_or_too_short_are_dropped_and_padding_is_cut()
    {
        using var bench = new NamespaceBench();
        var udp = new RecordingProtocol(bench.Frames);
        bench.Namespace.Register(IpProtocol.Udp, udp);
        byte[] packet = Ipv4("10.0.0.9", "10.0.0.1", 17, Pattern(8));
        bench.Eth0.Arrive(
            Ethernet("02:00:00:00:00:02", NamespaceBench.HostMac, 0x0800, packet),
            Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x86DD, packet),
            new byte[13],
            ToUs([.. packet, .. new byte[18]]));
        Assert.Equal((1L, 1L, 1L), (bench.Namespace.Drops[DropReason.OtherHost], bench.Namespace.Drops[DropReason.UnknownEtherType], bench.Namespace.Drops[DropReason.BadEthernet]));
        Assert.Equal(packet, Assert.Single(udp.Received).Packet);
    }

    [Fact]
    public void A_frame_that_the_link_broadcast_is_never_forwarded()
    {
        using var bench = new NamespaceBench();
        bench.Know("eth1", "10.0.1.9");
        byte[] packet = Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(8));
        // Also not when the flow is already cached.
        bench.Eth0.Arrive(ToUs(packet), Ethernet("ff:ff:ff:ff:ff:ff", NamespaceBench.HostMac, 0x0800, packet));
        Assert.Single(bench.Eth1.Sent);
    }

    [Theory]
    [InlineData(ReversePathFilter.Off, 3)]
    [InlineData(ReversePathFilter.Loose, 2)]
    [InlineData(ReversePathFilter.Strict, 1)]
    public void The_reverse_path_filter_wants_no_way_back_some_way_back_or_the_same_way_back(ReversePathFilter mode, int delivered)
    {
        using var bench = new NamespaceBench();
        bench.In0.ReversePathFilter = mode;
        var udp = new RecordingProtocol(bench.Frames);
        bench.Namespace.Register(IpProtocol.Udp, udp);
        foreach (string source in new[] { "10.0.0.9", "10.0.1.9", "11.0.0.9" })
            bench.Eth0.Arrive(ToUs(Ipv4(source, "10.0.0.1", 17, Pattern(8))));
        Assert.Equal(delivered, udp.Received.Count);
    }

    [Fact]
    public void A_cached_flow_follows_a_changed_route_neighbour_and_mtu_at_once()
    {
        using var bench = new NamespaceBench();
        bench.Know("eth1", "10.0.1.9");
        byte[] frame = ToUs(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(600), flagsAndOffset: 0x4000));
        bench.Eth0.Arrive(frame, frame);
        Assert.Equal(2, bench.Eth1.TakeSent().Count);
        bench.Know("eth1", "10.0.1.9", "02:00:00:00:01:55");
        bench.Eth0.Arrive(frame);
        Assert.Equal(MacAddress.Parse("02:00:00:00:01:55"), MacAddress.Read(Assert.Single(bench.Eth1.TakeSent())));
        bench.Eth1.Mtu = 500;
        bench.Namespace.DeviceChanged(bench.Eth1);
        bench.Eth0.Arrive(frame);
        Assert.Empty(bench.Eth1.TakeSent());
        bench.Eth1.Mtu = 1500;
        bench.Namespace.DeviceChanged(bench.Eth1);
        bench.Eth0.Arrive(frame);
        Assert.Single(bench.Eth1.TakeSent());
        bench.Namespace.RemoveNeighbour("eth1", NamespaceBench.Ip("10.0.1.9"));
        bench.Eth0.Arrive(frame);
        Assert.Equal(0x06, Assert.Single(bench.Eth1.TakeSent())[13]);
        bench.Know("eth1", "10.0.1.9");
        bench.Eth1.TakeSent();
        bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.0.1.9/32"), Type = RouteType.Blackhole });
        bench.Eth0.Arrive(frame);
        Assert.Empty(bench.Eth1.TakeSent());
    }

    [Fact]
    public void A_local_sender_follows_a_changed_route_neighbour_and_address_at_once()
    {
        using var bench = new NamespaceBench();
        bench.Know("eth0", "10.0.0.9");
        byte[] Sent(TestDevice device)
        {
            Assert.Equal(SendError.None, bench.Send("10.0.0.9", 17, Pattern(8)));
            bench.Namespace.Flush();
            return Assert.Single(device.TakeSent());
        }

        byte[] first = Sent(bench.Eth0);
        byte[] second = Sent(bench.Eth0);
        Assert.Equal(first[..14], second[..14]);
        bench.Know("eth0", "10.0.0.9", "02:00:00:00:00:55");
        Assert.Equal(MacAddress.Parse("02:00:00:00:00:55"), MacAddress.Read(Sent(bench.Eth0)));
        bench.Know("eth1", "10.0.1.9");
        bench.Namespace.AddRoute(new ActorNet.Dataplane.Ip.Routing.Route { Destination = Ipv4Prefix.Parse("10.0.0.9/32"), Gateway = NamespaceBench.Ip("10.0.1.9") });
        Assert.Equal("10.0.1.1", Ipv4Address.Read(Sent(bench.Eth1).AsSpan(26)).ToString());
        bench.Namespace.RemoveNeighbour("eth1", NamespaceBench.Ip("10.0.1.9"));
        Assert.Equal(0x06, Sent(bench.Eth1)[13]);
        bench.Eth1.SetUp(false);
        bench.Namespace.DeviceChanged(bench.Eth1);
        Assert.Equal(MacAddress.Parse("02:00:00:00:00:55"), MacAddress.Read(Sent(bench.Eth0)));
        bench.Namespace.AddAddress(bench.In1, InterfaceAddress.Parse("10.0.0.9/32"));
        Assert.Equal(SendError.None, bench.Send("10.0.0.9", 17, Pattern(8)));
        bench.Namespace.Flush();
        Assert.Empty(bench.Eth0.Sent);
    }

    [Fact]
    public void A_shared_frame_is_copied_before_it_is_changed()
    {
        using var bench = new NamespaceBench();
        bench.Know("eth1", "10.0.1.9");
        byte[] bytes = ToUs(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(8)));
        for (int i = 0; i < 2; i++)
        {
            Assert.True(bench.Frames.TryRentFrame(bytes.Length, out Frame mine));
            bytes.CopyTo(mine.Span);
            Assert.True(bench.Frames.TryRentVector(out FrameVector vector));
            vector.Add(FrameCache.Share(ref mine));
            bench.Eth0.Receive(vector);
            Assert.Equal(bytes, mine.Span.ToArray());
            bench.Frames.Release(ref mine);
            Assert.Equal(63, Assert.Single(bench.Eth1.TakeSent())[22]);
        }
    }

    [Fact]
    public void Sending_over_lo_from_within_a_delivery_never_recurses_and_what_exceeds_a_turn_waits_for_the_next_poll()
    {
        using var bench = new NamespaceBench();
        var echo = new EchoForever(bench.Namespace, limit: 1_000);
        bench.Namespace.Register(IpProtocol.Udp, echo);
        bench.Send("127.0.0.1", 17, Pattern(8));
        bench.Namespace.Flush();
        Assert.InRange(echo.Count, 1, 100);
        Assert.Equal(1, echo.Depth);
        Assert.True(bench.Namespace.NextDeadline <= bench.Clock.Now);
        for (int i = 0; i < 100; i++)
            bench.Namespace.Poll(bench.Clock.Now);
        Assert.Equal(1_000, echo.Count);
        Assert.Empty(bench.Eth0.Sent);
    }

    [Fact]
    public void The_real_lo_device_carries_local_packets_and_down_it_carries_none()
    {
        var pool = new FramePool();
        FrameCache frames = pool.CreateCache("lo");
        var names = new NetworkNamespace(new NamespaceOptions { Name = "pod" }, new ActorNet.Dataplane.Time.MonotonicClock(new ManualTime()), frames);
        var udp = new RecordingProtocol(frames);
        names.Register(IpProtocol.Udp, udp);
        var lo = new LoopbackDevice(frames);
        names.Attach(lo);
        SendError Send()
        {
            Assert.True(frames.TryRentFrame(8, out Frame frame));
            SendError error = names.Send(new Ipv4SendRequest { Destination = Ipv4Address.Loopback, Protocol = IpProtocol.Udp }, ref frame);
            names.Flush();
            return error;
        }

        Assert.Equal(SendError.NetworkUnreachable, Send());
        lo.SetUp(true);
        names.DeviceChanged(lo);
        Assert.Equal(SendError.None, Send());
        Assert.Single(udp.Received);
        frames.Dispose();
        Assert.True(pool.Measure().IsIdle);
    }

    private static byte[] ToUs(byte[] packet) => Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, packet);

    private sealed class EchoForever(NetworkNamespace names, int limit) : ITransportProtocol
    {
        private int _depth;

        public int Count { get; private set; }

        public int Depth { get; private set; }

        public void Receive(in DeliveryInfo info, ref Frame packet)
        {
            Depth = Math.Max(Depth, ++_depth);
            Count++;
            packet.Pull(info.HeaderLength);
            if (Count < limit)
                names.Send(new Ipv4SendRequest { Destination = info.Source, Protocol = IpProtocol.Udp }, ref packet);
            else
                names.Frames.Release(ref packet);
            _depth--;
        }

        public void ReceiveError(in IcmpErrorInfo error)
        {
        }
    }
}
