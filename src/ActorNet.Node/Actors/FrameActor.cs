using System.Collections.Immutable;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Observation;
using ActorNet.Dataplane.Time;
using ActorNet.Node.Links;
using Akka.Actor;
using Akka.Event;

namespace ActorNet.Node.Actors;

/// <summary>
/// The shell around one core object of the data plane. It turns messages into calls, gives the link's credit back after each vector, flushes
/// what the object gathered, and wakes it at its next deadline. It holds no rule of its own.
/// </summary>
internal abstract class FrameActor : UntypedActor
{
    // Between two drains, at 10 in a second: 40 MB and 160,000 packets in a second at most.
    private const int CapturedPackets = 16_384;
    private const int CapturedBytes = 4 << 20;

    private readonly ITimer _timer;
    private readonly LinkFaults _faults;
    private Instant _armed = Instant.Never;
    private readonly DropCounters _failed = new();
    private long _failures;
    private readonly Dictionary<long, Capture> _captures = [];
    private HopRecorder? _recorder;

    /// <summary>Makes the shell.</summary>
    /// <param name="services">What the node's actors share.</param>
    protected FrameActor(NodeServices services)
    {
        Services = services;
        Frames = services.Pool.CreateCache(Self.Path.ToStringWithoutAddress());
        IActorRef self = Self;
        _timer = services.Time.CreateTimer(_ => self.Tell(Wake.Instance, ActorRefs.NoSender), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _faults = new LinkFaults(() => LinkPlaces, services.Clock);
    }

    /// <summary>What the node's actors share.</summary>
    protected NodeServices Services { get; }

    /// <summary>The host's clock.</summary>
    protected MonotonicClock Clock => Services.Clock;

    /// <summary>This actor's frame memory.</summary>
    protected FrameCache Frames { get; }

    /// <summary>When the owned object wants to be polled next.</summary>
    protected abstract Instant NextDeadline { get; }

    /// <summary>The devices it owns, for captures and traces.</summary>
    protected abstract IEnumerable<NetworkDevice> Devices { get; }

    /// <summary>The links of its devices, each direction where this actor sees it: faults are put there.</summary>
    protected virtual IEnumerable<LinkPlace> LinkPlaces => [];

    /// <summary>Takes a vector that came over a link.</summary>
    /// <param name="vector">The vector, taken over; <see cref="FrameVector.Port"/> says which link.</param>
    protected abstract void OnFrames(FrameVector vector);

    /// <summary>Takes any other message.</summary>
    /// <param name="message">The message.</param>
    /// <returns>False when it is none of this actor's.</returns>
    protected abstract bool OnMessage(object message);

    /// <summary>Lets the object do what its deadline asked for.</summary>
    /// <param name="now">Time now.</param>
    protected abstract void OnWake(Instant now);

    /// <summary>Sends on what the object gathered during the turn.</summary>
    protected virtual void Flush()
    {
    }

    /// <inheritdoc/>
    protected sealed override void OnReceive(object message)
    {
        switch (message)
        {
            case FrameVector vector:
                LinkCredit credit = vector.TakeCredit();
                vector.Holder = this;
                try
                {
                    OnFrames(vector);
                }
                catch (Exception e)
                {
                    Fail(e, vector);
                }
                finally
                {
                    credit.Return();
                }

                break;
            case Wake:
                _armed = Instant.Never;
                _faults.Poll(Clock.Now);
                OnWake(Clock.Now);
                break;
            case TraceProtocol.Start start:
                StartTrace(start);
                break;
            case TraceProtocol.Collect collect:
                Sender.Tell(new TraceProtocol.Records([.. _recorder?.Export() ?? []]));
                if (collect.Stop)
                    StopTrace();
                break;
            case CaptureProtocol.Start start:
                Sender.Tell(StartCapture(start));
                break;
            case CaptureProtocol.Drain drain:
                Sender.Tell(Drained(drain.Id));
                break;
            case CaptureProtocol.Stop stop:
                Sender.Tell(Drained(stop.Id));
                if (_captures.Remove(stop.Id))
                    SetObservers();
                break;
            case TraceProtocol.GetDrops:
                Sender.Tell(new TraceProtocol.Drops([.. AllDrops.Select(d => new TraceProtocol.PlaceDrops(d.Place, d.Drops.Snapshot().ToImmutableDictionary()))]));
                break;
            case MeasureProtocol.Get:
                Sender.Tell(new MeasureProtocol.Measured([.. Devices.Select(MeasureOf)], NamespaceMeasure));
                break;
            case FaultProtocol.Place place:
                Sender.Tell(_faults.Put(place));
                break;
            case FaultProtocol.Clear clear:
                Sender.Tell(_faults.Clear(clear.Id));
                break;
            case FaultProtocol.List:
                Sender.Tell(_faults.List());
                break;
            default:
                if (!OnMessage(message))
                    Unhandled(message);
                break;
        }

        Flush();
        Arm();
    }

    /// <inheritdoc/>
    protected sealed override void PostStop()
    {
        DropCounters[] drops = [.. AllDrops.Select(d => d.Drops)];
        OnStop();
        foreach (DropCounters counted in drops)
            Services.Removed.Add(counted);
        _timer.Dispose();
        _faults.Dispose();
        Frames.Dispose();
        base.PostStop();
    }

    /// <summary>Ends what the actor owns; its frame memory is still there.</summary>
    protected virtual void OnStop()
    {
    }

    /// <summary>Where this actor counts drops: its devices, and what else its object counts.</summary>
    protected virtual IEnumerable<(string Place, DropCounters Drops)> DropPlaces => Devices.Select(d => (d.Name, d.Counters.Drops));

    /// <summary>What its namespace counted; null when it owns none.</summary>
    protected virtual NamespaceMeasure? NamespaceMeasure => null;

    /// <summary>The name of the namespace that its devices are in, for hop records and counters.</summary>
    protected virtual string TraceNamespace => "root";

    /// <summary>A trace begins, or with null ends: whatever else than a device is to be traced hears of it.</summary>
    /// <param name="recorder">Where to.</param>
    protected virtual void OnTrace(HopRecorder? recorder)
    {
    }

    /// <summary>Forgets the faults on a link that is taken away, and releases what they held.</summary>
    /// <param name="place">One direction of it.</param>
    protected void Forget(LinkPlace place) => _faults.Forget(place);

    private DeviceMeasure MeasureOf(NetworkDevice device) =>
        new(TraceNamespace, device.Name, device.Counters.RxPackets, device.Counters.RxBytes, device.Counters.TxPackets, device.Counters.TxBytes);

    private IEnumerable<(string Place, DropCounters Drops)> AllDrops => DropPlaces.Append((Self.Path.Name, _failed));

    private void StartTrace(TraceProtocol.Start start)
    {
        _recorder = new HopRecorder(start.Node, TraceNamespace, start.Filter, start.MaxRecords, Clock, Services.Time);
        SetObservers();
        OnTrace(_recorder);
    }

    private void StopTrace()
    {
        _recorder = null;
        SetObservers();
        OnTrace(null);
    }

    private CaptureProtocol.Started StartCapture(CaptureProtocol.Start start)
    {
        ImmutableArray<NetworkDevice> owned = [.. Devices];
        ImmutableArray<NetworkDevice> captured = start.Device is null ? owned : [.. owned.Where(d => d.Name == start.Device)];
        if (captured.Length > 0)
        {
            _captures[start.Id] = new Capture(captured, new CaptureTap(start.SnapLength, CapturedPackets, CapturedBytes, Services.Time));
            SetObservers();
        }

        return new CaptureProtocol.Started([.. captured.Select(d => d.Name)], [.. owned.Select(d => d.Name)]);
    }

    private CaptureProtocol.Packets Drained(long id) =>
        new(_captures.TryGetValue(id, out Capture? capture) ? [.. capture.Tap.Drain()] : []);

    // A device that nobody watches has no observer at all, so that it costs the frames nothing.
    private void SetObservers()
    {
        foreach (NetworkDevice device in Devices)
        {
            IEnumerable<IDeviceObserver> observers = _captures.Values.Where(c => c.Devices.Contains(device)).Select(c => c.Tap);
            device.Observer = ObserverGroup.Of(_recorder is { } recorder ? observers.Prepend(recorder) : observers);
        }
    }

    // A frame that makes the core throw is a bug of ours. It must not take the node's network or memory down with it: what is left of the
    // vector is dropped and counted, the log says so, ever more rarely, and the actor goes on.
    private void Fail(Exception e, FrameVector vector)
    {
        _failures++;
        int lost = 0;
        if (ReferenceEquals(vector.Holder, this))
        {
            lost = Frames.ReleaseLeft(vector);
            _failed.Count(DropReason.InternalError, lost);
        }

        if (long.IsPow2(_failures))
            Context.GetLogger().Error(e, "{0} failed on a frame vector, {1} times so far; {2} of its frames were dropped. This is a bug: please report it", Self.Path.Name, _failures, lost);
    }

    private void Arm()
    {
        Instant next = NextDeadline;
        Instant fault = _faults.NextDeadline;
        if (fault < next)
            next = fault;
        if (next >= _armed)
            return;
        _armed = next;
        long milliseconds = (next.Nanoseconds - Clock.Now.Nanoseconds + 999_999) / 1_000_000;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 0, int.MaxValue)), Timeout.InfiniteTimeSpan);
    }

    private sealed record Capture(ImmutableArray<NetworkDevice> Devices, CaptureTap Tap);

    private sealed class Wake : INotInfluenceReceiveTimeout, IDeadLetterSuppression, INoSerializationVerificationNeeded
    {
        public static readonly Wake Instance = new();
    }
}
