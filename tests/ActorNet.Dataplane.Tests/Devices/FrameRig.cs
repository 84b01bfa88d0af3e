using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Devices;

/// <summary>Memory, virtual time and hand-made frames for device tests.</summary>
internal sealed class FrameRig
{
    public FrameRig(int maxSmall = 262_144, int maxVectors = 65_536)
    {
        Pool = new FramePool(maxSmall, maxVectors: maxVectors);
        Cache = Pool.CreateCache("test");
        Clock = new MonotonicClock(Time);
    }

    public FramePool Pool { get; }

    public FrameCache Cache { get; }

    public VirtualTime Time { get; } = new();

    public MonotonicClock Clock { get; }

    public static MacAddress Mac(int n) => new(0x0200_0000_0000 | (ulong)(uint)n);

    /// <summary>A frame of a length whose bytes behind the header count up from a seed.</summary>
    public Frame Frame(MacAddress destination, MacAddress source, int length = 64, EtherType type = (EtherType)0x88B5, byte seed = 0)
    {
        Assert.True(Cache.TryRentFrame(length, out Frame frame));
        Span<byte> bytes = frame.Span;
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)(seed + i);
        if (length >= EthernetView.HeaderLength)
            EthernetView.Write(bytes, destination, source, type);
        return frame;
    }

    public Frame Raw(ReadOnlySpan<byte> bytes)
    {
        Assert.True(Cache.TryRentFrame(bytes.Length, out Frame frame));
        bytes.CopyTo(frame.Span);
        return frame;
    }

    public FrameVector Vector(params Frame[] frames)
    {
        Assert.True(Cache.TryRentVector(out FrameVector vector));
        foreach (Frame frame in frames)
            vector.Add(frame);
        return vector;
    }

    /// <summary>Fails when a buffer or vector is still out.</summary>
    public void AssertIdle() => Assert.True(Pool.Measure().IsIdle, Pool.Measure().ToString());
}

/// <summary>Time that moves only when told.</summary>
internal sealed class VirtualTime : TimeProvider
{
    private long _nanoseconds;

    public override long TimestampFrequency => 1_000_000_000;

    public override long GetTimestamp() => _nanoseconds;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(_nanoseconds / 100);

    public void Advance(TimeSpan span) => _nanoseconds += span.Ticks * 100;
}

/// <summary>Collects what is pushed: the bytes, and the vector's identity, and releases it.</summary>
internal sealed class Collector(FrameCache cache) : IFrameSink
{
    public List<byte[]> Frames { get; } = [];

    public List<Frame> Metadata { get; } = [];

    public List<int> VectorSizes { get; } = [];

    public FrameVector? LastVector { get; private set; }

    public long Count { get; private set; }

    public bool KeepBytes { get; init; } = true;

    public void Push(FrameVector frames)
    {
        Assert.NotEqual(0, frames.Count);
        LastVector = frames;
        VectorSizes.Add(frames.Count);
        Count += frames.Count;
        if (KeepBytes)
        {
            foreach (ref Frame frame in frames.Frames)
            {
                Frames.Add(frame.Span.ToArray());
                Metadata.Add(frame);
            }
        }

        cache.Release(frames);
    }

    public void Clear()
    {
        Frames.Clear();
        Metadata.Clear();
        VectorSizes.Clear();
        Count = 0;
    }
}
