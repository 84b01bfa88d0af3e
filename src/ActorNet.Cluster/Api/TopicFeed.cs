using System.Collections.Immutable;
using ActorNet.Cluster.Informers;
using ActorNet.Cluster.Serialization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Api;

/// <summary>
/// The topics of one epoch over a store: turns the store's changes into events that know what came before them on their topic, and
/// answers informers. The heads belong to one caller; the questions only read the store and may be asked at any time.
/// </summary>
public sealed class TopicFeed
{
    /// <summary>What an item costs in a message besides its bytes, at most.</summary>
    private const int ItemOverhead = 64;

    /// <summary>Bytes of objects in one message.</summary>
    private const int PageBytes = WireLimits.MaximumObjectBytes - 4096;

    private const int PageObjects = 256;

    private readonly IObjectStore _store;
    private readonly (string Prefix, string Topic, KindDescriptor Kind)[] _kinds;
    private readonly Dictionary<string, KindDescriptor> _byTopic;
    private readonly Dictionary<string, long> _heads;

    /// <summary>Makes the topics of a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="kinds">The kinds that are published.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="revision">The store's revision when the epoch began: nothing before it is published.</param>
    public TopicFeed(IObjectStore store, IEnumerable<KindDescriptor> kinds, long epoch, long revision)
    {
        (_store, Epoch, Revision) = (store, epoch, revision);
        _kinds = [.. kinds.Select(kind => (StoreKeys.Prefix(kind), kind.Resource.ToString(), kind))];
        _byTopic = _kinds.ToDictionary(each => each.Topic, each => each.Kind, StringComparer.Ordinal);
        _heads = _kinds.ToDictionary(each => each.Topic, _ => revision, StringComparer.Ordinal);
    }

    /// <summary>The epoch.</summary>
    public long Epoch { get; }

    /// <summary>Every change up to this revision was published.</summary>
    public long Revision { get; private set; }

    /// <summary>What a bookmark says now; where the host answers is not known here.</summary>
    public Bookmark Bookmark => new(Epoch, Revision, false, [.. _kinds.Select(each => each.Topic)], [.. _kinds.Select(each => _heads[each.Topic])], "");

    /// <summary>The events of a change of the store, in order.</summary>
    /// <param name="changes">What a watch of the whole store gave.</param>
    public ImmutableArray<ObjectEvent> Publish(StoreChanges changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var events = ImmutableArray.CreateBuilder<ObjectEvent>();
        foreach (StoreEvent change in changes.Events)
        {
            if (TopicOf(change.Object.Key) is not { } at || _heads[at.Topic] >= change.Revision)
                continue;
            events.Add(EventOf(at.Prefix, at.Topic, _heads[at.Topic], change));
            _heads[at.Topic] = change.Revision;
        }
        Revision = changes.Revision;
        return events.ToImmutable();
    }

    /// <summary>Answers an informer.</summary>
    /// <param name="question">A <see cref="ListObjects"/>, <see cref="WatchFrom"/> or <see cref="FetchObject"/>.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The answer, or null when the message is no question or names no topic.</returns>
    public Task<IWireMessage>? AnswerAsync(IWireMessage question, CancellationToken cancel) => question switch
    {
        ListObjects list when _byTopic.TryGetValue(list.Topic, out KindDescriptor? kind) => OrExpiredAsync(list.RequestId, ListAsync(list, kind, cancel)),
        WatchFrom watch when _byTopic.TryGetValue(watch.Topic, out KindDescriptor? kind) => OrExpiredAsync(watch.RequestId, WatchAsync(watch, kind, cancel)),
        FetchObject fetch when _byTopic.TryGetValue(fetch.Topic, out KindDescriptor? kind) => OrExpiredAsync(fetch.RequestId, FetchAsync(fetch, kind, cancel)),
        _ => null,
    };

    private async Task<IWireMessage> OrExpiredAsync(string requestId, Task<IWireMessage> answering)
    {
        try
        {
            return await answering.ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is CompactedException or FutureRevisionException)
        {
            return new WatchExpired(requestId, Epoch);
        }
    }

