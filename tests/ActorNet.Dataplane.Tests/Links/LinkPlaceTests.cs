using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Tests.Devices;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Links;

public sealed class LinkPlaceTests
{
    private readonly FrameRig _rig = new();
    private readonly Collector _out;
    private readonly VethDevice _device;
    private readonly LinkPlace _place;

    public LinkPlaceTests()
    {
        _out = new Collector(_rig.Cache);
        _device = new VethDevice("eth0", 2, FrameRig.Mac(2), 1450, _rig.Cache);
        _place = new LinkPlace(_device, FrameDirection.Transmit, _out, _rig.Cache, _rig.Clock);
    }

    [Fact]
    public void Without_a_fault_the_vector_passes_untouched_and_nothing_is_due()
    {
        FrameVector vector = _rig.Vector(Frame(0));
        _place.Push(vector);
        Assert.Same(vector, _out.LastVector);
        Assert.Equal(Instant.Never, _place.NextDeadline);
        _rig.AssertIdle();
    }

    [Fact]
    public void Clearing_a_delay_delivers_what_it_held_in_order()
    {
        Assert.True(_place.TryAdd(1, "p", new ImpairmentSettings { Delay = TimeSpan.FromSeconds(5) }, Instant.Never));
        _place.Push(_rig.Vector(Frame(0), Frame(1)));
        Advance(1);
        _place.Push(_rig.Vector(Frame(2)));
        Assert.Equal(0, _out.Count);
        Assert.True(_place.Remove(1));
        Assert.False(_place.Remove(1));
        Assert.Equal([0, 1, 2], Numbers());
        _place.Push(_rig.Vector(Frame(3)));
        Assert.Equal([0, 1, 2, 3], Numbers());
        _rig.AssertIdle();
    }

