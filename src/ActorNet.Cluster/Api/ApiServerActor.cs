using ActorNet.Cluster.Informers;
using ActorNet.Cluster.Membership;
using ActorNet.Cluster.Serialization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Storage;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;
using Akka.Event;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorNet.Cluster.Api;

/// <summary>
/// The API server: for one epoch it has the store, the API over it and the topics. It begins with what the store keeps, or, while objects are in
/// memory, with what the hosts offer; then it publishes every change and answers informers and the hosts' own requests. It looks at membership only
/// to know whose offers to await: how a member went does not tell whether its host said goodbye. An object goes only when somebody asks for it.
/// Two of these may overlap for a moment: with a store that keeps objects both are right, as every write is a compare-and-set there.
/// </summary>
internal sealed class ApiServerActor : UntypedActor, IWithTimers
{
    private const int RememberedCalls = 512;

    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromSeconds(1);

    // At longest; a short interval is met in time, too.
    private static readonly TimeSpan CompactionLook = TimeSpan.FromSeconds(30);

    private readonly ClusterApi _cluster;
    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly CancellationTokenSource _life = new();
    private readonly RecoveryState _recovery;
    private readonly Dictionary<string, Task<IWireMessage>> _calls = new(StringComparer.Ordinal);
    private readonly Queue<string> _callOrder = new();
    private long _epoch;
    private Serving? _serving;
    private bool _isStarting;

    public ApiServerActor(ClusterApi cluster)
    {
        _cluster = cluster;
        string[] awaited = [.. AkkaCluster.Get(Context.System).State.Members.Where(member => member.Status == MemberStatus.Up).Select(MembershipActor.HostName)];
        _recovery = new RecoveryState(cluster.Kinds, awaited);
        _epoch = cluster.Store is null ? cluster.NextEpoch() : 0;
    }

    private enum Tick
    {
        Bookmark,
        EndRecovery,
        Compact,
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(Tick.Bookmark, Tick.Bookmark, TimeSpan.Zero, BookmarkInterval);
        if (_cluster.CompactionInterval > TimeSpan.Zero)
            Timers.StartPeriodicTimer(Tick.Compact, Tick.Compact, TimeSpan.FromTicks(Math.Min(CompactionLook.Ticks, _cluster.CompactionInterval.Ticks)));
        if (_cluster.Store is { } store)
            Begin(store);
        else
            Timers.StartSingleTimer(Tick.EndRecovery, Tick.EndRecovery, _cluster.RecoveryWindow);
    }

