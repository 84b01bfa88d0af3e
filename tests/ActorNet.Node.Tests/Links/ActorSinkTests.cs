using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Node.Links;
using Akka.Actor;

namespace ActorNet.Node.Tests.Links;

/// <summary>The window of a link counts frames, however they are spread over vectors.</summary>
public sealed class ActorSinkTests : IAsyncDisposable
{
    private const int Window = 256;

    private readonly FramePool _pool = new();
    private readonly ActorSystem _system = NodeSystem.Start(1);
    private readonly FrameCache _cache;
    private readonly CreditWindow _window = new(Window);
    private readonly DeviceCounters _counters = new();
    private readonly List<FrameVector> _underWay = [];
    private readonly ActorSink _sink;

    public ActorSinkTests()
    {
        _cache = _pool.CreateCache("sender");
        IActorRef holder = _system.ActorOf(Props.Create(() => new Holder(_underWay)), "holder");
        _sink = new ActorSink(holder, 0, _window, _cache, _counters);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(FrameVector.Capacity)]
    public async Task As_many_frames_fit_as_the_window_has_places(int framesInVector)
    {
        for (int i = 0; i < Window; i += framesInVector)
            Push(framesInVector);
        Assert.Equal(0, _window.Free);
        Assert.Equal(0, _counters.TxDropped);
        Push(framesInVector);
        Assert.Equal(framesInVector, _counters.Drops.Snapshot()[DropReason.QueueFull]);
        Assert.Equal(0, _window.Free);
        await ReturnAsync(Window / framesInVector);
        Assert.Equal(Window, _window.Free);
    }

    [Fact]
    public async Task The_last_that_is_admitted_may_take_more_than_there_is()
    {
        for (int i = 0; i < Window - 1; i++)
            Push(1);
        Push(FrameVector.Capacity);
        Assert.Equal(0, _counters.TxDropped);
        Assert.Equal(1 - FrameVector.Capacity, _window.Free);
        Push(1);
        Assert.Equal(1, _counters.TxDropped);
        await ReturnAsync(Window);
        Assert.Equal(Window, _window.Free);
    }

    public async ValueTask DisposeAsync()
    {
        await _system.Terminate();
        _cache.Dispose();
        Assert.True(_pool.Measure().IsIdle, _pool.Measure().ToString());
    }

    private void Push(int frames)
    {
        Assert.True(_cache.TryRentVector(out FrameVector vector));
        for (int i = 0; i < frames; i++)
        {
            Assert.True(_cache.TryRentFrame(60, out Frame frame));
            vector.Add(frame);
        }

        _sink.Push(vector);
    }

    private async Task ReturnAsync(int vectors)
    {
        while (true)
        {
            lock (_underWay)
            {
                if (_underWay.Count == vectors)
                {
                    foreach (FrameVector vector in _underWay)
                        _cache.Release(vector);
                    return;
                }
            }

            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    private sealed class Holder(List<FrameVector> vectors) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            lock (vectors)
                vectors.Add((FrameVector)message);
        }
    }
}
