using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;
using static ActorNet.Dataplane.Tests.Bridging.BridgeRig;

namespace ActorNet.Dataplane.Tests.Bridging;

/// <summary>Rules of linux net/bridge/br_fdb.c.</summary>
public sealed class BridgeLearningTests
{
    [Fact]
    public void A_new_bridge_knows_its_own_address_and_a_port_brings_its()
    {
        var rig = new BridgeRig(1);
        FdbEntry own = rig.Bridge.FindEntry(BridgeMac)!;
        FdbEntry port = rig.Bridge.FindEntry(PortMac(0))!;
        Assert.True(own is { IsLocal: true, IsPermanent: true, IsStatic: true, Port: null });
        Assert.True(port is { IsLocal: true, IsPermanent: true });
        Assert.Same(rig.Port(0), port.Port);
        Assert.Equal([PortMac(0), BridgeMac], rig.Bridge.GetEntries().Select(e => e.Mac));
    }

    [Fact]
    public void A_port_with_the_bridges_address_adds_no_entry_and_takes_none_with_it()
    {
        var rig = new BridgeRig(1);
        var twin = new VethDevice("vethtwin", 50, BridgeMac, 1500, rig.Rig.Cache);
        BridgePort port = rig.Bridge.AddPort(twin);
        Assert.Equal(2, rig.Bridge.GetEntries().Count);
        rig.Bridge.RemovePort(port);
        Assert.True(rig.Bridge.FindEntry(BridgeMac) is { IsLocal: true });
    }

    [Fact]
    public void The_local_entry_of_two_ports_with_one_address_stays_with_the_one_that_is_left()
    {
        // fdb_delete_local: "Maybe another port has same hw addr?"
        var rig = new BridgeRig(0);
        BridgePort first = rig.Bridge.AddPort(new VethDevice("a", 10, Station(1), 1500, rig.Rig.Cache));
        BridgePort second = rig.Bridge.AddPort(new VethDevice("b", 11, Station(1), 1500, rig.Rig.Cache));
        Assert.Same(first, rig.Bridge.FindEntry(Station(1))!.Port);
        rig.Bridge.RemovePort(first);
        Assert.Same(second, rig.Bridge.FindEntry(Station(1))!.Port);
        rig.Bridge.RemovePort(second);
        Assert.Null(rig.Bridge.FindEntry(Station(1)));
    }

    [Fact]
    public void Changing_the_bridges_address_moves_its_local_entry()
    {
        var rig = new BridgeRig(1);
        rig.Bridge.SetMac(Station(40));
        Assert.Null(rig.Bridge.FindEntry(BridgeMac));
        Assert.True(rig.Bridge.FindEntry(Station(40))!.IsLocal);
        Assert.Equal(Station(40), rig.Bridge.Device.Mac);
    }

