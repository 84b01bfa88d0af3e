using System.Diagnostics;
using ActorNet.Dataplane.Frames;
using ActorNet.Node.Uplink;
using ActorNet.Packets;

namespace ActorNet.Node.Tests.Uplink;

/// <summary>Two underlays on loopback with a pool each, and what the right one received.</summary>
internal sealed class UnderlayPair : IDisposable
{
    public static readonly Ipv4Address LeftAddress = Ipv4Address.Parse("127.0.10.1");
    public static readonly Ipv4Address RightAddress = Ipv4Address.Parse("127.0.10.2");

    public UnderlayPair(bool leftPlain, bool rightPlain, FramePool? rightPool = null, int receiveWindow = 256, IFrameSink? rightSink = null)
    {
        RightPool = rightPool ?? new FramePool();
        Left = Underlay.Open(Options(LeftAddress, leftPlain), LeftPool);
        Right = Underlay.Open(Options(RightAddress, rightPlain) with { ReceiveWindow = receiveWindow }, RightPool);
        Inbox = new Inbox(RightPool);
        Cache = LeftPool.CreateCache("test");
        Right.Start(rightSink ?? Inbox);
    }

    public IUnderlaySocket Left { get; }

    public IUnderlaySocket Right { get; }

    public FramePool LeftPool { get; } = new();

    public FramePool RightPool { get; }

    public FrameCache Cache { get; }

    public Inbox Inbox { get; }

    public static UnderlayOptions Options(Ipv4Address address, bool plain) => new() { Address = address, Port = 0, ForcePlain = plain };

    /// <summary>A frame whose bytes are a function of its number, so that mixed-up bytes show.</summary>
    public Frame Make(int length, int number, uint flow = 0, byte typeOfService = 0)
    {
        Assert.True(Cache.TryRentFrame(length, out Frame frame));
        Fill(frame.Span, number);
        frame.Remote = Right.LocalEndpoint;
        frame.FlowHash = flow;
        frame.OuterTypeOfService = typeOfService;
        return frame;
    }

    public static void Fill(Span<byte> bytes, int number)
    {
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)((number * 31) + (i * 7) + (i >> 8));
    }

    public void Send(params ReadOnlySpan<Frame> frames)
    {
        Assert.True(Cache.TryRentVector(out FrameVector vector));
        foreach (ref readonly Frame frame in frames)
            vector.Add(frame);
        Left.Push(vector);
    }

    public void Dispose()
    {
        Left.Dispose();
        Right.Dispose();
        Cache.Dispose();
        Inbox.Dispose();
        Assert.True(LeftPool.Measure().IsIdle, $"{LeftPool.Measure()}");
        Assert.True(RightPool.Measure().IsIdle, $"{RightPool.Measure()}");
    }
}

/// <summary>One received datagram.</summary>
internal sealed record Datagram(byte[] Bytes, UnderlayEndpoint Remote, byte TypeOfService);

/// <summary>Copies what it receives and gives frames and credit back at once.</summary>
internal sealed class Inbox(FramePool pool) : IFrameSink, IDisposable
{
    private readonly FrameCache _cache = pool.CreateCache("inbox");
    private readonly List<Datagram> _received = [];
    private readonly List<int> _vectorSizes = [];

    public void Push(FrameVector frames)
    {
        lock (_received)
        {
            foreach (ref Frame frame in frames.Frames)
            {
                Assert.True(frame.RegionStart <= frame.Start && frame.Tailroom >= 0);
                _received.Add(new Datagram(frame.Span.ToArray(), frame.Remote, frame.OuterTypeOfService));
            }

            _vectorSizes.Add(frames.Count);
            _cache.Release(frames);
            Monitor.PulseAll(_received);
        }
    }

    public IReadOnlyList<int> VectorSizes
    {
        get
        {
            lock (_received)
                return [.. _vectorSizes];
        }
    }

    /// <summary>Waits until so many are here and takes them.</summary>
    public List<Datagram> Take(int count)
    {
        var clock = Stopwatch.StartNew();
        lock (_received)
        {
            while (_received.Count < count)
                Assert.True(clock.ElapsedMilliseconds < 60_000 && Monitor.Wait(_received, 60_000), $"{_received.Count} of {count} datagrams came");
            List<Datagram> taken = _received[..count];
            _received.RemoveRange(0, count);
            return taken;
        }
    }

    public void Dispose()
    {
        lock (_received)
            _cache.Dispose();
    }
}
