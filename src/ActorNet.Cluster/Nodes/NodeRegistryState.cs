using System.Collections.Immutable;
using ActorNet.Cluster.Serialization;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;

namespace ActorNet.Cluster.Nodes;

/// <summary>
/// The registry of Nodes as a plain object: revisions, subnets, a bounded history for watchers, and the recovery of a new epoch
/// from what the hosts offer. It has no durable store: the hosts' knowledge is what outlives a registry. Single-threaded.
/// </summary>
public sealed class NodeRegistryState
{
    /// <summary>How many past events watchers can ask for.</summary>
    public const int DefaultHistory = 1024;

    private const long HistoryBytes = 8 << 20;
    private const int RememberedRequests = 4096;

    private readonly PodCidrAllocator _allocator;
    private readonly int _historyLimit;
    private readonly LinkedList<(NodeEvent Event, ImmutableSortedDictionary<string, Entry> After)> _history = [];
    private readonly Queue<NodeEvent> _outbox = new();
    private readonly Dictionary<string, IWireMessage> _answers = new(StringComparer.Ordinal);
    private readonly Queue<string> _answerOrder = new();
    private readonly Dictionary<string, (NodeDocument Node, bool Own)> _offered = new(StringComparer.Ordinal);
    private readonly HashSet<string> _awaited;
    private ImmutableSortedDictionary<string, Entry> _nodes = ImmutableSortedDictionary.Create<string, Entry>(StringComparer.Ordinal);
    private long _historyBytes;