    [Fact]
    public void A_fault_goes_when_its_time_is_over_and_what_it_held_goes_on()
    {
        _place.TryAdd(1, "p", new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(800) }, _rig.Clock.Now + TimeSpan.FromSeconds(1));
        Advance(500);
        _place.Push(_rig.Vector(Frame(0)));
        Assert.Equal(1_000_000_000, _place.NextDeadline.Nanoseconds);
        Advance(499);
        Assert.Equal(0, _out.Count);
        Advance(1);
        Assert.Equal([0], Numbers());
        Assert.Empty(_place.Faults);
        Assert.Equal(Instant.Never, _place.NextDeadline);
        _rig.AssertIdle();
    }

    [Fact]
    public void Two_faults_act_one_after_the_other_and_each_goes_alone()
    {
        _place.TryAdd(1, "p", new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(10) }, Instant.Never);
        _place.TryAdd(2, "p", new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(20) }, Instant.Never);
        _place.Push(_rig.Vector(Frame(0)));
        Advance(10);
        Advance(19);
        Assert.Equal(0, _out.Count);
        _place.Push(_rig.Vector(Frame(1)));
        Advance(1);
        Assert.Equal([0], Numbers());
        // What the first holds goes through the second, as it would have in time.
        _place.Remove(1);
        Assert.Equal([0], Numbers());
        Advance(20);
        Assert.Equal([0, 1], Numbers());
        Assert.Equal([(2L, 2L)], _place.Faults.Select(f => (f.Id, f.Link.Decided)));
        _rig.AssertIdle();
    }

    [Fact]
    public void Drops_are_counted_at_the_device_and_shown_to_its_observer()
    {
        var observer = new Drops();
        _device.Observer = observer;
        _place.TryAdd(1, "p", new ImpairmentSettings { Cut = true }, Instant.Never);
        _place.Push(_rig.Vector(Frame(0), Frame(1)));
        Assert.Equal(2, _device.Counters.Drops[DropReason.Impaired]);
        Assert.Equal([(DropReason.Impaired, 64), (DropReason.Impaired, 64)], observer.Seen);
        Assert.Equal((2, 2), (_place.Faults[0].Link.Decided, _place.Faults[0].Link.Drops.Total));
        _rig.AssertIdle();
    }

    [Theory]
    [InlineData(FrameDirection.Transmit, 0)]
    [InlineData(FrameDirection.Receive, 6)]
    public void A_fault_towards_one_peer_leaves_the_others_and_their_order_alone(FrameDirection direction, int address)
    {
        var place = new LinkPlace(_device, direction, _out, _rig.Cache, _rig.Clock, VxlanView.HeaderLength);
        place.TryAdd(1, "p", new ImpairmentSettings { Cut = true }, Instant.Never, FrameRig.Mac(9));
        Frame[] frames = [.. Enumerable.Range(0, 6).Select(n => Frame(n))];
        for (int i = 0; i < frames.Length; i += 2)
            FrameRig.Mac(9).Write(frames[i].Span[(VxlanView.HeaderLength + address)..]);
        place.Push(_rig.Vector(frames));
        Assert.Equal([1, 3, 5], Numbers());
        place.Push(_rig.Vector(_rig.Raw(new byte[5])));
        Assert.Equal((7, 3, 3), (place.Faults[0].Link.FramesIn, place.Faults[0].Link.Decided, place.Faults[0].Link.Drops.Total));
        place.Dispose();
        _rig.AssertIdle();
    }

    [Fact]
    public void Behind_a_tunnel_header_the_mtu_and_the_flow_are_those_of_the_inner_frame()
    {
        var settings = new ImpairmentSettings { Mtu = 1000, Loss = 0.5, Seed = 3 };
        var place = new LinkPlace(_device, FrameDirection.Receive, _out, _rig.Cache, _rig.Clock, VxlanView.HeaderLength);
        place.TryAdd(1, "p", settings with { Loss = 0 }, Instant.Never);
        place.Push(_rig.Vector(Frame(0, 1018 + 8), Frame(1, 1019 + 8)));
        Assert.Equal([0], Numbers());

        place.Remove(1);
        place.TryAdd(2, "p", settings with { Mtu = 0 }, Instant.Never);
        Frame[] frames = [.. Enumerable.Range(10, 40).Select(n => Frame(n))];
        uint flow = FlowHash.Compute(frames[0].Span[VxlanView.HeaderLength..]);
        var decide = new Impairment("p", settings with { Mtu = 0 });
        int[] expected = [0, .. Enumerable.Range(10, 40).Where(_ => decide.Next(flow).Copies > 0)];
        place.Push(_rig.Vector(frames));
        Assert.Equal(expected, Numbers());
        Assert.InRange(expected.Length, 10, 32);
        _rig.AssertIdle();
    }

    [Fact]
    public void Faults_at_a_place_are_bounded_and_disposal_releases_what_they_hold()
    {
        for (int i = 0; i < LinkPlace.MaxFaults; i++)
            Assert.True(_place.TryAdd(i, "p", new ImpairmentSettings { Delay = TimeSpan.FromSeconds(1) }, Instant.Never));
        Assert.False(_place.TryAdd(99, "p", new ImpairmentSettings { Cut = true }, Instant.Never));
        _place.Push(_rig.Vector(Frame(0)));
        _place.Dispose();
        Assert.Equal(0, _out.Count);
        Assert.Equal(1, _device.Counters.Drops[DropReason.Impaired]);
        _rig.AssertIdle();
    }

    private Frame Frame(int number, int length = 64)
    {
        Frame frame = _rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2), length);
        frame.Span[40] = (byte)number;
        return frame;
    }

    private int[] Numbers() => [.. _out.Frames.Where(f => f.Length > 40).Select(f => (int)f[40])];

    private void Advance(int milliseconds)
    {
        _rig.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        _place.Poll(_rig.Clock.Now);
    }

    private sealed class Drops : IDeviceObserver
    {
        public List<(DropReason Reason, int Length)> Seen { get; } = [];

        public void Observe(NetworkDevice device, FrameDirection direction, FrameVector frames)
        {
        }

        public void ObserveDrop(NetworkDevice device, DropReason reason, in Frame frame) => Seen.Add((reason, frame.Length));
    }
}
