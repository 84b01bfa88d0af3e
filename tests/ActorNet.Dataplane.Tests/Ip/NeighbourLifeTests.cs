using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Packets;
using static ActorNet.Dataplane.Tests.Ip.Packets;

namespace ActorNet.Dataplane.Tests.Ip;

/// <summary>The neighbour state machine, a row per transition (linux net/core/neighbour.c; RFC 4861 7.3.3 has the idea).</summary>
public sealed class NeighbourLifeTests
{
    private const string Zero = "00:00:00:00:00:00";
    private const string Broadcast = "ff:ff:ff:ff:ff:ff";
    private const string Other = "02:00:00:00:00:77";

    [Fact]
    public void None_to_incomplete_on_sending_three_broadcast_probes_a_second_apart_then_failed_with_host_unreachable_to_the_sender()
    {
        // __neigh_event_send, neigh_timer_handler, neigh_invalidate, arp_error_report.
        using var bench = new NamespaceBench();
        bench.Know("eth0", "10.0.0.9");
        byte[] packet = Ipv4("10.0.0.9", "10.0.1.50", 17, Pattern(20));
        bench.Eth0.Arrive(FromHost(packet));
        Assert.Equal(NeighbourState.Incomplete, State(bench, "10.0.1.50"));
        bench.Advance(TimeSpan.FromSeconds(2.9));
        byte[] question = Ethernet(Broadcast, NamespaceBench.Eth1Mac, 0x0806, Arp(1, NamespaceBench.Eth1Mac, "10.0.1.1", Zero, "10.0.1.50"));
        Assert.Equal([question, question, question], bench.Eth1.TakeSent());
        Assert.Empty(bench.Eth0.Sent);
        bench.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(NeighbourState.Failed, State(bench, "10.0.1.50"));
        byte[] error = Assert.Single(bench.Eth0.TakeSent());
        Assert.Equal((byte)3, error[34]);
        Assert.Equal((byte)1, error[35]);
        packet[8]--;
        Assert.Equal(packet.AsSpan(0, 10).ToArray(), error.AsSpan(42, 10).ToArray());
        // FAILED to INCOMPLETE: the next packet tries anew.
        bench.Eth0.Arrive(FromHost(Ipv4("10.0.0.9", "10.0.1.50", 17, Pattern(20))));
        Assert.Equal(NeighbourState.Incomplete, State(bench, "10.0.1.50"));
    }

    [Fact]
    public void Incomplete_to_reachable_on_a_reply_and_what_waited_leaves_in_order()
    {
        using var bench = new NamespaceBench();
        for (int i = 0; i < 3; i++)
            Assert.Equal(SendError.None, bench.Send("10.0.0.50", 17, [(byte)i, 0, 0, 0]));
        bench.Namespace.Flush();
        bench.Eth0.TakeSent();
        Answer(bench, "10.0.0.50", Other);
        Assert.Equal(NeighbourState.Reachable, State(bench, "10.0.0.50"));
        Assert.Equal([0, 1, 2], bench.Eth0.TakeSent().Select(static f => (int)f[34]));
    }

    [Fact]
    public void Reachable_to_stale_within_the_drawn_time_when_unused_to_delay_on_use_to_probe_after_five_seconds_to_failed_after_three_unicasts()
    {
        using var bench = new NamespaceBench();
        bench.Send("10.0.0.50", 17, Pattern(8));
        bench.Namespace.Flush();
        Answer(bench, "10.0.0.50", Other);
        bench.Eth0.TakeSent();
        // neigh_rand_reach_time: 15 to 45 seconds.
        bench.Advance(TimeSpan.FromSeconds(14.9));
        Assert.Equal(NeighbourState.Reachable, State(bench, "10.0.0.50"));
        bench.Advance(TimeSpan.FromSeconds(30.2));
        Assert.Equal(NeighbourState.Stale, State(bench, "10.0.0.50"));
        bench.Advance(TimeSpan.FromSeconds(600));
        Assert.Equal(NeighbourState.Stale, State(bench, "10.0.0.50"));
        bench.Send("10.0.0.50", 17, Pattern(8));
        bench.Namespace.Flush();
        // A stale entry still carries the packet.
        Assert.Single(bench.Eth0.TakeSent());
        Assert.Equal(NeighbourState.Delay, State(bench, "10.0.0.50"));
        bench.Advance(TimeSpan.FromSeconds(5.1));
        Assert.Equal(NeighbourState.Probe, State(bench, "10.0.0.50"));
        bench.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(NeighbourState.Failed, State(bench, "10.0.0.50"));
        byte[] probe = Ethernet(Other, NamespaceBench.Eth0Mac, 0x0806, Arp(1, NamespaceBench.Eth0Mac, "10.0.0.1", Zero, "10.0.0.50"));
        Assert.Equal([probe, probe, probe], bench.Eth0.TakeSent());
    }

