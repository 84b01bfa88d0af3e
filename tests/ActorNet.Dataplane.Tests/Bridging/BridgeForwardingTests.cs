using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Tests.Devices;
using ActorNet.Packets;
using static ActorNet.Dataplane.Tests.Bridging.BridgeRig;

namespace ActorNet.Dataplane.Tests.Bridging;

/// <summary>Rules of linux net/bridge/br_input.c (br_handle_frame, br_handle_frame_finish), br_forward.c and br_device.c (br_dev_xmit).</summary>
public sealed class BridgeForwardingTests
{
    [Fact]
    public void Unknown_unicast_is_flooded_to_the_other_ports_and_not_passed_up()
    {
        var rig = new BridgeRig(3);
        rig.Arrive(0, Station(9), Station(1));
        Assert.Equal([0, 1, 1, 0], rig.Counts());
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void A_promiscuous_bridge_also_gets_unknown_and_foreign_unicast()
    {
        var rig = new BridgeRig(3);
        rig.Bridge.Device.IsPromiscuous = true;
        rig.Arrive(1, Station(1), Station(9));
        rig.Arrive(0, Station(9), Station(1));
        Assert.Equal([1, 1, 1, 2], rig.Counts());
        Assert.Equal(rig.Far[1].Frames[0], rig.Up.Frames[1]);
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void Broadcast_and_multicast_go_to_the_other_ports_and_up()
    {
        var rig = new BridgeRig(3);
        rig.Arrive(1, MacAddress.Broadcast, Station(1));
        Assert.Equal([1, 0, 1, 1], rig.Counts());
        rig.Arrive(1, MacAddress.Parse("01:00:5e:00:00:fb"), Station(1));
        Assert.Equal([2, 0, 2, 2], rig.Counts());
        // br_handle_frame_finish counts dev->stats.multicast for multicast that is received locally, not for broadcast.
        Assert.Equal(1, rig.Bridge.Device.Counters.Multicast);
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void Known_unicast_goes_to_its_port_alone()
    {
        var rig = new BridgeRig(3);
        rig.Arrive(2, MacAddress.Broadcast, Station(2));
        rig.Clear();
        rig.Arrive(0, Station(2), Station(1));
        Assert.Equal([0, 0, 1, 0], rig.Counts());
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void A_vector_of_one_flow_passes_whole_and_uncopied()
    {
        var rig = new BridgeRig(2);
        rig.Arrive(1, MacAddress.Broadcast, Station(2));
        rig.Clear();
        FrameVector vector = rig.Rig.Vector([.. Enumerable.Range(0, 64).Select(i => rig.Rig.Frame(Station(2), Station(1), 64 + i))]);
        rig.Devices[0].Receive(vector);
        Assert.Same(vector, rig.Far[1].LastVector);
        Assert.Equal([64], rig.Far[1].VectorSizes);
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void A_mixed_vector_is_split_by_port_and_keeps_the_order_in_each()
    {
        var rig = new BridgeRig(3);
        rig.Arrive(1, MacAddress.Broadcast, Station(2));
        rig.Arrive(2, MacAddress.Broadcast, Station(3));
        rig.Clear();
        rig.Arrive(
            0,
            rig.Rig.Frame(Station(2), Station(1), 60),
            rig.Rig.Frame(Station(3), Station(1), 61),
            rig.Rig.Frame(BridgeMac, Station(1), 62),
            rig.Rig.Frame(Station(2), Station(1), 63),
            rig.Rig.Frame(MacAddress.Broadcast, Station(1), 64),
            rig.Rig.Frame(Station(2), Station(1), 65),
            rig.Rig.Frame(BridgeMac, Station(1), 66));
        Assert.Equal([60, 63, 64, 65], rig.Far[1].Frames.Select(f => f.Length));
        Assert.Equal([61, 64], rig.Far[2].Frames.Select(f => f.Length));
        Assert.Equal([62, 64, 66], rig.Up.Frames.Select(f => f.Length));
        Assert.Equal([4], rig.Far[1].VectorSizes);
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void A_flooded_frame_is_marked_shared_and_its_bytes_are_equal_everywhere()
    {
        var rig = new BridgeRig(4);
        rig.Arrive(0, rig.Rig.Frame(MacAddress.Broadcast, Station(1), 100, seed: 7));
        byte[] bytes = rig.Up.Frames[0];
        Assert.All(rig.Far.Skip(1), far => Assert.Equal(bytes, far.Frames[0]));
        Assert.All(rig.Far.Skip(1), far => Assert.True((far.Metadata[0].Flags & FrameFlags.Shared) != 0));
        Assert.True((rig.Up.Metadata[0].Flags & FrameFlags.Shared) != 0);
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void A_flooded_frame_with_one_taker_is_not_shared()
    {
        var rig = new BridgeRig(2);
        rig.Arrive(0, Station(9), Station(1));
        Assert.Equal(FrameFlags.None, rig.Far[1].Metadata[0].Flags);
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void Frames_to_the_bridge_or_to_a_ports_own_address_go_up()
    {
        var rig = new BridgeRig(3);
        rig.Arrive(0, BridgeMac, Station(1), 100);
        rig.Arrive(0, PortMac(2), Station(1), 100);
        Assert.Equal([0, 0, 0, 2], rig.Counts());
        // Measured on Linux 6.18: the bridge's rx_bytes are 14 less a frame than its port's.
        Assert.Equal(172, rig.Bridge.Device.Counters.RxBytes);
        Assert.Equal(200, rig.Devices[0].Counters.RxBytes);
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void A_frame_never_leaves_by_the_port_it_came_in_by_unless_that_is_a_hairpin()
    {
        var rig = new BridgeRig(2);
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        rig.Arrive(0, MacAddress.Broadcast, Station(2));
        rig.Clear();
        rig.Arrive(0, Station(2), Station(1));
        Assert.Equal([0, 0, 0], rig.Counts());
        Assert.Equal(1, rig.Drops(DropReason.NoForwardingPort));
        rig.Port(0).Hairpin = true;
        rig.Arrive(0, Station(2), Station(1));
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        Assert.Equal([2, 1, 1], rig.Counts());
        rig.Rig.AssertIdle();
    }

    [Theory]
    [InlineData("01:80:c2:00:00:00", true)]
    [InlineData("01:80:c2:00:00:01", false)]
    [InlineData("01:80:c2:00:00:02", false)]
    [InlineData("01:80:c2:00:00:0e", false)]
    [InlineData("01:80:c2:00:00:0f", false)]
    [InlineData("01:80:c2:00:00:10", true)]
    public void Of_the_link_local_groups_only_the_bridge_group_is_forwarded_with_spanning_tree_off(string destination, bool forwarded)
    {
        var rig = new BridgeRig(2);
        rig.Arrive(0, MacAddress.Parse(destination), Station(1));
        Assert.Equal(forwarded ? [0, 1, 1] : [0, 0, 0], rig.Counts());
        Assert.Equal(forwarded ? 0 : 1, rig.Drops(DropReason.NoForwardingPort));
        // br_handle_local_finish learns from those it does not forward, but a pause frame is dropped before.
        Assert.Equal(destination.EndsWith("01", StringComparison.Ordinal), rig.Bridge.FindEntry(Station(1)) is null);
        rig.Rig.AssertIdle();
    }

    [Theory]
    [InlineData("00:00:00:00:00:00")]
    [InlineData("ff:ff:ff:ff:ff:ff")]
    [InlineData("01:00:5e:00:00:01")]
    public void A_source_that_no_station_can_have_is_dropped_and_not_learned(string source)
    {
        var rig = new BridgeRig(2);
        int entries = rig.Bridge.GetEntries().Count;
        rig.Arrive(0, MacAddress.Broadcast, MacAddress.Parse(source));
        Assert.Equal([0, 0, 0], rig.Counts());
        Assert.Equal(1, rig.Drops(DropReason.BadEthernet));
        Assert.Equal(entries, rig.Bridge.GetEntries().Count);
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void The_flood_flags_choose_who_gets_what_is_flooded()
    {
        var rig = new BridgeRig(4);
        rig.Port(1).Flood = false;
        rig.Port(2).MulticastFlood = false;
        rig.Port(3).BroadcastFlood = false;
        rig.Arrive(0, Station(9), Station(1));
        Assert.Equal([0, 0, 1, 1, 0], rig.Counts());
        rig.Clear();
        rig.Arrive(0, MacAddress.Parse("01:00:5e:00:00:fb"), Station(1));
        Assert.Equal([0, 1, 0, 1, 1], rig.Counts());
        rig.Clear();
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        Assert.Equal([0, 1, 1, 0, 1], rig.Counts());
        rig.Clear();
        // br_flood ignores the two group flags for what the bridge itself sends.
        rig.Bridge.Device.Transmit(rig.Rig.Vector(rig.Rig.Frame(MacAddress.Broadcast, BridgeMac)));
        Assert.Equal([1, 1, 1, 1, 0], rig.Counts());
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void What_the_bridge_sends_is_forwarded_by_the_database_or_flooded_and_never_learned()
    {
        var rig = new BridgeRig(2);
        rig.Arrive(1, MacAddress.Broadcast, Station(2));
        rig.Clear();
        rig.Bridge.Device.Transmit(rig.Rig.Vector(rig.Rig.Frame(Station(2), Station(77), 100)));
        Assert.Equal([0, 1, 0], rig.Counts());
        rig.Bridge.Device.Transmit(rig.Rig.Vector(rig.Rig.Frame(Station(8), Station(77), 100)));
        Assert.Equal([1, 2, 0], rig.Counts());
        // br_forward with no destination port drops a frame to the bridge's own address.
        rig.Bridge.Device.Transmit(rig.Rig.Vector(rig.Rig.Frame(BridgeMac, Station(77), 100)));
        Assert.Equal([1, 2, 0], rig.Counts());
        Assert.Null(rig.Bridge.FindEntry(Station(77)));
        Assert.Equal((3, 300), (rig.Bridge.Device.Counters.TxPackets, rig.Bridge.Device.Counters.TxBytes));
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void A_frame_too_long_for_the_egress_is_dropped_by_the_bridge_and_the_others_pass()
    {
        // br_dev_queue_push_xmit asks is_skb_forwardable; no device counter is raised for it.
        var rig = new BridgeRig(2);
        rig.Arrive(1, MacAddress.Broadcast, Station(2));
        rig.Clear();
        rig.Devices[1].Mtu = 1000;
        rig.Arrive(0, rig.Rig.Frame(Station(2), Station(1), 1018), rig.Rig.Frame(Station(2), Station(1), 1019), rig.Rig.Frame(Station(2), Station(1), 64));
        Assert.Equal([1018, 64], rig.Far[1].Frames.Select(f => f.Length));
        Assert.Equal(1, rig.Drops(DropReason.TooBig));
        Assert.Equal(0, rig.Devices[1].Counters.TxDropped);
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void A_port_that_is_down_neither_sends_nor_receives_nor_learns_and_forgets_its_stations()
    {
        var rig = new BridgeRig(3);
        rig.Arrive(1, MacAddress.Broadcast, Station(2));
        rig.Bridge.SetEntry(Station(50), rig.Port(1), permanent: false);
        rig.Clear();
        rig.Devices[1].SetCarrier(false);
        Assert.Equal(BridgePortState.Disabled, rig.Port(1).State);
        Assert.Null(rig.Bridge.FindEntry(Station(2)));
        Assert.NotNull(rig.Bridge.FindEntry(Station(50)));
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        rig.Arrive(0, Station(50), Station(1));
        rig.Port(1).Push(rig.Rig.Vector(rig.Rig.Frame(Station(1), Station(2))));
        Assert.Equal([0, 0, 1, 1], rig.Counts());
        Assert.Equal((1, 1), (rig.Drops(DropReason.NoForwardingPort), rig.Drops(DropReason.DeviceDown)));
        rig.Rig.AssertIdle();
    }

    /// <summary>The expectations were read off Linux 6.18 with `bridge link set dev PORT state N` on a bridge without STP.</summary>
    [Theory]
    [InlineData(BridgePortState.Disabled, BridgePortState.Disabled, false, false)]
    [InlineData(BridgePortState.Listening, BridgePortState.Listening, false, false)]
    [InlineData(BridgePortState.Learning, BridgePortState.Learning, true, false)]
    [InlineData(BridgePortState.Forwarding, BridgePortState.Forwarding, true, true)]
    [InlineData(BridgePortState.Blocking, BridgePortState.Forwarding, true, true)]
    public void A_port_set_to_a_state_learns_and_passes_as_that_state_does(BridgePortState set, BridgePortState becomes, bool learns, bool passes)
    {
        var rig = new BridgeRig(3);
        rig.Arrive(1, MacAddress.Broadcast, Station(2));
        rig.Clear();

        Assert.True(rig.Bridge.TrySetPortState(rig.Port(1), set));

        Assert.Equal(becomes, rig.Port(1).State);
        Assert.NotNull(rig.Bridge.FindEntry(Station(2)));
        rig.Arrive(1, MacAddress.Broadcast, Station(3));
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        Assert.Equal(learns, rig.Bridge.FindEntry(Station(3)) is not null);
        Assert.Equal(passes ? [1, 1, 2, 2] : [0, 0, 1, 1], rig.Counts());

        // Taking the device down and up chooses the state anew.
        rig.Devices[1].SetUp(false);
        Assert.False(rig.Bridge.TrySetPortState(rig.Port(1), BridgePortState.Disabled));
        rig.Devices[1].SetUp(true);
        Assert.Equal(BridgePortState.Forwarding, rig.Port(1).State);
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void A_bridge_that_is_down_carries_nothing()
    {
        var rig = new BridgeRig(2);
        rig.Bridge.Device.SetUp(false);
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        rig.Bridge.Device.Transmit(rig.Rig.Vector(rig.Rig.Frame(MacAddress.Broadcast, BridgeMac)));
        Assert.Equal([0, 0, 0], rig.Counts());
        Assert.Equal(1, rig.Bridge.Device.Counters.TxDropped);
        rig.Bridge.Device.SetUp(true);
        rig.Arrive(0, MacAddress.Broadcast, Station(1));
        Assert.Equal([0, 1, 1], rig.Counts());
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void The_bridge_has_carrier_while_a_port_forwards()
    {
        var rig = new BridgeRig(0);
        Assert.False(rig.Bridge.Device.HasCarrier);
        var told = new List<bool>();
        rig.Bridge.Device.StateChanged += d => told.Add(d.HasCarrier);
        rig.Add();
        rig.Add();
        Assert.True(rig.Bridge.Device.HasCarrier);
        rig.Devices[0].SetUp(false);
        Assert.True(rig.Bridge.Device.HasCarrier);
        rig.Bridge.RemovePort(rig.Port(1));
        Assert.False(rig.Bridge.Device.HasCarrier);
        Assert.Equal([true, false], told);
    }

    [Fact]
    public void An_answer_sent_from_above_waits_until_the_vector_is_done_and_keeps_its_order()
    {
        var rig = new BridgeRig(2);
        rig.Bridge.Device.Upper = new Answer(rig);
        rig.Arrive(0, rig.Rig.Frame(BridgeMac, Station(1), 60), rig.Rig.Frame(MacAddress.Broadcast, Station(1), 61));
        Assert.Equal([61, 100, 101], rig.Far[1].Frames.Select(f => f.Length));
        rig.Rig.AssertIdle();
    }

    [Fact]
    public void When_the_pool_is_empty_frames_are_dropped_and_counted_and_nothing_leaks()
    {
        var frames = new FrameRig(maxVectors: 16);
        var bridge = new Bridge("cni0", 1, BridgeMac, 1500, frames.Cache, frames.Clock);
        var out1 = new Collector(frames.Cache);
        bridge.Device.SetUp(true);
        for (int i = 0; i < 2; i++)
        {
            var device = new ActorNet.Dataplane.Devices.VethDevice($"p{i}", 2 + i, PortMac(i), 1500, frames.Cache) { Link = out1 };
            device.SetUp(true);
            device.SetCarrier(true);
            bridge.AddPort(device);
        }

        FrameVector input = frames.Vector(frames.Frame(MacAddress.Broadcast, Station(1)));
        var hoard = new List<FrameVector>();
        while (frames.Cache.TryRentVector(out FrameVector vector))
            hoard.Add(vector);
        bridge.Ports[0].Push(input);
        Assert.Equal(0, out1.Count);
        Assert.Equal(2, bridge.Device.Counters.Drops[DropReason.NoBuffer]);
        hoard.ForEach(frames.Cache.ReleaseEmpty);
        frames.AssertIdle();
    }

    private sealed class Answer(BridgeRig rig) : IFrameSink
    {
        private bool _answered;

        public void Push(FrameVector frames)
        {
            rig.Rig.Cache.Release(frames);
            if (_answered)
                return;
            _answered = true;
            rig.Bridge.Device.Transmit(rig.Rig.Vector(rig.Rig.Frame(MacAddress.Broadcast, BridgeMac, 100)));
            rig.Bridge.Device.Transmit(rig.Rig.Vector(rig.Rig.Frame(MacAddress.Broadcast, BridgeMac, 101)));
        }
    }
}
