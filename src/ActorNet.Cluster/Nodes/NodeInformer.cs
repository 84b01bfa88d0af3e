using ActorNet.Cluster.Serialization;
using Akka.Actor;
using Akka.Cluster.Tools.PublishSubscribe;

namespace ActorNet.Cluster.Nodes;

/// <summary>
/// A host's side of the Node protocol in one control system: follows the topic with an <see cref="InformerState"/>, sends the
/// directory's requests until they are answered, and offers what the host knows to every new registry.
/// </summary>
internal sealed class NodeInformer(NodeDirectory directory, IActorRef registry) : UntypedActor, IWithTimers
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SendAgainAfter = TimeSpan.FromMilliseconds(500);

    private readonly Queue<OfferNodes> _offers = new();
    private TimeSpan _offerSentAt;
    private long _offeredEpoch;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        directory.Informer.Reconnect();
        foreach (PendingRequest request in directory.Pending)
            request.SentAt = TimeSpan.MinValue;
        DistributedPubSub.Get(Context.System).Mediator.Tell(new Subscribe(NodeRegistryActor.Topic, Self));
        Timers.StartPeriodicTimer(Kick.Instance, Kick.Instance, TimeSpan.Zero, TickInterval);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Kick or SubscribeAck:
                break;
            case NodeRegistered registered:
                directory.Complete(registered.RequestId, registered);
                break;
            case NodeRefused refused:
                directory.Complete(refused.RequestId, refused);
                break;
            case NodeDeleted deleted:
                directory.Complete(deleted.RequestId, deleted);
                break;
            case OffersTaken taken:
                OfferTaken(taken);
                break;
            case IWireMessage wire:
                directory.Deliver(directory.Informer.Take(wire, directory.Now));
                break;
            default:
                Unhandled(message);
                return;
        }
        Send();
    }

    private void Send()
    {
        TimeSpan now = directory.Now;
        InformerState informer = directory.Informer;
        directory.NoteEpoch(informer.Epoch);
        if (informer.Epoch != _offeredEpoch)
            MakeOffers(informer);
        if (_offers.TryPeek(out OfferNodes? offer) && now - _offerSentAt > SendAgainAfter)
        {
            _offerSentAt = now;
            registry.Tell(offer);
        }
        if (informer.Poll(now) is { } question)
            registry.Tell(question);
        foreach (PendingRequest request in directory.Pending)
        {
            if (request.SentAt != TimeSpan.MinValue && now - request.SentAt < SendAgainAfter)
                continue;
            request.SentAt = now;
            if (request.Make(request.Id) is { } message)
                registry.Tell(message);
            else
                directory.Drop(request);
        }
    }

    /// <summary>A new registry has begun: it knows nothing but what the hosts tell it.</summary>
    private void MakeOffers(InformerState informer)
    {
        _offeredEpoch = informer.Epoch;
        _offers.Clear();
        _offerSentAt = TimeSpan.Zero;
        // Own nodes as the informer last saw them where it did: with their newest state and revision.
        Dictionary<string, byte[]> own = directory.Own.ToDictionary(node => node.Key, node => informer.Nodes.GetValueOrDefault(node.Key) ?? node.Value);
        IEnumerable<(byte[] Json, bool Own)> all = own.Values.Select(json => (json, true))
            .Concat(informer.Nodes.Where(node => !own.ContainsKey(node.Key)).Select(node => (node.Value, false)));
        List<(byte[] Json, bool Own)> page = [];
        int bytes = 0;
        foreach ((byte[] Json, bool Own) item in all)
        {
            if (page.Count > 0 && bytes + item.Json.Length + 8 > WireLimits.MaximumObjectBytes)
            {
                _offers.Enqueue(Page(page, informer, last: false));
                page.Clear();
                bytes = 0;
            }
            page.Add(item);
            bytes += item.Json.Length + 8;
        }
        _offers.Enqueue(Page(page, informer, last: true));
    }

    private OfferNodes Page(List<(byte[] Json, bool Own)> items, InformerState informer, bool last) => new(
        NodeDirectory.NewRequestId(), directory.HostName, informer.Epoch, informer.Revision,
        [.. items.Where(item => item.Own).Select(item => item.Json)], [.. items.Where(item => !item.Own).Select(item => item.Json)], last);

    private void OfferTaken(OffersTaken taken)
    {
        if (!_offers.TryPeek(out OfferNodes? offer) || offer.RequestId != taken.RequestId)
            return;
        if (taken.Epoch < offer.Epoch)
            return;
        if (taken.Epoch > offer.Epoch)
        {
            directory.Informer.Take(new Bookmark(taken.Epoch, 0, taken.InTime), directory.Now);
            return;
        }
        _offerSentAt = TimeSpan.Zero;
        if (taken.InTime)
        {
            _offers.Dequeue();
            // The offer had what the informer saw, which an update that was just answered may be ahead of.
            if (_offers.Count == 0)
                directory.RegisterOwnAhead();
            return;
        }
        _offers.Clear();
        directory.RegisterOwnAgain();
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
