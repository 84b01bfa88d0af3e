using ActorNet.Cluster.Api;
using ActorNet.Cluster.Serialization;
using ActorNet.Kubernetes.Api;
using Akka.Actor;
using Akka.Cluster.Tools.PublishSubscribe;

namespace ActorNet.Cluster.Informers;

/// <summary>
/// A host's side of the API protocol in one control system: follows a topic for each kind with an <see cref="InformerState"/>, sends the
/// host's own requests until they are answered, and offers what the host knows to every new API server.
/// </summary>
internal sealed class InformersActor(ClusterApi cluster, IActorRef server) : UntypedActor, IWithTimers
{
    private const string Prefix = "objects/", Bookmarks = "bookmarks";

    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SendAgainAfter = TimeSpan.FromMilliseconds(500);

    private readonly Queue<OfferObjects> _offers = new();
    private TimeSpan _offerSentAt;
    private long _offeredEpoch;

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>The topic that a message of the API server is published on.</summary>
    public static string Topic(IWireMessage message) => message is ObjectEvent e ? Prefix + e.Topic : Bookmarks;

    protected override void PreStart()
    {
        foreach (InformerState informer in cluster.Informers)
            informer.Reconnect();
        foreach (PendingCall call in cluster.Pending)
            call.SentAt = TimeSpan.MinValue;
        IActorRef mediator = DistributedPubSub.Get(Context.System).Mediator;
        mediator.Tell(new Subscribe(Bookmarks, Self));
        foreach (InformerState informer in cluster.Informers)
            mediator.Tell(new Subscribe(Prefix + informer.Topic, Self));
        Timers.StartPeriodicTimer(Kick.Instance, Kick.Instance, TimeSpan.Zero, TickInterval);
    }

    protected override void PostStop() => cluster.LoseSight();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Kick or SubscribeAck:
                break;
            case ApiAnswer answer:
                cluster.NoteEpoch(answer.Epoch);
                cluster.Complete(answer);
                break;
            case OffersTaken taken:
                OfferTaken(taken);
                break;
            case ObjectEvent change:
                // Most messages are these, and each concerns one kind: nothing else has a reason to ask.
                if (cluster.InformerOf(change.Topic) is { } concerned)
                {
                    cluster.Deliver(concerned, change);
                    Ask(concerned, cluster.Now, cluster.Epoch);
                }
                return;
            case IWireMessage wire:
                if (wire is Bookmark bookmark)
                    cluster.Note(bookmark);
                foreach (InformerState informer in cluster.Informers)
                    cluster.Deliver(informer, wire);
                break;
            default:
                Unhandled(message);
                return;
        }
        Send();
    }

    private void Send()
    {
        TimeSpan now = cluster.Now;
        long epoch = cluster.Epoch;
        foreach (InformerState informer in cluster.Informers)
            Ask(informer, now, epoch);
        if (epoch != _offeredEpoch)
            MakeOffers(epoch);
        if (_offers.TryPeek(out OfferObjects? offer) && now - _offerSentAt > SendAgainAfter)
        {
            _offerSentAt = now;
            server.Tell(offer);
        }
        foreach (PendingCall call in cluster.Pending)
        {
            if (call.SentAt != TimeSpan.MinValue && now - call.SentAt < SendAgainAfter)
                continue;
            call.SentAt = now;
            server.Tell(call.Make(call.Id, epoch));
        }
    }

    private void Ask(InformerState informer, TimeSpan now, long epoch)
    {
        informer.NoteEpoch(epoch, now);
        if (informer.Poll(now) is { } question)
            server.Tell(question);
        cluster.Judge(informer);
    }

    /// <summary>A new API server has begun: while the store is in memory it knows nothing but what the hosts tell it.</summary>
    private void MakeOffers(long epoch)
    {
        _offeredEpoch = epoch;
        _offers.Clear();
        _offerSentAt = TimeSpan.Zero;
        foreach (InformerState informer in cluster.Informers.Where(informer => informer.HasListed))
            MakeOffers(informer, epoch);
        _offers.Enqueue(Page("", cluster.Informers.Max(informer => informer.Heard), epoch, [], last: true));
    }

    private void MakeOffers(InformerState informer, long epoch)
    {
        List<ObjectItem> page = [];
        int bytes = 0;
        foreach ((string key, ApiObject each) in informer.Objects)
        {
            var item = new ObjectItem(key, each.Revision, StoredObjects.Published(each.Stored));
            int size = item.Json.Length + key.Length + 64;
            if (page.Count > 0 && bytes + size > WireLimits.MaximumObjectBytes - 4096)
            {
                _offers.Enqueue(Page(informer.Topic, informer.Revision, epoch, page, last: false));
                page = [];
                bytes = 0;
            }
            page.Add(item);
            bytes += size;
        }
        // An empty view says something too: that there is nothing.
        _offers.Enqueue(Page(informer.Topic, informer.Revision, epoch, page, last: false));
    }

    private OfferObjects Page(string topic, long revision, long epoch, List<ObjectItem> items, bool last) =>
        new(ClusterApi.NewRequestId(), cluster.HostName, epoch, topic, revision, [.. items], last);

    private void OfferTaken(OffersTaken taken)
    {
        cluster.NoteEpoch(taken.Epoch);
        if (!_offers.TryPeek(out OfferObjects? offer) || offer.RequestId != taken.RequestId || taken.Epoch != offer.Epoch)
            return;
        _offerSentAt = TimeSpan.Zero;
        if (taken.InTime)
            _offers.Dequeue();
        else
            _offers.Clear();
    }

    /// <summary>Looks whether there is something to send.</summary>
    internal sealed class Kick
    {
        public static readonly Kick Instance = new();

        private Kick()
        {
        }
    }
}
