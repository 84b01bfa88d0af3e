using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Observation;
using ActorNet.Dataplane.Tests.Devices;

namespace ActorNet.Dataplane.Tests.Observation;

public sealed class CaptureTapTests
{
    private readonly FrameRig _rig = new();
    private readonly VethDevice _eth0;
    private readonly VethDevice _eth1;

    public CaptureTapTests()
    {
        _eth0 = new VethDevice("eth0", 2, FrameRig.Mac(2), 1450, _rig.Cache);
        _eth1 = new VethDevice("eth1", 3, FrameRig.Mac(3), 1450, _rig.Cache);
    }

    [Fact]
    public void Frames_are_copied_with_device_direction_time_and_length()
    {
        CaptureTap tap = Make(snapLength: 20);
        _rig.Time.Advance(TimeSpan.FromMicroseconds(5));
        Show(tap, _eth0, FrameDirection.Transmit, 64);
        _rig.Time.Advance(TimeSpan.FromMicroseconds(1));
        Show(tap, _eth1, FrameDirection.Receive, 16);
        CapturedPacket[] packets = tap.Drain();
        Assert.Equal([("eth0", FrameDirection.Transmit, 5_000L, 64), ("eth1", FrameDirection.Receive, 6_000L, 16)],
            packets.Select(p => (p.Device, p.Direction, p.WallClockNanoseconds, p.OriginalLength)));
        Assert.Equal([20, 16], packets.Select(p => p.Bytes.Length));
        // The rig's frames: two addresses, the type, then bytes that count up.
        Assert.Equal("02000000000102000000000288B50E0F10111213", Convert.ToHexString(packets[0].Bytes.Span));
        Assert.Empty(tap.Drain());
        _rig.AssertIdle();
    }

    [Fact]
    public void What_finds_no_room_for_its_packet_is_counted_and_told_with_the_next_packet_of_its_device()
    {
        CaptureTap tap = Make(maxPackets: 2);
        for (int i = 0; i < 5; i++)
            Show(tap, _eth0, FrameDirection.Receive, 64);
        Assert.Equal((2, 3), (tap.Count, tap.Lost));
        Assert.Equal([0, 0], tap.Drain().Select(p => p.LostBefore));
        Show(tap, _eth1, FrameDirection.Receive, 64);
        Show(tap, _eth0, FrameDirection.Receive, 64);
        Assert.Equal([0, 3], tap.Drain().Select(p => p.LostBefore));
        Show(tap, _eth0, FrameDirection.Receive, 64);
        Assert.Equal(0, Assert.Single(tap.Drain()).LostBefore);
        _rig.AssertIdle();
    }

    [Fact]
    public void What_finds_no_room_for_its_bytes_is_counted()
    {
        CaptureTap tap = Make(maxBytes: 130);
        for (int i = 0; i < 3; i++)
            Show(tap, _eth0, FrameDirection.Receive, 64);
        Assert.Equal((2, 1), (tap.Count, tap.Lost));
        tap.Drain();
        Show(tap, _eth0, FrameDirection.Receive, 130);
        Assert.Equal(130, Assert.Single(tap.Drain()).Bytes.Length);
        _rig.AssertIdle();
    }

    [Fact]
    public void What_was_drained_does_not_change_when_the_tap_goes_on()
    {
        CaptureTap tap = Make();
        Show(tap, _eth0, FrameDirection.Receive, 64, seed: 1);
        CapturedPacket first = Assert.Single(tap.Drain());
        byte[] before = first.Bytes.ToArray();
        Show(tap, _eth0, FrameDirection.Receive, 64, seed: 99);
        Assert.Equal(before, first.Bytes.ToArray());
    }

    [Fact]
    public void Capturing_allocates_nothing_for_a_frame()
    {
        CaptureTap tap = Make(maxPackets: 2000, maxBytes: 200_000);
        FrameVector vector = _rig.Vector(_rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2)));
        tap.Observe(_eth0, FrameDirection.Receive, vector);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            tap.Observe(_eth0, FrameDirection.Receive, vector);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(1001, tap.Count);
        _rig.Cache.Release(vector);
        _rig.AssertIdle();
    }

    [Fact]
    public void A_group_shows_every_frame_and_drop_to_each_member_and_exists_only_for_several()
    {
        CaptureTap one = Make();
        CaptureTap two = Make();
        var seen = new Counting();
        Assert.Null(ObserverGroup.Of([]));
        Assert.Same(one, ObserverGroup.Of([one]));
        _eth0.Observer = ObserverGroup.Of([one, seen, two]);
        _eth0.Transmit(_rig.Vector(_rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2))));
        // The device is down: the frame is dropped, which a capture does not show.
        Assert.Equal((0, 1), (seen.Frames, seen.Drops));
        Assert.Equal((0, 0), (one.Count, two.Count));
        Show(_eth0.Observer!, _eth0, FrameDirection.Receive, 64);
        Assert.Equal((1, 1, 1), (one.Count, seen.Frames, two.Count));
        _rig.AssertIdle();
    }

    private CaptureTap Make(int snapLength = 262_144, int maxPackets = 16, int maxBytes = 4096) => new(snapLength, maxPackets, maxBytes, _rig.Time);

    private void Show(IDeviceObserver tap, NetworkDevice device, FrameDirection direction, int length, byte seed = 0)
    {
        FrameVector vector = _rig.Vector(_rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2), length, seed: seed));
        tap.Observe(device, direction, vector);
        _rig.Cache.Release(vector);
    }

    private sealed class Counting : IDeviceObserver
    {
        public int Frames { get; private set; }

        public int Drops { get; private set; }

        public void Observe(NetworkDevice device, FrameDirection direction, FrameVector frames) => Frames += frames.Count;

        public void ObserveDrop(NetworkDevice device, DropReason reason, in Frame frame) => Drops++;
    }
}
