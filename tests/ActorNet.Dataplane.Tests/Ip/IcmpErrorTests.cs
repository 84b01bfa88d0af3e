using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;
using static ActorNet.Dataplane.Tests.Ip.Packets;

namespace ActorNet.Dataplane.Tests.Ip;

/// <summary>ICMP errors byte for byte, when there must be none, how many there may be, and what received ones do (RFC 792, 1122 3.2.2, 1191, 1812 4.3; linux net/ipv4/icmp.c).</summary>
public sealed class IcmpErrorTests
{
    [Fact]
    public void A_spent_ttl_is_reported_from_the_interface_that_leads_back_with_tos_c0_and_the_packet_quoted_unchanged()
    {
        using var bench = Routed();
        byte[] packet = Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(30), ttl: 1, tos: 0xB9);
        bench.Eth0.Arrive(FromHost(packet));
        byte[] error = Assert.Single(bench.Eth0.TakeSent());
        // (0xb9 & 0x1e) | 0xc0
        Assert.Equal(Expected("10.0.0.1", "10.0.0.9", Icmp(11, 0, 0, packet), 0xD8, error), error);
        Assert.Equal(1, bench.Namespace.Drops[DropReason.TtlExceeded]);
        Assert.Empty(bench.Eth1.Sent);
    }

    [Fact]
    public void An_error_has_576_bytes_at_most()
    {
        using var bench = Routed();
        byte[] packet = Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(1000), ttl: 1);
        bench.Eth0.Arrive(FromHost(packet));
        byte[] error = Assert.Single(bench.Eth0.TakeSent());
        Assert.Equal(14 + 576, error.Length);
        Assert.Equal(Icmp(11, 0, 0, packet[..548]), error[34..]);
    }

    [Fact]
    public void Too_big_with_DF_is_reported_with_the_next_links_mtu_and_never_limited()
    {
        using var bench = Routed();
        bench.Eth1.Mtu = 1400;
        bench.Namespace.DeviceChanged(bench.Eth1);
        byte[] packet = Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(1381), flagsAndOffset: 0x4000);
        for (int i = 0; i < 20; i++)
            bench.Eth0.Arrive(FromHost(packet));
        List<byte[]> errors = bench.Eth0.TakeSent();
        Assert.Equal(20, errors.Count);
        Assert.Equal(Icmp(3, 4, 1400, packet[..548]), errors[0][34..]);
        bench.Eth0.Arrive(FromHost(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(1380), flagsAndOffset: 0x4000)));
        Assert.Single(bench.Eth1.TakeSent());
    }

    [Theory]
    [InlineData(RouteType.Unreachable, 1)]
    [InlineData(RouteType.Prohibit, 13)]
    [InlineData(RouteType.Blackhole, null)]
    [InlineData(null, 0)]
    public void Routes_that_refuse_say_why(RouteType? type, int? code)
    {
        using var bench = Routed();
        if (type is { } t)
            Assert.Equal(RouteError.None, bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.77.0.0/16"), Type = t }));
        bench.Eth0.Arrive(FromHost(Ipv4("10.0.0.9", "10.77.0.1", 17, Pattern(30))));
        Assert.Equal(code is null ? [] : [(3, code.Value)], bench.Eth0.TakeSent().Select(static f => ((int)f[34], (int)f[35])));
        Assert.Equal(1, bench.Namespace.Drops[DropReason.NoRoute]);
        Assert.Equal(type switch
        {
            RouteType.Unreachable => SendError.HostUnreachable,
            RouteType.Prohibit => SendError.AccessDenied,
            RouteType.Blackhole => SendError.InvalidArgument,
            _ => SendError.NetworkUnreachable,
        }, bench.Send("10.77.0.1", 17, Pattern(8)));
    }

    [Fact]
    public void Without_forwarding_a_host_drops_what_is_not_for_it_in_silence()
    {
        using var bench = Routed(static o => o with { IpForward = false });
        bench.Eth0.Arrive(FromHost(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(30))), FromHost(Ipv4("10.0.0.9", "10.77.0.1", 17, Pattern(30))));
        Assert.Empty(bench.Eth0.Sent);
        Assert.Empty(bench.Eth1.Sent);
        Assert.Equal(2, bench.Namespace.Drops[DropReason.ForwardingDisabled]);
    }

    [Fact]
    public void A_protocol_that_nobody_has_is_unreachable_code_2()
    {
        using var bench = Routed();
        byte[] packet = Ipv4("10.0.0.9", "10.0.1.1", 132, Pattern(30));
        bench.Eth0.Arrive(FromHost(packet));
        byte[] error = Assert.Single(bench.Eth0.TakeSent());
        // The addressed one answers, though its interface is another.
        Assert.Equal(Expected("10.0.1.1", "10.0.0.9", Icmp(3, 2, 0, packet), 0xC0, error), error);
    }

    [Fact]
    public void No_error_answers_an_error_a_later_fragment_a_group_or_a_source_that_is_no_host()
    {
        using var bench = Routed();
        byte[] quoted = Ipv4("10.0.1.9", "10.0.0.9", 17, Pattern(8));
        bench.Eth0.Arrive(
            FromHost(Ipv4("10.0.0.9", "10.0.1.9", 1, Icmp(3, 1, 0, quoted), ttl: 1)),
            FromHost(Ipv4("10.0.0.9", "10.0.1.9", 1, Icmp(11, 0, 0, quoted), ttl: 1)),
            FromHost(Ipv4("10.0.0.9", "10.0.1.9", 1, Icmp(200, 0, 0, quoted), ttl: 1)),
            FromHost(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(16), ttl: 1, flagsAndOffset: 1)),
            FromHost(Ipv4("10.0.0.9", "10.0.0.255", 132, Pattern(16))),
            FromHost(Ipv4("10.0.0.9", "255.255.255.255", 132, Pattern(16))),
            FromHost(Ipv4("0.0.0.0", "255.255.255.255", 132, Pattern(16))),
            Ethernet("ff:ff:ff:ff:ff:ff", NamespaceBench.HostMac, 0x0800, Ipv4("10.0.0.9", "10.0.0.1", 132, Pattern(16))));
        Assert.Empty(bench.Eth0.Sent);
        // The echo that ran out of hops is no error: it is answered.
        bench.Eth0.Arrive(FromHost(Ipv4("10.0.0.9", "10.0.1.9", 1, Icmp(8, 0, 0, Pattern(8)), ttl: 1)));
        Assert.Single(bench.Eth0.TakeSent());
    }

    [Fact]
    public void One_destination_gets_six_errors_at_once_and_then_one_a_second()
    {
        // inet_peer_xrlim_allow: XRLIM_BURST_FACTOR 6, icmp_ratelimit 1000 ms.
        using var bench = Routed();
        byte[] packet = FromHost(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(30), ttl: 1));
        bench.Eth0.Arrive([.. Enumerable.Repeat(packet, 20)]);
        Assert.Equal(6, bench.Eth0.TakeSent().Count);
        Assert.Equal(14, bench.Namespace.IcmpCounters.OutRateLimitHost);
        for (int second = 0; second < 5; second++)
        {
            bench.Advance(TimeSpan.FromSeconds(1));
            bench.Eth0.Arrive([.. Enumerable.Repeat(packet, 20)]);
            Assert.Single(bench.Eth0.TakeSent());
        }

        bench.Advance(TimeSpan.FromSeconds(60));
        bench.Eth0.Arrive([.. Enumerable.Repeat(packet, 20)]);
        Assert.Equal(6, bench.Eth0.TakeSent().Count);
    }

    [Fact]
    public void All_destinations_together_get_a_burst_of_50_credits_and_then_a_thousand_a_second()
    {
        // icmp_global_allow: a message costs 0 to 2 credits, so a burst of 50 lets some 50 pass; refilled every 20 ms at most.
        using var bench = Routed();
        bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Default, Gateway = NamespaceBench.Ip("10.0.0.9") });
        int Burst(int first)
        {
            for (int i = 0; i < 1000; i++)
                bench.Eth0.Arrive(FromHost(Ipv4(new Ipv4Address(0x0B00_0000 + (uint)(first + i)).ToString(), "10.0.1.9", 17, Pattern(8), ttl: 1)));
            return bench.Eth0.TakeSent().Count;
        }

        Assert.InRange(Burst(0), 30, 80);
        bench.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal(0, Burst(1000));
        bench.Advance(TimeSpan.FromMilliseconds(10));
        // 20 ms are 20 credits.
        Assert.InRange(Burst(2000), 10, 40);
        Assert.True(bench.Namespace.IcmpCounters.OutRateLimitGlobal > 2000);
    }

    [Fact]
    public void A_malformed_option_is_a_parameter_problem_that_points_at_it()
    {
        using var bench = Routed();
        byte[] packet = Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(8), options: [1, 7, 99, 0]);
        bench.Eth0.Arrive(FromHost(packet), FromHost(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(8), options: [131, 7, 4, 10, 0, 0, 9, 0])));
        byte[] error = Assert.Single(bench.Eth0.TakeSent());
        Assert.Equal(Icmp(12, 0, 21u << 24, packet), error[34..]);
        Assert.Equal(2, bench.Namespace.Drops[DropReason.BadIpHeader]);
    }

    [Fact]
    public void Fragmentation_needed_lowers_the_path_mtu_for_ten_minutes_and_the_protocol_hears_of_it()
    {
        using var bench = Routed();
        var udp = new RecordingProtocol(bench.Frames);
        bench.Namespace.Register(IpProtocol.Udp, udp);
        Assert.Equal(SendError.None, bench.Send("10.0.0.9", 17, Pattern(1480), static r => r with { DontFragment = true }));
        bench.Namespace.Flush();
        byte[] sent = Assert.Single(bench.Eth0.TakeSent());
        Assert.Equal(0, (sent[18] << 8) | sent[19]);
        Report(bench, sent[14..], 1300);
        (Ipv4Address reporter, IcmpType type, byte code, int mtu, Ipv4Address destination, byte[] transport) = Assert.Single(udp.Errors);
        Assert.Equal(("10.0.0.254", IcmpType.DestinationUnreachable, 4, 1300, "10.0.0.9"), (reporter.ToString(), type, code, mtu, destination.ToString()));
        Assert.Equal(Pattern(1480)[..transport.Length], transport);
        Assert.Equal(SendError.MessageTooLong, bench.Send("10.0.0.9", 17, Pattern(1281), static r => r with { DontFragment = true }));
        Assert.Equal(SendError.None, bench.Send("10.0.0.9", 17, Pattern(1280), static r => r with { DontFragment = true }));
        Assert.Equal(SendError.None, bench.Namespace.SelectSource(NamespaceBench.Ip("10.0.0.9"), out _, out int pathMtu));
        Assert.Equal(1300, pathMtu);
        // An attacker's tiny MTU stops at min_pmtu; a larger one than known is no news.
        Report(bench, sent[14..], 68);
        Report(bench, sent[14..], 1400);
        bench.Namespace.SelectSource(NamespaceBench.Ip("10.0.0.9"), out _, out pathMtu);
        Assert.Equal(552, pathMtu);
        bench.Advance(TimeSpan.FromSeconds(601));
        bench.Namespace.SelectSource(NamespaceBench.Ip("10.0.0.9"), out _, out pathMtu);
        Assert.Equal(1500, pathMtu);
        // A report about a packet that was not ours changes nothing.
        Report(bench, Ipv4("10.0.0.77", "10.0.0.9", 17, Pattern(100)), 600);
        bench.Namespace.SelectSource(NamespaceBench.Ip("10.0.0.9"), out _, out pathMtu);
        Assert.Equal(1500, pathMtu);
    }

    [Fact]
    public void Echo_to_a_broadcast_address_or_with_a_bad_checksum_is_not_answered()
    {
        using var bench = Routed();
        byte[] bad = Icmp(8, 0, 1, Pattern(8));
        bad[9] ^= 1;
        bench.Eth0.Arrive(
            FromHost(Ipv4("10.0.0.9", "10.0.0.1", 1, bad)),
            FromHost(Ipv4("10.0.0.9", "10.0.0.1", 1, [8, 0, 0])),
            Ethernet("ff:ff:ff:ff:ff:ff", NamespaceBench.HostMac, 0x0800, Ipv4("10.0.0.9", "10.0.0.255", 1, Icmp(8, 0, 1, Pattern(8)))));
        Assert.Empty(bench.Eth0.Sent);
        Assert.Equal(1, bench.Namespace.Drops[DropReason.BadTransportChecksum]);
        Assert.Equal(1, bench.Namespace.Drops[DropReason.BadTransportHeader]);
    }

    [Fact]
    public void Every_ttl_and_checksum_leaves_a_header_that_verifies()
    {
        // The pitfall is a sum of FFFF (RFC 1624, 3): identifications walk the checksum through all values.
        using var bench = Routed();
        for (int id = 0; id < 65_536; id += 64)
        {
            bench.Eth0.Arrive([.. Enumerable.Range(id, 64).Select(static i => FromHost(Ipv4("10.0.0.9", "10.0.1.9", 17, [], id: (ushort)i)))]);
            List<byte[]> sent = bench.Eth1.TakeSent();
            Assert.Equal(64, sent.Count);
            for (int i = 0; i < 64; i++)
                Assert.Equal(Ipv4("10.0.0.9", "10.0.1.9", 17, [], ttl: 63, id: (ushort)(id + i)), sent[i][14..]);
        }
    }

    private static NamespaceBench Routed(Func<NamespaceOptions, NamespaceOptions>? configure = null)
    {
        var bench = new NamespaceBench(configure);
        bench.Know("eth0", "10.0.0.9");
        bench.Know("eth1", "10.0.1.9");
        return bench;
    }

    private static void Report(NamespaceBench bench, byte[] quoted, ushort mtu) =>
        bench.Eth0.Arrive(FromHost(Ipv4("10.0.0.254", "10.0.0.1", 1, Icmp(3, 4, mtu, quoted[..Math.Min(quoted.Length, 60)]))));

    private static byte[] FromHost(byte[] packet) => Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, packet);

    // The whole frame but for the identification, which is nobody's business.
    private static byte[] Expected(string source, string destination, byte[] icmp, byte tos, byte[] sent) =>
        Ethernet(NamespaceBench.HostMac, NamespaceBench.Eth0Mac, 0x0800, Ipv4(source, destination, 1, icmp, id: (ushort)((sent[18] << 8) | sent[19]), tos: tos));
}