    [Fact]
    public void Probe_to_reachable_on_a_reply()
    {
        using var bench = new NamespaceBench();
        Assert.Equal(NeighbourError.None, bench.Namespace.SetNeighbour("eth0", NamespaceBench.Ip("10.0.0.50"), MacAddress.Parse(Other), NeighbourState.Stale));
        bench.Send("10.0.0.50", 17, Pattern(8));
        bench.Advance(TimeSpan.FromSeconds(5.5));
        Assert.Equal(NeighbourState.Probe, State(bench, "10.0.0.50"));
        Answer(bench, "10.0.0.50", Other);
        Assert.Equal(NeighbourState.Reachable, State(bench, "10.0.0.50"));
    }

    [Fact]
    public void Delay_to_reachable_when_a_reply_comes_before_the_probe()
    {
        using var bench = new NamespaceBench();
        bench.Namespace.SetNeighbour("eth0", NamespaceBench.Ip("10.0.0.50"), MacAddress.Parse(Other), NeighbourState.Stale);
        bench.Send("10.0.0.50", 17, Pattern(8));
        bench.Advance(TimeSpan.FromSeconds(1));
        Answer(bench, "10.0.0.50", Other);
        Assert.Equal(NeighbourState.Reachable, State(bench, "10.0.0.50"));
    }

    [Fact]
    public void A_differing_answer_within_the_lock_time_is_ignored_and_later_makes_the_entry_follow()
    {
        // arp_process: override only after locktime; "use the FIRST one".
        using var bench = new NamespaceBench();
        bench.Send("10.0.0.50", 17, Pattern(8));
        bench.Namespace.Flush();
        Answer(bench, "10.0.0.50", Other);
        Answer(bench, "10.0.0.50", "02:00:00:00:00:78");
        Assert.Equal(MacAddress.Parse(Other), Entry(bench, "10.0.0.50").Mac);
        bench.Advance(TimeSpan.FromSeconds(1.5));
        Answer(bench, "10.0.0.50", "02:00:00:00:00:78");
        Assert.Equal(MacAddress.Parse("02:00:00:00:00:78"), Entry(bench, "10.0.0.50").Mac);
    }

    [Fact]
    public void A_gratuitous_arp_updates_an_entry_to_stale_but_makes_none()
    {
        using var bench = new NamespaceBench();
        byte[] gratuitous = Ethernet(Broadcast, Other, 0x0806, Arp(1, Other, "10.0.0.50", Zero, "10.0.0.50"));
        bench.Eth0.Arrive(gratuitous);
        Assert.Empty(bench.Namespace.NeighbourEntries);
        bench.Namespace.SetNeighbour("eth0", NamespaceBench.Ip("10.0.0.50"), MacAddress.Parse(NamespaceBench.HostMac), NeighbourState.Reachable);
        bench.Advance(TimeSpan.FromSeconds(2));
        bench.Eth0.Arrive(gratuitous);
        Assert.Equal((NeighbourState.Stale, MacAddress.Parse(Other)), (State(bench, "10.0.0.50"), Entry(bench, "10.0.0.50").Mac!.Value));
    }

    [Fact]
    public void A_permanent_entry_heeds_no_arp_and_no_time_but_goes_with_its_device_or_its_user()
    {
        using var bench = new NamespaceBench();
        bench.Know("eth0", "10.0.0.50");
        bench.Advance(TimeSpan.FromHours(1));
        Answer(bench, "10.0.0.50", Other);
        Assert.Equal((NeighbourState.Permanent, MacAddress.Parse(NamespaceBench.HostMac)), (State(bench, "10.0.0.50"), Entry(bench, "10.0.0.50").Mac!.Value));
        Assert.Equal(NeighbourError.Exists, bench.Namespace.SetNeighbour("eth0", NamespaceBench.Ip("10.0.0.50"), MacAddress.Parse(Other), replace: false));
        bench.Eth0.SetCarrier(false);
        bench.Namespace.DeviceChanged(bench.Eth0);
        Assert.Single(bench.Namespace.NeighbourEntries);
        bench.Eth0.SetUp(false);
        bench.Namespace.DeviceChanged(bench.Eth0);
        Assert.Empty(bench.Namespace.NeighbourEntries);
        Assert.Equal(NeighbourError.NotFound, bench.Namespace.RemoveNeighbour("eth0", NamespaceBench.Ip("10.0.0.50")));
    }

    [Fact]
    public void Requests_are_answered_for_own_addresses_of_any_interface_and_for_no_others()
    {
        using var bench = new NamespaceBench();
        bench.Eth0.Arrive(
            Question("10.0.0.9", "10.0.0.7"), Question("10.0.0.9", "10.0.0.255"), Question("10.0.0.9", "224.0.0.1"), Question("10.0.0.9", "127.0.0.1"),
            Question("10.0.0.1", "10.0.0.1"), Question("10.0.0.9", "10.0.1.1"), Question("0.0.0.0", "10.0.0.1"));
        Assert.Equal(["10.0.1.1", "10.0.0.1"], bench.Eth0.TakeSent().Select(static f => Ipv4Address.Read(f.AsSpan(28)).ToString()));
        // The duplicate address probe of 0.0.0.0 leaves no entry (RFC 5227).
        Assert.Equal(["10.0.0.9"], bench.Namespace.NeighbourEntries.Select(static n => n.Address.ToString()));
    }