    [Fact]
    public void A_station_is_learned_at_its_port_and_followed_when_it_moves()
    {
        var rig = new BridgeRig(3);
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        FdbEntry entry = rig.Bridge.FindEntry(Station(1))!;
        Assert.Same(rig.Port(0), entry.Port);
        Assert.True(entry is { IsLocal: false, IsStatic: false, IsLearned: true });
        rig.Rig.Time.Advance(TimeSpan.FromSeconds(5));
        rig.Arrive(2, MacAddress.Broadcast, Station(1));
        Assert.Same(rig.Port(2), entry.Port);
        Assert.Equal(5_000_000_000, entry.LastUpdated.Nanoseconds);
        Assert.Equal(1, rig.Bridge.Moves);
        rig.Clear();
        rig.Arrive(0, Station(1), Station(3));
        Assert.Equal([0, 0, 1, 0], rig.Counts());
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void Used_and_updated_are_told_apart()
    {
        var rig = new BridgeRig(2);
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        rig.Rig.Time.Advance(TimeSpan.FromSeconds(3));
        rig.Arrive(1, Station(1), Station(2));
        FdbEntry entry = rig.Bridge.FindEntry(Station(1))!;
        Assert.Equal((0, 3_000_000_000), (entry.LastUpdated.Nanoseconds, entry.LastUsed.Nanoseconds));
    }

    [Fact]
    public void A_port_with_learning_off_teaches_nothing()
    {
        var rig = new BridgeRig(2);
        rig.Port(0).Learning = false;
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        Assert.Null(rig.Bridge.FindEntry(Station(1)));
        Assert.Equal(1, rig.Far[1].Count);
    }

    [Fact]
    public void A_learned_entry_lives_for_the_ageing_time_after_its_last_frame()
    {
        var rig = new BridgeRig(2);
        Assert.Equal(TimeSpan.FromSeconds(300), rig.Bridge.AgeingTime);
        Assert.Equal(Instant.Never, rig.Bridge.NextDeadline);
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        Assert.Equal(TimeSpan.FromSeconds(300), rig.Bridge.NextDeadline - default(Instant));
        Step(rig, 200);
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        Step(rig, 100);
        Assert.NotNull(rig.Bridge.FindEntry(Station(1)));
        Assert.Equal(500_000_000_000, rig.Bridge.NextDeadline.Nanoseconds);
        Step(rig, 199.999);
        Assert.NotNull(rig.Bridge.FindEntry(Station(1)));
        Step(rig, 0.001);
        Assert.Null(rig.Bridge.FindEntry(Station(1)));
        Assert.Equal(Instant.Never, rig.Bridge.NextDeadline);
        Assert.Equal(0, rig.Bridge.LearnedCount);
        Assert.NotNull(rig.Bridge.FindEntry(PortMac(0)));
    }

    [Fact]
    public void A_shorter_ageing_time_takes_effect_at_the_next_poll_and_zero_stops_learning()
    {
        var rig = new BridgeRig(2);
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        Step(rig, 20);
        rig.Bridge.AgeingTime = TimeSpan.FromSeconds(15);
        rig.Bridge.Poll(rig.Rig.Clock.Now);
        Assert.Null(rig.Bridge.FindEntry(Station(1)));
        rig.Bridge.AgeingTime = TimeSpan.Zero;
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        Assert.Null(rig.Bridge.FindEntry(Station(1)));
    }

    [Fact]
    public void When_the_table_is_full_frames_are_forwarded_and_nothing_is_learned()
    {
        var rig = new BridgeRig(2);
        rig.Bridge.MaxLearned = 10;
        for (int i = 0; i < 25; i++)
            rig.Arrive(0, MacAddress.Broadcast, Station(i));
        Assert.Equal((10, 15L, 25L), (rig.Bridge.LearnedCount, rig.Bridge.LearnFailures, rig.Far[1].Count));
        // A station that is known is still followed.
        rig.Arrive(1, MacAddress.Broadcast, Station(3));
        Assert.Same(rig.Port(1), rig.Bridge.FindEntry(Station(3))!.Port);
        rig.Bridge.SetEntry(Station(99), rig.Port(0), permanent: false);
        Assert.NotNull(rig.Bridge.FindEntry(Station(99)));
    }

    [Fact]
    public void A_mac_flood_stays_within_the_default_bound()
    {
        var rig = new BridgeRig(2, keepBytes: false);
        for (int i = 0; i < 100_000; i++)
            rig.Arrive(0, Station(-1), new MacAddress(0x0600_0000_0000 + (ulong)i));
        Assert.Equal(16_384, rig.Bridge.LearnedCount);
        Assert.Equal(100_000 - 16_384, rig.Bridge.LearnFailures);
        Step(rig, 300);
        Assert.Equal(0, rig.Bridge.LearnedCount);
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void A_frame_from_one_of_our_own_addresses_does_not_move_the_local_entry()
    {
        var rig = new BridgeRig(2);
        rig.Arrive(1, MacAddress.Broadcast, PortMac(0));
        rig.Arrive(1, MacAddress.Broadcast, BridgeMac);
        Assert.Same(rig.Port(0), rig.Bridge.FindEntry(PortMac(0))!.Port);
        Assert.Null(rig.Bridge.FindEntry(BridgeMac)!.Port);
        Assert.Equal(2, rig.Bridge.OwnAddressSeen);
    }

    [Fact]
    public void A_static_entry_directs_frames_and_does_not_age()
    {
        var rig = new BridgeRig(3);
        rig.Bridge.SetEntry(Station(7), rig.Port(2), permanent: false);
        Step(rig, 1000);
        rig.Arrive(0, Station(7), Station(1));
        Assert.Equal([0, 0, 1, 0], rig.Counts());
        Assert.True(rig.Bridge.FindEntry(Station(7)) is { IsStatic: true, IsLocal: false, IsPermanent: false, IsAddedByUser: true });
    }

    [Fact]
    public void A_permanent_entry_is_local_and_sends_frames_up()
    {
        var rig = new BridgeRig(2);
        rig.Arrive(1, MacAddress.Broadcast, Station(7));
        rig.Bridge.SetEntry(Station(7), rig.Port(1), permanent: true);
        rig.Clear();
        rig.Arrive(0, Station(7), Station(1));
        Assert.Equal([0, 0, 1], rig.Counts());
    }

    [Fact]
    public void Removing_a_port_takes_every_entry_behind_it_and_its_number_is_used_again()
    {
        var rig = new BridgeRig(3);
        rig.Arrive(1, MacAddress.Broadcast, Station(1));
        rig.Arrive(2, MacAddress.Broadcast, Station(2));
        rig.Bridge.SetEntry(Station(3), rig.Port(1), permanent: false);
        rig.Bridge.RemovePort(rig.Port(1));
        Assert.Null(rig.Bridge.FindEntry(Station(1)));
        Assert.Null(rig.Bridge.FindEntry(Station(3)));
        Assert.Null(rig.Bridge.FindEntry(PortMac(1)));
        Assert.NotNull(rig.Bridge.FindEntry(Station(2)));
        Assert.Equal([1, 3], rig.Bridge.Ports.Select(p => p.Number));
        Assert.Null(rig.Devices[1].Upper);
        rig.Add();
        Assert.Equal([1, 2, 3], rig.Bridge.Ports.Select(p => p.Number));
        rig.Clear();
        rig.Arrive(0, Station(2), Station(9));
        Assert.Equal([0, 0, 1, 0, 0], rig.Counts());
    }

    [Fact]
    public void Misuse_is_refused_with_a_reason()
    {
        var rig = new BridgeRig(1);
        var other = new BridgeRig(1);
        Assert.Throws<InvalidOperationException>(() => rig.Bridge.AddPort(rig.Devices[0]));
        Assert.Throws<ArgumentException>(() => rig.Bridge.SetEntry(Station(1), other.Port(0), permanent: false));
        Assert.Throws<ArgumentException>(() => rig.Bridge.SetEntry(Station(1), null, permanent: false));
        Assert.Throws<ArgumentException>(() => rig.Bridge.SetEntry(MacAddress.Broadcast, rig.Port(0), permanent: false));
        Assert.False(rig.Bridge.RemoveEntry(Station(1)));
    }

    [Fact]
    public void Flushing_removes_what_was_learned_only()
    {
        var rig = new BridgeRig(2);
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        rig.Bridge.SetEntry(Station(2), rig.Port(0), permanent: false);
        rig.Bridge.Flush();
        Assert.Null(rig.Bridge.FindEntry(Station(1)));
        Assert.NotNull(rig.Bridge.FindEntry(Station(2)));
        Assert.Equal(4, rig.Bridge.GetEntries().Count);
    }

    private static void Step(BridgeRig rig, double seconds)
    {
        rig.Rig.Time.Advance(TimeSpan.FromSeconds(seconds));
        rig.Bridge.Poll(rig.Rig.Clock.Now);
    }
}