    protected override void PostStop()
    {
        _life.Cancel();
        _life.Dispose();
        _cluster.Stopped(this);
        _serving?.Dispose();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Tick.Bookmark:
                PublishBookmark();
                break;
            case Tick.EndRecovery when !_isStarting:
                _log.Warning("The API server of epoch {0} begins to serve although not every host has offered what it knows within {1}.", _epoch, _cluster.RecoveryWindow);
                Begin();
                break;
            case Tick.Compact when _serving is { } serving:
                _ = CompactionMark.AdvanceAsync(serving.Store, _cluster.CompactionInterval, TimeProvider.System.GetUtcNow(), _life.Token);
                break;
            case Begun begun:
                Serve(begun);
                break;
            case StoreChanges changes when _serving is { } serving:
                foreach (ObjectEvent e in serving.Feed.Publish(changes))
                    Publish(e);
                Follow(serving);
                break;
            case OfferObjects offer:
                Take(offer);
                break;
            case IWireMessage request:
                Answer(request);
                break;
            case Status.Failure failure:
                throw new InvalidOperationException($"The API server of epoch {_epoch} failed and begins again: {failure.Cause.Message}", failure.Cause);
            case Tick:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Take(OfferObjects offer)
    {
        bool inTime = !_isStarting && offer.Epoch == _epoch;
        if (inTime)
            _recovery.Take(offer);
        Sender.Tell(new OffersTaken(offer.RequestId, _cluster.Store is null ? _epoch : offer.Epoch, inTime));
        if (inTime && _recovery.IsComplete)
            Begin();
    }

    private void Begin()
    {
        _isStarting = true;
        long epoch = _epoch;
        (IReadOnlyList<ApiObject> objects, long revision) = _recovery.Result(epoch, _cluster.Known);
        if (_recovery.Refused > 0)
            _log.Warning("The API server of epoch {0} begins without {1} objects that no host could offer whole.", epoch, _recovery.Refused);
        var store = new MemoryObjectStore(StoreRestore.Load(objects, revision));
        KubernetesApi api = _cluster.NewApi(store);
        BeginAsync().PipeTo(Self);

        async Task<Begun> BeginAsync()
        {
            await _cluster.SeedAsync(api, _life.Token).ConfigureAwait(false);
            return new Begun(store, api, epoch, revision);
        }
    }

    /// <summary>Begins with what a store has kept.</summary>
    private void Begin(Func<CancellationToken, Task<IObjectStore>> obtain)
    {
        _isStarting = true;
        BeginAsync().PipeTo(Self);

        async Task<Begun> BeginAsync()
        {
            IObjectStore store = await obtain(_life.Token).ConfigureAwait(false);
            long epoch = await StoreEpoch.OfAsync(store, _cluster.Epoch, _cluster.NextEpoch, _life.Token).ConfigureAwait(false);
            KubernetesApi api = _cluster.NewApi(store);
            await _cluster.SeedAsync(api, _life.Token).ConfigureAwait(false);
            RangeResult now = await store.RangeAsync(new RangeRequest(KeyRange.Single(StoreEpoch.Key)), _life.Token).ConfigureAwait(false);
            return new Begun(store, api, epoch, now.Revision);
        }
    }

    private void Serve(Begun begun)
    {
        _epoch = begun.Epoch;
        _cluster.NoteEpoch(_epoch);
        var feed = new TopicFeed(begun.Store, _cluster.Topics, _epoch, begun.Revision);
        _serving = new Serving(begun.Store, begun.Api, feed, begun.Store.Watch(KeyRange.All, begun.Revision + 1));
        Follow(_serving);
        _cluster.Started(this, begun.Api);
        PublishBookmark();
    }

    private void Follow(Serving serving) => serving.Watch.NextAsync(_life.Token).AsTask().PipeTo(Self);

    private void Answer(IWireMessage request)
    {
        (string id, long known) = request switch
        {
            ListObjects list => (list.RequestId, list.KnownEpoch),
            WatchFrom watch => (watch.RequestId, watch.Epoch),
            FetchObject fetch => (fetch.RequestId, fetch.Epoch),
            ApiCall call => (call.RequestId, call.KnownEpoch),
            _ => ("", 0),
        };
        if (id.Length == 0)
        {
            Unhandled(request);
            return;
        }
        if (_serving is null && _cluster.Store is not null)
        {
            // The store says which epoch it is.
            Sender.Tell(new ApiRecovering(id, known));
            return;
        }
        if (known > _epoch && _serving is null && !_isStarting)
        {
            _epoch = known + 1;
            _cluster.NoteEpoch(_epoch);
            PublishBookmark();
        }
        else if (known > _epoch)
        {
            // Another one served after this one. Begin again above its epoch; a stale singleton is stopped by its own host soon.
            _cluster.NoteEpoch(known);
            throw new InvalidOperationException($"The API server of epoch {_epoch} was superseded by epoch {known} and begins again.");
        }
        if (_serving is not { } serving)
        {
            Sender.Tell(new ApiRecovering(id, _epoch));
            return;
        }
        long epoch = _epoch;
        Task<IWireMessage>? answering = request is ApiCall asked ? Once(asked, serving) : serving.Feed.AnswerAsync(request, _life.Token);
        // One that fails because this API server ends is asked again.
        answering?.PipeTo(Sender, failure: _ => new ApiRecovering(id, epoch));
    }

    /// <summary>A call is carried out once, however often it arrives, unless the store could not be asked.</summary>
    private Task<IWireMessage> Once(ApiCall call, Serving serving)
    {
        bool isKnown = _calls.TryGetValue(call.RequestId, out Task<IWireMessage>? running);
        if (isKnown && running is not { IsCompletedSuccessfully: true, Result: ApiRecovering })
            return running!;
        running = ApiCalls.RunAsync(call, serving.Api, _epoch, _life.Token);
        _calls[call.RequestId] = running;
        if (isKnown)
            return running;
        _callOrder.Enqueue(call.RequestId);
        if (_callOrder.Count > RememberedCalls)
            _calls.Remove(_callOrder.Dequeue());
        return running;
    }

    private void PublishBookmark()
    {
        if (_serving is { } serving)
            Publish(serving.Feed.Bookmark with { Front = _cluster.OwnFront });
        else if (_cluster.Store is null)
            Publish(new Bookmark(_epoch, 0, true, [], [], ""));
    }

    private void Publish(IWireMessage message) => _mediator.Tell(new Publish(InformersActor.Topic(message), message));

    private sealed record Begun(IObjectStore Store, KubernetesApi Api, long Epoch, long Revision);

    private sealed record Serving(IObjectStore Store, KubernetesApi Api, TopicFeed Feed, IStoreWatch Watch) : IDisposable
    {
        public void Dispose() => _ = Watch.DisposeAsync().AsTask();
    }
}

/// <summary>
/// What the singleton manager runs. The manager never makes a singleton again that stopped, so this one lives and its child does
/// the work: a child that fails begins a new epoch.
/// </summary>
internal sealed class ApiServerSupervisor(ClusterApi cluster) : UntypedActor
{
    private IActorRef _server = ActorRefs.Nobody;

    protected override void PreStart() => _server = Context.ActorOf(Props.Create(() => new ApiServerActor(cluster)), "server");

    protected override void OnReceive(object message) => _server.Forward(message);

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);
}
