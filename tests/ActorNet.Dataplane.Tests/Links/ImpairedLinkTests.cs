using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Tests.Devices;
using ActorNet.Dataplane.Time;

namespace ActorNet.Dataplane.Tests.Links;

public sealed class ImpairedLinkTests
{
    private readonly FrameRig _rig = new();
    private readonly Collector _out;
    private readonly ImpairedLink _link;

    public ImpairedLinkTests()
    {
        _out = new Collector(_rig.Cache);
        _link = new ImpairedLink("a>b", _out, _rig.Cache, _rig.Clock);
    }

    [Fact]
    public void With_nothing_wrong_the_vector_passes_untouched()
    {
        FrameVector vector = _rig.Vector(Numbered(0), Numbered(1));
        _link.Push(vector);
        Assert.Same(vector, _out.LastVector);
        Assert.Equal(0u, _out.Metadata[0].FlowHash);
        Assert.Equal(Instant.Never, _link.NextDeadline);
        _rig.AssertIdle();
    }

    [Fact]
    public void Under_a_fixed_delay_the_order_is_kept_and_frames_leave_at_their_time()
    {
        _link.Settings = new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(20) };
        _link.Push(_rig.Vector(Numbered(0), Numbered(1)));
        Advance(5);
        _link.Push(_rig.Vector([.. Enumerable.Range(2, 64).Select(i => Numbered(i))]));
        Assert.Equal(20_000_000, _link.NextDeadline.Nanoseconds);
        Advance(14.9999);
        Assert.Equal(0, _out.Count);
        Advance(0.0001);
        Assert.Equal([0, 1], Numbers());
        Advance(5);
        Assert.Equal(Enumerable.Range(0, 66), Numbers());
        Assert.Equal([2, 64], _out.VectorSizes);
        Assert.Equal(0, _link.Held);
        _rig.AssertIdle();
    }

    [Fact]
    public void Reordered_frames_overtake_the_delayed_ones()
    {
        _link.Settings = new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(20), Reorder = 0.25, Seed = 1 };
        _link.Push(_rig.Vector([.. Enumerable.Range(0, 64).Select(i => Numbered(i))]));
        int early = (int)_out.Count;
        Assert.InRange(early, 5, 30);
        Advance(20);
        int[] numbers = Numbers();
        Assert.Equal(64, numbers.Length);
        Assert.Equal(numbers[..early], numbers[..early].Order());
        Assert.Equal(numbers[early..], numbers[early..].Order());
        Assert.NotEqual(numbers, numbers.Order());
        _rig.AssertIdle();
    }

    [Fact]
    public void Every_frame_is_out_held_or_counted()
    {
        _link.Settings = new ImpairmentSettings
        {
            Delay = TimeSpan.FromMilliseconds(3),
            Jitter = TimeSpan.FromMilliseconds(3),
            Distribution = JitterDistribution.Normal,
            Loss = 0.2,
            Duplicate = 0.2,
            Corrupt = 0.2,
            Reorder = 0.1,
            Rate = 100_000_000,
            RateQueue = 20_000,
            Mtu = 1000,
            QueueLimit = 200,
            Seed = 9,
        };
        for (int v = 0; v < 500; v++)
        {
            _link.Push(_rig.Vector([.. Enumerable.Range(0, 64).Select(i => Numbered(i, 64 + (i * 20)))]));
            Assert.True(_link.Held <= 200);
            Assert.Equal(_link.FramesIn + _link.Duplicated, _link.FramesOut + _link.Held + _link.Drops.Total);
            Advance(1);
        }

        Assert.All([DropReason.Impaired, DropReason.QueueFull, DropReason.TooBig], reason => Assert.True(_link.Drops[reason] > 0));
        Assert.True(_link.Corrupted > 0);
        Advance(1000);
        Assert.Equal(_link.FramesOut, _out.Count);
        Assert.Equal(0, _link.Held);
        _rig.AssertIdle();
    }

    [Fact]
    public void Corruption_flips_exactly_one_bit_and_spares_the_sharers()
    {
        _link.Settings = new ImpairmentSettings { Corrupt = 1 };
        Frame frame = Numbered(5);
        Frame witness = FrameCache.Share(ref frame);
        byte[] before = witness.Span.ToArray();
        _link.Push(_rig.Vector(frame));
        Assert.Equal(before, witness.Span.ToArray());
        Assert.Equal(1, before.Zip(_out.Frames[0], (a, b) => System.Numerics.BitOperations.PopCount((uint)(a ^ b))).Sum());
        _rig.Cache.Release(ref witness);
        _rig.AssertIdle();
    }

    [Fact]
    public void A_duplicate_comes_twice_with_equal_bytes()
    {
        _link.Settings = new ImpairmentSettings { Duplicate = 1 };
        _link.Push(_rig.Vector([.. Enumerable.Range(0, 64).Select(i => Numbered(i))]));
        Assert.Equal(Enumerable.Range(0, 64).SelectMany(i => new[] { i, i }), Numbers());
        Assert.Equal([64, 64], _out.VectorSizes);
        _rig.AssertIdle();
    }

    [Fact]
    public void The_rate_lets_the_burst_pass_at_once_and_then_one_frame_in_its_time()
    {
        // 8 Mbit/s is 1 byte per microsecond: a 1,000-byte frame takes 1 ms. The bucket holds 4 of them, the queue 10.
        _link.Settings = new ImpairmentSettings { Rate = 8_000_000, RateBurst = 4000, RateQueue = 10_000 };
        _link.Push(_rig.Vector([.. Enumerable.Range(0, 20).Select(i => Numbered(i, 1000))]));
        Assert.Equal(4, _out.Count);
        Assert.Equal((10, 6), (_link.Held, _link.Drops[DropReason.QueueFull]));
        for (int ms = 1; ms <= 10; ms++)
        {
            Advance(0.9999);
            Assert.Equal(3 + ms, _out.Count);
            Advance(0.0001);
            Assert.Equal(4 + ms, _out.Count);
        }

        Assert.Equal(Enumerable.Range(0, 14), Numbers());
        Advance(4);
        _link.Push(_rig.Vector([.. Enumerable.Range(20, 5).Select(i => Numbered(i, 1000))]));
        Assert.Equal(18, _out.Count);
        Advance(1);
        _rig.AssertIdle();
    }

    [Fact]
    public void A_long_run_through_the_rate_has_that_rate()
    {
        _link.Settings = new ImpairmentSettings { Rate = 10_000_000 };
        for (int ms = 0; ms < 2000; ms++)
        {
            _link.Push(_rig.Vector(Numbered(0, 1000), Numbered(0, 1000)));
            Advance(1);
        }

        // 10 Mbit/s for 2 s is 2,500 frames of 1,000 bytes, and the burst of 16 before.
        Assert.InRange(_out.Count, 2500, 2520);
        _link.Dispose();
        _rig.AssertIdle();
    }

    [Fact]
    public void The_mtu_clamp_drops_what_is_longer_and_counts_it()
    {
        _link.Settings = new ImpairmentSettings { Mtu = 1000 };
        _link.Push(_rig.Vector(Numbered(0, 1018), Numbered(1, 1019), Numbered(2, 60)));
        Assert.Equal([0, 2], Numbers());
        Assert.Equal(1, _link.Drops[DropReason.TooBig]);
        _rig.AssertIdle();
    }

    [Fact]
    public void A_cut_drops_what_comes_and_what_is_held()
    {
        _link.Settings = new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(10) };
        _link.Push(_rig.Vector(Numbered(0)));
        _link.Settings = new ImpairmentSettings { Cut = true };
        _link.Push(_rig.Vector(Numbered(1)));
        Advance(10);
        Assert.Equal((0, 2), (_out.Count, _link.Drops[DropReason.Impaired]));
        _link.Settings = ImpairmentSettings.None;
        _link.Push(_rig.Vector(Numbered(2)));
        Assert.Equal([2], Numbers());
        _rig.AssertIdle();
    }

    [Fact]
    public void The_queue_is_bounded_and_disposal_releases_it()
    {
        _link.Settings = new ImpairmentSettings { Delay = TimeSpan.FromSeconds(1), QueueLimit = 3 };
        _link.Push(_rig.Vector([.. Enumerable.Range(0, 5).Select(i => Numbered(i))]));
        Assert.Equal((3, 2), (_link.Held, _link.Drops[DropReason.QueueFull]));
        _link.Dispose();
        _rig.AssertIdle();
    }

    private Frame Numbered(int number) => Numbered(number, 64);

    private Frame Numbered(int number, int length)
    {
        Frame frame = _rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2), length);
        frame.Span[20] = (byte)number;
        return frame;
    }

    private int[] Numbers() => [.. _out.Frames.Select(f => (int)f[20])];

    private void Advance(double milliseconds)
    {
        _rig.Time.Advance(TimeSpan.FromTicks((long)Math.Round(milliseconds * TimeSpan.TicksPerMillisecond)));
        _link.Poll(_rig.Clock.Now);
    }
}