    private (string Prefix, string Topic)? TopicOf(string key)
    {
        foreach ((string prefix, string topic, KindDescriptor _) in _kinds)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
                return (prefix, topic);
        }
        return null;
    }

    private ObjectEvent EventOf(string prefix, string topic, long previous, StoreEvent change)
    {
        ObjectChangeType type = change.IsDeletion ? ObjectChangeType.Deleted : change.Previous is null ? ObjectChangeType.Added : ObjectChangeType.Modified;
        return new ObjectEvent(Epoch, topic, previous, change.Revision, type, change.Object.Key[prefix.Length..], change.IsDeletion ? [] : StoredObjects.Published(change.Object.Value));
    }

    private async Task<IWireMessage> ListAsync(ListObjects list, KindDescriptor kind, CancellationToken cancel)
    {
        string prefix = StoreKeys.Prefix(kind);
        KeyRange rest = list.After.Length == 0 ? KeyRange.Prefix(prefix) : KeyRange.Prefix(prefix).From(prefix + list.After + '\0');
        RangeResult found = await _store.RangeAsync(new RangeRequest(rest, list.AtRevision, PageObjects), cancel).ConfigureAwait(false);
        long revision = list.AtRevision == 0 ? found.Revision : list.AtRevision;
        var items = new List<ObjectItem>();
        int bytes = 0;
        foreach (StoredObject each in found.Objects)
        {
            var item = new ObjectItem(each.Key[prefix.Length..], each.ModRevision, StoredObjects.Published(each.Value));
            bytes += item.Json.Length + item.Key.Length + ItemOverhead;
            if (items.Count > 0 && bytes > PageBytes)
                break;
            items.Add(item);
        }
        return new ObjectPage(list.RequestId, Epoch, revision, [.. items], items.Count < found.Count ? items[^1].Key : "");
    }

    private async Task<IWireMessage> WatchAsync(WatchFrom watch, KindDescriptor kind, CancellationToken cancel)
    {
        if (watch.Epoch != Epoch)
            return new WatchExpired(watch.RequestId, Epoch);
        string prefix = StoreKeys.Prefix(kind);
        // The store is asked how far it is: a watch of what has not happened yet would wait.
        long newest = (await _store.RangeAsync(new RangeRequest(KeyRange.Prefix(prefix), 0, 1), cancel).ConfigureAwait(false)).Revision;
        var events = new List<ObjectEvent>();
        long previous = watch.Revision;
        int bytes = 0;
        await using IStoreWatch reader = _store.Watch(KeyRange.All, watch.Revision + 1);
        while (previous < newest)
        {
            StoreChanges changes = await reader.NextAsync(cancel).ConfigureAwait(false);
            foreach (StoreEvent change in changes.Events.Where(each => each.Object.Key.StartsWith(prefix, StringComparison.Ordinal)))
            {
                ObjectEvent e = EventOf(prefix, watch.Topic, previous, change);
                bytes += e.Json.Length + e.Key.Length + e.Topic.Length + ItemOverhead;
                if (events.Count > 0 && bytes > PageBytes)
                    return new WatchReplay(watch.RequestId, Epoch, [.. events], previous, true);
                events.Add(e);
                previous = change.Revision;
            }
            if (changes.Revision >= newest)
                break;
        }
        return new WatchReplay(watch.RequestId, Epoch, [.. events], Math.Max(newest, previous), false);
    }

    private async Task<IWireMessage> FetchAsync(FetchObject fetch, KindDescriptor kind, CancellationToken cancel)
    {
        if (fetch.Epoch != Epoch)
            return new WatchExpired(fetch.RequestId, Epoch);
        RangeResult found = await _store.RangeAsync(new RangeRequest(KeyRange.Single(StoreKeys.Prefix(kind) + fetch.Key), fetch.AtRevision), cancel).ConfigureAwait(false);
        if (found.Objects is not [var stored] || fetch.Offset >= stored.Value.Length)
            return new WatchExpired(fetch.RequestId, Epoch);
        ReadOnlyMemory<byte> piece = stored.Value[fetch.Offset..];
        return new ObjectPiece(fetch.RequestId, Epoch, stored.Value.Length, fetch.Offset, piece[..Math.Min(piece.Length, WireLimits.LargestPublishedObject)].ToArray());
    }
}
