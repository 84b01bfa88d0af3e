using System.Diagnostics;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Node.Links;
using Akka.Actor;

namespace ActorNet.Node.Tests.Links;

public sealed class FrameReclaimerTests
{
    private const int Window = 4;

    [Fact]
    public async Task Vectors_left_in_a_stopped_actors_mailbox_and_sent_after_it_come_back_with_their_credits()
    {
        var pool = new FramePool();
        ActorSystem system = NodeSystem.Start(1);
        try
        {
            var removed = new DropLedger();
            FrameReclaimer.Start(system, pool, removed);
            using var busy = new SemaphoreSlim(0);
            using var release = new SemaphoreSlim(0);
            IActorRef actor = system.ActorOf(Props.Create(() => new BusyActor(busy, release)));
            using FrameCache cache = pool.CreateCache("sender");
            var window = new CreditWindow(Window);
            var counters = new DeviceCounters();
            var sink = new ActorSink(actor, 0, window, cache, counters);

            actor.Tell("work");
            Assert.True(await busy.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
            for (int i = 0; i < Window + 3; i++)
                Push(cache, sink);
            Assert.Equal(0, window.Free);
            Assert.Equal(3, counters.TxDropped);
            Assert.Equal(3, counters.Drops.Snapshot()[DropReason.QueueFull]);
            Assert.Equal(Window, pool.Measure().VectorsOut);

            Task stopped = actor.WatchAsync(TestContext.Current.CancellationToken);
            release.Release();
            await stopped;
            await UntilAsync(() => window.Free == Window && pool.Measure().IsIdle);

            Push(cache, sink);
            await UntilAsync(() => window.Free == Window && pool.Measure().IsIdle);
            Assert.Equal(Window + 1, Assert.Single(removed.Snapshot(), d => d.Key == DropReason.ReceiverGone).Value);
        }
        finally
        {
            await system.Terminate();
        }
    }

    private static void Push(FrameCache cache, ActorSink sink)
    {
        Assert.True(cache.TryRentVector(out FrameVector vector));
        Assert.True(cache.TryRentFrame(60, out Frame frame));
        vector.Add(frame);
        sink.Push(vector);
    }

    private static async Task UntilAsync(Func<bool> state)
    {
        long start = Stopwatch.GetTimestamp();
        while (!state())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), "The state did not come within 60 s.");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    private sealed class BusyActor(SemaphoreSlim busy, SemaphoreSlim release) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is not string)
                throw new InvalidOperationException("The actor was to stop before it handled a vector.");
            busy.Release();
            release.Wait();
            // Akka handles this before the next message in the mailbox.
            Context.Stop(Self);
        }
    }
}
