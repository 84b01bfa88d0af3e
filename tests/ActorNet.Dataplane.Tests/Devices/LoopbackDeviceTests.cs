using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Devices;

public sealed class LoopbackDeviceTests
{
    private readonly FrameRig _rig = new();

    [Fact]
    public void What_is_sent_comes_back_up_and_counts_both_ways()
    {
        var lo = new LoopbackDevice(_rig.Cache);
        var upper = new Collector(_rig.Cache);
        lo.Upper = upper;
        lo.SetUp(true);
        Assert.Equal((65536, MacAddress.Zero, "lo", 1), (lo.Mtu, lo.Mac, lo.Name, lo.IfIndex));
        lo.Transmit(_rig.Vector(_rig.Frame(default, default, 98)));
        Assert.Equal(1, upper.Count);
        Assert.Equal((1, 98, 1, 98), (lo.Counters.TxPackets, lo.Counters.TxBytes, lo.Counters.RxPackets, lo.Counters.RxBytes));
        _rig.AssertIdle();
    }

    [Fact]
    public void Down_drops()
    {
        var lo = new LoopbackDevice(_rig.Cache) { Upper = new Collector(_rig.Cache) };
        lo.Transmit(_rig.Vector(_rig.Frame(default, default)));
        Assert.Equal(1, lo.Counters.TxDropped);
        _rig.AssertIdle();
    }

    [Fact]
    public void A_stack_that_answers_every_frame_does_not_grow_the_call_stack()
    {
        var lo = new LoopbackDevice(_rig.Cache);
        var echo = new Echo(lo, _rig.Cache, 1_000_000);
        lo.Upper = echo;
        lo.SetUp(true);
        lo.Transmit(_rig.Vector(_rig.Frame(default, default)));
        Assert.Equal(1_000_000, echo.Seen);
        Assert.Equal(1, echo.DeepestNesting);
        _rig.AssertIdle();
    }

    [Fact]
    public void The_backlog_is_bounded_and_its_overflow_counted()
    {
        var lo = new LoopbackDevice(_rig.Cache);
        var burst = new Burst(lo, _rig, 3 * LoopbackDevice.QueueLimit);
        lo.Upper = burst;
        lo.SetUp(true);
        lo.Transmit(_rig.Vector(_rig.Frame(default, default)));
        Assert.Equal(1 + LoopbackDevice.QueueLimit, burst.Seen);
        Assert.Equal(2 * LoopbackDevice.QueueLimit, lo.Counters.Drops[DropReason.QueueFull]);
        _rig.AssertIdle();
    }

    private sealed class Echo(LoopbackDevice lo, FrameCache cache, int answers) : IFrameSink
    {
        private int _depth;

        public int Seen { get; private set; }

        public int DeepestNesting { get; private set; }

        public void Push(FrameVector frames)
        {
            _depth++;
            DeepestNesting = Math.Max(DeepestNesting, _depth);
            if (++Seen < answers)
                lo.Transmit(frames);
            else
                cache.Release(frames);
            _depth--;
        }
    }

    private sealed class Burst(LoopbackDevice lo, FrameRig rig, int count) : IFrameSink
    {
        public int Seen { get; private set; }

        public void Push(FrameVector frames)
        {
            if (Seen++ == 0)
            {
                for (int i = 0; i < count; i++)
                    lo.Transmit(rig.Vector(rig.Frame(default, default)));
            }

            rig.Cache.Release(frames);
        }
    }
}
