using System.Buffers.Binary;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Node.Actors;
using ActorNet.Node.Links;
using ActorNet.Node.Tests.Hosts;
using ActorNet.Packets;
using ActorNet.Sockets.Kestrel;
using Akka.Actor;

namespace ActorNet.Node.Tests.Actors;

/// <summary>A core object that throws on a vector: nothing of it stays rented, what is lost is counted, and the actor goes on.</summary>
public sealed class FailingVectorTests
{
    private const int Window = 4;
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:02");

    [Fact]
    public async Task A_namespace_whose_protocol_throws_on_the_fifth_packet_loses_that_and_what_follows_counted()
    {
        var protocol = new ThrowingProtocol(fails: 5);
        await using var bench = new Bench(frames =>
        {
            var owner = new NetworkNamespace(new NamespaceOptions { Name = "t", Seed = 1 }, new MonotonicClock(TimeProvider.System), frames);
            var device = new VethDevice("eth0", 2, Mac, 1500, frames);
            owner.AddAddress(owner.Attach(device), new InterfaceAddress { Address = Ipv4Address.Parse("10.0.0.2"), PrefixLength = 24 });
            owner.Register(IpProtocol.Udp, protocol);
            protocol.Frames = frames;
            device.SetUp(true);
            device.SetCarrier(true);
            return device.Receive;
        });

        bench.Push(10);
        await bench.RestAsync();
        Assert.Equal(5, protocol.Seen);
        Assert.Equal(6, await bench.FailedAsync());

        bench.Push(10);
        await bench.RestAsync();
        Assert.Equal(15, protocol.Seen);
        Assert.Equal(6, await bench.FailedAsync());
    }

    [Fact]
    public async Task A_vector_that_was_passed_on_before_the_failure_is_not_released_a_second_time()
    {
        IActorRef? next = null;
        await using var bench = new Bench(frames =>
        {
            var sink = new ActorSink(next!, 0, new CreditWindow(Window), frames, new DeviceCounters());
            return vector =>
            {
                sink.Push(vector);
                throw new InvalidOperationException("failed behind the push");
            };
        }, (system, pool) => next = system.ActorOf(Props.Create(() => new Releaser(pool)), "next"));

        bench.Push(10);
        bench.Push(10);
        await bench.RestAsync();
        Assert.Equal(0, await bench.FailedAsync());
    }

    [Fact]
    public void What_is_left_in_a_vector_is_released_once_each()
    {
        var pool = new FramePool();
        using FrameCache cache = pool.CreateCache("test");
        Assert.True(cache.TryRentVector(out FrameVector vector));
        for (int i = 0; i < 4; i++)
        {
            Assert.True(cache.TryRentFrame(60, out Frame frame));
            vector.Add(frame);
        }

        // The first was dropped and the second moved up into its place, as when a device closes a gap.
        cache.Release(ref vector[0]);
        vector[0] = vector[1];

        Assert.Equal(3, cache.ReleaseLeft(vector));
        Assert.True(pool.Measure().IsIdle, $"{pool.Measure()}");
    }

    private sealed class Bench : IAsyncDisposable
    {
        private readonly FramePool _pool = new();
        private readonly ActorSystem _system = NodeSystem.Start(1);
        private readonly CreditWindow _window = new(Window);
        private readonly FrameCache _cache;
        private readonly IActorRef _shell;
        private readonly ActorSink _sink;

        public Bench(Func<FrameCache, Action<FrameVector>> make, Action<ActorSystem, FramePool>? before = null)
        {
            before?.Invoke(_system, _pool);
            var services = new NodeServices(new MonotonicClock(TimeProvider.System), _pool, TimeProvider.System, 1, new DropLedger(), new PodHttpServer());
            _shell = _system.ActorOf(Props.Create(() => new Shell(services, make)), "shell");
            _cache = _pool.CreateCache("sender");
            _sink = new ActorSink(_shell, 0, _window, _cache, new DeviceCounters());
        }

        public void Push(int frames)
        {
            Assert.True(_cache.TryRentVector(out FrameVector vector));
            for (int i = 0; i < frames; i++)
            {
                Assert.True(_cache.TryRentFrame(42, out Frame frame));
                Write(frame.Span);
                vector.Add(frame);
            }

            _sink.Push(vector);
        }

        public Task RestAsync() => NodePair.UntilAsync(
            () => Task.FromResult(_window.Free == Window && _pool.Measure().IsIdle), () => $"window {_window.Free}, {_pool.Measure()}");

        public async Task<long> FailedAsync()
        {
            TraceProtocol.Drops drops = await _shell.Ask<TraceProtocol.Drops>(new TraceProtocol.GetDrops(), NodePair.Patience);
            return drops.Places.Sum(p => p.Counts.GetValueOrDefault(DropReason.InternalError));
        }

        public async ValueTask DisposeAsync()
        {
            await _system.Terminate();
            _cache.Dispose();
        }

        // UDP 10.0.0.3 to 10.0.0.2 without data.
        private static void Write(Span<byte> frame)
        {
            EthernetView.Write(frame, Mac, MacAddress.Parse("02:00:00:00:00:03"), EtherType.Ipv4);
            Span<byte> header = frame[14..34];
            header.Clear();
            header[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], 28);
            header[8] = 64;
            header[9] = 17;
            Ipv4Address.Parse("10.0.0.3").Write(header[12..]);
            Ipv4Address.Parse("10.0.0.2").Write(header[16..]);
            BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Compute(header));
        }
    }

    private sealed class Shell : FrameActor
    {
        private readonly Action<FrameVector> _onFrames;

        public Shell(NodeServices services, Func<FrameCache, Action<FrameVector>> make)
            : base(services) => _onFrames = make(Frames);

        protected override Instant NextDeadline => Instant.Never;

        protected override IEnumerable<NetworkDevice> Devices => [];

        protected override void OnFrames(FrameVector vector) => _onFrames(vector);

        protected override bool OnMessage(object message) => false;

        protected override void OnWake(Instant now)
        {
        }
    }

    private sealed class Releaser(FramePool pool) : ReceiveActor
    {
        private readonly FrameCache _frames = pool.CreateCache("next");

        protected override bool AroundReceive(Receive receive, object message)
        {
            _frames.Release((FrameVector)message);
            return true;
        }
    }

    private sealed class ThrowingProtocol(int fails) : ITransportProtocol
    {
        public FrameCache? Frames { get; set; }

        public int Seen { get; private set; }

        public void Receive(in DeliveryInfo info, ref Frame packet)
        {
            if (++Seen == fails)
                throw new InvalidOperationException("planted");
            Frames!.Release(ref packet);
        }

        public void ReceiveError(in IcmpErrorInfo error)
        {
        }
    }
}