    /// <summary>Begins an epoch: nothing is served until every awaited host has offered what it knows, or <see cref="EndRecovery"/>.</summary>
    /// <param name="allocator">An allocator with nothing handed out.</param>
    /// <param name="epoch">Higher than any epoch before.</param>
    /// <param name="awaited">Names of the hosts whose offers are waited for.</param>
    /// <param name="history">How many events are kept.</param>
    public NodeRegistryState(PodCidrAllocator allocator, long epoch, IEnumerable<string> awaited, int history = DefaultHistory)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(history, 1);
        _allocator = allocator;
        _historyLimit = history;
        _awaited = [.. awaited];
        Epoch = epoch;
        IsRecovering = true;
        if (_awaited.Count == 0)
            EndRecovery();
    }

    /// <summary>Which registry this is.</summary>
    public long Epoch { get; private set; }

    /// <summary>The revision of the newest event, of any epoch.</summary>
    public long Revision { get; private set; }

    /// <summary>Whether offers are still collected.</summary>
    public bool IsRecovering { get; private set; }

    /// <summary>The epoch of a registry that served after this one, 0 when none is known: this one must begin again.</summary>
    public long SupersededBy { get; private set; }

    /// <summary>Offered nodes that lost their subnet to another's claim in the recovery; their hosts hear it when they register.</summary>
    public int OffersDropped { get; private set; }

    /// <summary>What a bookmark says now.</summary>
    public Bookmark Bookmark => new(Epoch, Revision, IsRecovering);

    /// <summary>Takes the next event to publish.</summary>
    /// <param name="event">The event.</param>
    public bool TryTakeEvent([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out NodeEvent? @event) => _outbox.TryDequeue(out @event);

    /// <summary>Answers a request of a host.</summary>
    /// <param name="request">One of the request messages of this folder.</param>
    /// <returns>The answer to send back.</returns>
    /// <exception cref="ArgumentException">The message is no request.</exception>
    public IWireMessage Answer(IWireMessage request)
    {
        switch (request)
        {
            case OfferNodes offer:
                return TakeOffer(offer);
            case RegisterNode register:
                return NoteEpoch(register.KnownEpoch) ? Recovering(register.RequestId) : Once(register.RequestId, () => Register(register));
            case DeleteNode delete:
                return NoteEpoch(delete.KnownEpoch) ? Recovering(delete.RequestId) : Once(delete.RequestId, () => Delete(delete));
            case ListNodes list:
                return NoteEpoch(list.KnownEpoch) ? Recovering(list.RequestId) : List(list);
            case WatchFrom watch:
                return NoteEpoch(watch.Epoch) ? Recovering(watch.RequestId) : Watch(watch);
            default:
                throw new ArgumentException($"{request?.GetType().Name} is no request to the node registry.", nameof(request));
        }
    }

    /// <summary>Ends the recovery with the offers that came: adopts them and begins to serve.</summary>
    public void EndRecovery()
    {
        if (!IsRecovering)
            return;
        // A host's word about its own node comes first, then the newer state; ties by name, so that the result is one.
        foreach ((string name, (NodeDocument node, _)) in _offered
            .OrderByDescending(offer => offer.Value.Own).ThenByDescending(offer => offer.Value.Node.ResourceVersion).ThenBy(offer => offer.Key, StringComparer.Ordinal))
        {
            if (node.Subnet is not { } subnet || _allocator.Reserve(name, subnet).Cidr is null)
            {
                OffersDropped++;
                continue;
            }
            long revision = node.ResourceVersion;
            byte[] content = node.Write(null);
            _nodes = _nodes.SetItem(name, new Entry(node.Host, subnet, content, node.Write(revision), revision));
        }
        _offered.Clear();
        IsRecovering = false;
    }

    private RegistryRecovering Recovering(string requestId) => new(requestId, Epoch);

    /// <summary>True when nothing can be served now.</summary>
    private bool NoteEpoch(long known)
    {
        if (known > Epoch && IsRecovering)
            Epoch = known + 1;
        else if (known > Epoch)
            SupersededBy = Math.Max(SupersededBy, known);
        return IsRecovering || SupersededBy > 0;
    }

    private OffersTaken TakeOffer(OfferNodes offer)
    {
        if (!IsRecovering || offer.Epoch != Epoch)
            return new OffersTaken(offer.RequestId, Epoch, IsRecovering);
        Revision = Math.Max(Revision, offer.KnownRevision);
        foreach (byte[] json in offer.Own)
            Offer(json, own: true);
        foreach (byte[] json in offer.Others)
            Offer(json, own: false);
        if (offer.Last)
        {
            _awaited.Remove(offer.Host);
            if (_awaited.Count == 0)
                EndRecovery();
        }
        return new OffersTaken(offer.RequestId, Epoch, true);
    }

    private void Offer(byte[] json, bool own)
    {
        if (NodeDocument.TryRead(json, out _) is not { } node)
            return;
        Revision = Math.Max(Revision, node.ResourceVersion);
        if (!_offered.TryGetValue(node.Name, out (NodeDocument Node, bool Own) known)
            || (own && !known.Own) || (own == known.Own && node.ResourceVersion > known.Node.ResourceVersion))
            _offered[node.Name] = (node, own);
    }

    /// <summary>A request is carried out once, however often it arrives.</summary>
    private IWireMessage Once(string requestId, Func<IWireMessage> act)
    {
        if (_answers.TryGetValue(requestId, out IWireMessage? answer))
            return answer;
        answer = act();
        _answers.Add(requestId, answer);
        _answerOrder.Enqueue(requestId);
        if (_answerOrder.Count > RememberedRequests)
            _answers.Remove(_answerOrder.Dequeue());
        return answer;
    }

    private IWireMessage Register(RegisterNode request)
    {
        if (NodeDocument.TryRead(request.Json, out string reason) is not { } node)
            return new NodeRefused(request.RequestId, reason);
        node.SetHost(request.Host);
        Entry? old = _nodes.GetValueOrDefault(node.Name);
        if (old is not null && request.Host.Length > 0 && old.Host.Length > 0 && old.Host != request.Host)
            return new NodeRefused(request.RequestId, $"Node '{node.Name}' is run by host '{old.Host}' already: give this node another name.");
        if (Subnet(node, old, out reason) is not { } subnet)
            return new NodeRefused(request.RequestId, reason);
        node.SetSubnet(subnet);
        byte[] content = node.Write(null);
        if (old is not null && content.AsSpan().SequenceEqual(old.Content))
            return new NodeRegistered(request.RequestId, Epoch, old.Revision, old.Json);
        long revision = Revision + 1;
        byte[] json = node.Write(revision);
        if (json.Length > WireLimits.MaximumObjectBytes)
        {
            if (old is null)
                _allocator.Release(node.Name);
            return new NodeRefused(request.RequestId, $"Node '{node.Name}' has {json.Length} bytes of JSON; at most {WireLimits.MaximumObjectBytes} are kept.");
        }
        _nodes = _nodes.SetItem(node.Name, new Entry(node.Host, subnet, content, json, revision));
        Emit(old is null ? NodeEventType.Added : NodeEventType.Modified, node.Name, json);
        return new NodeRegistered(request.RequestId, Epoch, revision, json);
    }

    /// <summary>The subnet a node keeps, claims or gets; null with the reason when it can have none.</summary>
    private Ipv4Prefix? Subnet(NodeDocument node, Entry? old, out string reason)
    {
        reason = "";
        if (old is not null)
        {
            if (node.Subnet is null || node.Subnet == old.Subnet)
                return old.Subnet;
            reason = $"spec.podCIDR of node '{node.Name}' is {old.Subnet} and cannot become {node.Subnet}: delete the node first.";
            return null;
        }
        PodCidrGrant grant = node.Subnet is { } claimed ? _allocator.Reserve(node.Name, claimed) : _allocator.Allocate(node.Name);
        reason = grant.Refusal ?? "";
        return grant.Cidr;
    }

    private NodeDeleted Delete(DeleteNode request)
    {
        if (_nodes.TryGetValue(request.Name, out Entry? entry))
            Remove(request.Name, entry);
        return new NodeDeleted(request.RequestId, Epoch, Revision);
    }

    private void Remove(string name, Entry entry)
    {
        _allocator.Release(name);
        _nodes = _nodes.Remove(name);
        Emit(NodeEventType.Deleted, name, entry.Json);
    }

    private IWireMessage List(ListNodes request)
    {
        ImmutableSortedDictionary<string, Entry>? state = request.AtRevision == 0 || request.AtRevision == Revision
            ? _nodes : _history.FirstOrDefault(past => past.Event.Revision == request.AtRevision).After;
        if (state is null)
            return new WatchExpired(request.RequestId, Epoch);
        List<byte[]> items = [];
        string last = "";
        int bytes = 0;
        foreach ((string name, Entry entry) in state)
        {
            if (string.CompareOrdinal(name, request.After) <= 0)
                continue;
            if (items.Count > 0 && bytes + entry.Json.Length + 8 > WireLimits.MaximumObjectBytes)
                return new NodeList(request.RequestId, Epoch, Listed(request), [.. items], last);
            items.Add(entry.Json);
            bytes += entry.Json.Length + 8;
            last = name;
        }
        return new NodeList(request.RequestId, Epoch, Listed(request), [.. items], "");
    }

    private long Listed(ListNodes request) => request.AtRevision == 0 ? Revision : request.AtRevision;

    private IWireMessage Watch(WatchFrom request)
    {
        if (request.Epoch != Epoch)
            return new WatchExpired(request.RequestId, Epoch);
        if (request.Revision == Revision)
            return new WatchReplay(request.RequestId, Epoch, [], false);
        List<NodeEvent> events = [];
        int bytes = 0;
        bool found = false;
        foreach ((NodeEvent e, _) in _history)
        {
            found |= e.PreviousRevision == request.Revision;
            if (!found)
                continue;
            int size = e.Json.Length + e.Name.Length + 48;
            if (events.Count > 0 && bytes + size > WireLimits.MaximumObjectBytes)
                return new WatchReplay(request.RequestId, Epoch, [.. events], true);
            events.Add(e);
            bytes += size;
        }
        return found ? new WatchReplay(request.RequestId, Epoch, [.. events], false) : new WatchExpired(request.RequestId, Epoch);
    }

    private void Emit(NodeEventType type, string name, byte[] json)
    {
        NodeEvent e = new(Epoch, Revision, Revision + 1, type, name, json);
        Revision++;
        _outbox.Enqueue(e);
        _history.AddLast((e, _nodes));
        _historyBytes += json.Length;
        while (_history.Count > _historyLimit || (_historyBytes > HistoryBytes && _history.Count > 1))
        {
            _historyBytes -= _history.First!.Value.Event.Json.Length;
            _history.RemoveFirst();
        }
    }

    /// <summary>One node: its host, its subnet, its JSON with and without a revision.</summary>
    private sealed record Entry(string Host, Ipv4Prefix Subnet, byte[] Content, byte[] Json, long Revision);
}