    [Fact]
    public void Up_and_a_new_mac_are_announced_when_arp_notify_is_on()
    {
        using var bench = new NamespaceBench(static o => o with { ArpNotify = true });
        bench.Eth0.Mac = MacAddress.Parse(Other);
        bench.Namespace.DeviceChanged(bench.Eth0);
        Assert.Equal([Ethernet(Broadcast, Other, 0x0806, Arp(1, Other, "10.0.0.1", Zero, "10.0.0.1"))], bench.Eth0.TakeSent());
    }

    [Fact]
    public void A_flood_of_requests_or_of_unresolvable_destinations_cannot_grow_the_table_or_the_queues()
    {
        using var bench = new NamespaceBench();
        for (int i = 0; i < 20_000; i++)
        {
            string asker = new Ipv4Address(0x0B00_0000 + (uint)i).ToString();
            bench.Eth0.Arrive(Question(asker, "10.0.0.1"));
        }

        bench.Namespace.AddRoute(new ActorNet.Dataplane.Ip.Routing.Route { Destination = Ipv4Prefix.Parse("10.128.0.0/9"), Device = "eth1" });
        for (int i = 0; i < 20_000; i++)
            bench.Eth0.Arrive(FromHost(Ipv4("10.0.0.9", new Ipv4Address(0x0A80_0000 + (uint)(i * 7)).ToString(), 17, Pattern(20))));
        for (int i = 0; i < 300; i++)
            bench.Send("10.0.1.200", 17, Pattern(8));
        Assert.True(bench.Namespace.NeighbourEntries.Count <= 1024);
        Assert.True(bench.Namespace.Neighbours.WaitingFrames <= 4096);
        Assert.True(bench.Namespace.Drops[ActorNet.Dataplane.Frames.DropReason.NeighbourFailed] > 0);
    }

    [Fact]
    public void A_local_sender_hears_of_an_unresolvable_neighbour_as_host_unreachable_over_lo()
    {
        // ipv4_link_failure: icmp_send to the packet's own source, which is here.
        using var bench = new NamespaceBench();
        var udp = new RecordingProtocol(bench.Frames);
        bench.Namespace.Register(IpProtocol.Udp, udp);
        bench.Send("10.0.0.50", 17, Pattern(16));
        bench.Advance(TimeSpan.FromSeconds(3.1));
        (Ipv4Address reporter, IcmpType type, byte code, int _, Ipv4Address destination, byte[] transport) = Assert.Single(udp.Errors);
        Assert.Equal(("10.0.0.1", IcmpType.DestinationUnreachable, 1, "10.0.0.50"), (reporter.ToString(), type, code, destination.ToString()));
        Assert.Equal(Pattern(16), transport);
        Assert.All(bench.Eth0.TakeSent(), static f => Assert.Equal(0x06, f[13]));
    }

    [Fact]
    public void An_ended_namespace_holds_nothing_and_its_devices_are_free()
    {
        using var bench = new NamespaceBench();
        bench.Send("10.0.0.50", 17, Pattern(16));
        bench.Eth0.Arrive(FromHost(Ipv4("10.0.0.9", "10.0.0.1", 17, Pattern(16), flagsAndOffset: 0x2000)));
        bench.Send("127.0.0.1", 17, Pattern(16));
        bench.Namespace.Dispose();
        Assert.Null(bench.Eth0.Upper);
        Assert.Empty(bench.Namespace.Interfaces);
        Assert.Empty(bench.Namespace.NeighbourEntries);
        Assert.Empty(bench.Namespace.Routes);
        Assert.True(bench.Pool.Measure().IsIdle);
    }

    private static byte[] FromHost(byte[] packet) => Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, packet);

    private static byte[] Question(string asker, string target) => Ethernet(Broadcast, NamespaceBench.HostMac, 0x0806, Arp(1, NamespaceBench.HostMac, asker, Zero, target));

    private static void Answer(NamespaceBench bench, string address, string mac) =>
        bench.Eth0.Arrive(Ethernet(NamespaceBench.Eth0Mac, mac, 0x0806, Arp(2, mac, address, NamespaceBench.Eth0Mac, "10.0.0.1")));

    private static NeighbourInfo Entry(NamespaceBench bench, string address) => Assert.Single(bench.Namespace.NeighbourEntries, n => n.Address.ToString() == address);

    private static NeighbourState State(NamespaceBench bench, string address) => Entry(bench, address).State;
}
