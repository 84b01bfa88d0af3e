using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;

namespace ActorNet.Dataplane.Tests.Devices;

public sealed class VethDeviceTests
{
    private readonly FrameRig _rig = new();
    private readonly VethDevice _a;
    private readonly VethDevice _b;
    private readonly Collector _upper;

    public VethDeviceTests()
    {
        _a = new VethDevice("eth0", 2, FrameRig.Mac(1), 1450, _rig.Cache);
        _b = new VethDevice("veth1a2b3c4d", 5, FrameRig.Mac(2), 1450, _rig.Cache);
        VethDevice.Join(_a, _b);
        _upper = new Collector(_rig.Cache);
        _b.Upper = _upper;
    }

    [Fact]
    public void The_carrier_is_there_while_both_ends_are_up()
    {
        // veth_open and veth_close: netif_carrier_on for both when both are IFF_UP, off for both otherwise.
        Assert.False(_a.HasCarrier);
        _a.SetUp(true);
        Assert.False(_a.HasCarrier);
        Assert.False(_b.HasCarrier);
        _b.SetUp(true);
        Assert.True(_a.IsRunning);
        Assert.True(_b.IsRunning);
        _a.SetUp(false);
        Assert.False(_a.HasCarrier);
        Assert.False(_b.HasCarrier);
        Assert.True(_b.IsUp);
    }

    [Fact]
    public void A_state_change_is_told_once()
    {
        int told = 0;
        _b.StateChanged += _ => told++;
        _a.SetUp(true);
        Assert.Equal(0, told);
        _b.SetUp(true);
        Assert.Equal(1, told);
        _b.SetUp(true);
        Assert.Equal(1, told);
        _a.SetUp(false);
        Assert.Equal(2, told);
    }

    [Fact]
    public void A_joined_end_knows_its_peers_index()
    {
        Assert.Equal(5, _a.PeerIfIndex);
        Assert.Equal(2, _b.PeerIfIndex);
    }

    [Fact]
    public void A_vector_with_nothing_wrong_arrives_whole_and_uncopied()
    {
        BothUp();
        FrameVector vector = _rig.Vector(Good(100), Good(64), Good(1464));
        _a.Transmit(vector);
        Assert.Same(vector, _upper.LastVector);
        Assert.Equal([100, 64, 1464], _upper.Frames.Select(f => f.Length));
        Assert.Equal((3, 1628), (_a.Counters.TxPackets, _a.Counters.TxBytes));
        Assert.Equal((3, 1628), (_b.Counters.RxPackets, _b.Counters.RxBytes));
        _rig.AssertIdle();
    }

    [Theory]
    [InlineData(1450 + 14, true)]
    [InlineData(1450 + 18, true)]
    [InlineData(1450 + 19, false)]
    [InlineData(13, false)]
    [InlineData(14, true)]
    public void Frames_up_to_the_mtu_with_header_and_one_tag_pass(int length, bool passes)
    {
        // linux net/core/dev.c __is_skb_forwardable: len <= mtu + hard_header_len + VLAN_HLEN.
        BothUp();
        _a.Transmit(_rig.Vector(Good(length)));
        Assert.Equal(passes ? 1 : 0, _upper.Count);
        Assert.Equal(passes ? 0 : 1, _a.Counters.TxDropped);
        Assert.Equal(passes ? 0 : 1, _a.Counters.Drops[length < 14 ? DropReason.BadEthernet : DropReason.TooBig]);
        _rig.AssertIdle();
    }

    [Fact]
    public void The_good_frames_of_a_vector_keep_their_order_when_others_are_dropped()
    {
        BothUp();
        _a.Transmit(_rig.Vector(Good(2000), Good(60), Good(3000), Good(61), Good(62), Good(1469)));
        Assert.Equal([60, 61, 62], _upper.Frames.Select(f => f.Length));
        Assert.Equal(3, _a.Counters.TxDropped);
        Assert.Equal((3, 183), (_a.Counters.TxPackets, _a.Counters.TxBytes));
        _rig.AssertIdle();
    }

    [Fact]
    public void A_receiver_with_a_smaller_mtu_drops_on_receive()
    {
        BothUp();
        _b.Mtu = 1000;
        _a.Transmit(_rig.Vector(Good(1464), Good(1018)));
        Assert.Equal([1018], _upper.Frames.Select(f => f.Length));
        Assert.Equal(1, _b.Counters.RxDropped);
        Assert.Equal(1, _b.Counters.Drops[DropReason.TooBig]);
        _rig.AssertIdle();
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void With_either_end_down_nothing_passes_and_the_drop_is_counted(bool aUp, bool bUp)
    {
        _a.SetUp(aUp);
        _b.SetUp(bUp);
        _a.Transmit(_rig.Vector(Good(100), Good(100)));
        _b.Receive(_rig.Vector(Good(100)));
        Assert.Equal(0, _upper.Count);
        Assert.Equal((2, 0), (_a.Counters.TxDropped, _a.Counters.TxPackets));
        Assert.Equal((1, 0), (_b.Counters.RxDropped, _b.Counters.RxPackets));
        Assert.Equal(2, _a.Counters.Drops[DropReason.DeviceDown]);
        _rig.AssertIdle();
    }

    [Fact]
    public void Without_a_link_or_an_upper_the_frames_are_released()
    {
        BothUp();
        _b.Upper = null;
        _a.Transmit(_rig.Vector(Good(100)));
        Assert.Equal(1, _b.Counters.RxDropped);
        _a.Link = null;
        _a.Transmit(_rig.Vector(Good(100)));
        Assert.Equal(1, _a.Counters.TxDropped);
        _rig.AssertIdle();
    }

    [Fact]
    public void An_observer_sees_what_passes_and_what_is_dropped()
    {
        BothUp();
        var seen = new Seen();
        _a.Observer = seen;
        _b.Observer = seen;
        _a.Transmit(_rig.Vector(Good(100), Good(5000)));
        Assert.Equal(["drop eth0 TooBig 5000", "Transmit eth0 1", "Receive veth1a2b3c4d 1"], seen.Lines);
        _rig.AssertIdle();
    }

    private Frame Good(int length) => _rig.Frame(FrameRig.Mac(2), FrameRig.Mac(1), length);

    private void BothUp()
    {
        _a.SetUp(true);
        _b.SetUp(true);
    }

    private sealed class Seen : IDeviceObserver
    {
        public List<string> Lines { get; } = [];

        public void Observe(NetworkDevice device, FrameDirection direction, FrameVector frames) =>
            Lines.Add($"{direction} {device.Name} {frames.Count}");

        public void ObserveDrop(NetworkDevice device, DropReason reason, in Frame frame) =>
            Lines.Add($"drop {device.Name} {reason} {frame.Length}");
    }
}
