using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using k8s;
using k8s.Models;
using WatchEventType = ActorNet.Kubernetes.Api.WatchEventType;

namespace ActorNet.Kubernetes.Caches;

/// <summary>The writer's side of a cache: lists and watch events go in. One writer at a time; readers from any thread.</summary>
/// <typeparam name="T">The model.</typeparam>
public sealed class ObjectCache<T> : IObjectCache<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly CacheIndex<T>[] _indexes;
    private readonly Lock _subscribing = new();
    private Action<IKubernetesObject<V1ObjectMeta>?, IKubernetesObject<V1ObjectMeta>?>? _told;
    private volatile ObjectSnapshot<T> _snapshot;
    private volatile bool _hasSynced;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="kinds">The kinds of the API.</param>
    /// <param name="indexes">Ways to find objects besides name, namespace and owner.</param>
    public ObjectCache(KindCatalog kinds, params ReadOnlySpan<CacheIndex<T>> indexes)
    {
        Kind = kinds.Of<T>();
        _indexes =
        [
            new CacheIndex<T>(ObjectSnapshot<T>.OwnerIndex, model => model.Metadata.OwnerReferences?.Where(owner => owner.Controller == true).Select(owner => owner.Uid) ?? []),
            .. indexes,
        ];
        _snapshot = ObjectSnapshot<T>.Empty(_indexes);
    }

    /// <inheritdoc/>
    public event Action<ObjectChange<T>>? Changed;

    /// <inheritdoc/>
    public KindDescriptor Kind { get; }

    /// <inheritdoc/>
    public long Revision => _snapshot.Revision;

    /// <inheritdoc/>
    public bool HasSynced => _hasSynced;

    /// <inheritdoc/>
    public ObjectSnapshot<T> Snapshot => _snapshot;

    /// <inheritdoc/>
    public void Subscribe(Action<IKubernetesObject<V1ObjectMeta>?, IKubernetesObject<V1ObjectMeta>?> handler)
    {
        lock (_subscribing)
            _told += handler;
    }

    /// <summary>
    /// Takes a whole list: what is not in it is gone. A list that is older than what the cache knows is not taken, unless the store is
    /// another one than before, which only the caller can know.
    /// </summary>
    /// <param name="items">Every object.</param>
    /// <param name="revision">The list's revision.</param>
    /// <param name="isNewStore">True when revisions begin anew.</param>
    public void Replace(IEnumerable<T> items, long revision, bool isNewStore = false)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (revision < _snapshot.Revision && !isNewStore)
            return;
        var left = new HashSet<CachedKey>(_snapshot.Keys);
        foreach (T item in items)
        {
            CachedKey key = ObjectSnapshot<T>.KeyOf(item);
            left.Remove(key);
            if (_snapshot.Find(key)?.Metadata is not { } known || known.ResourceVersion != item.Metadata.ResourceVersion || known.Uid != item.Metadata.Uid)
                Put(key, item, _snapshot.Revision);
        }

        foreach (CachedKey key in left)
            Put(key, null, _snapshot.Revision);
        _hasSynced = true;
        Advance(revision, isNewStore);
    }

    /// <summary>Takes an event of a watch; one that the cache knows already changes nothing.</summary>
    public void Apply(ModelEvent<T> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (change.Type == WatchEventType.Bookmark || change.Object is null)
            Advance(change.Revision, false);
        else if (change.Revision > _snapshot.Revision)
            Put(ObjectSnapshot<T>.KeyOf(change.Object), change.Type == WatchEventType.Deleted ? null : change.Object, change.Revision);
    }

    private void Put(CachedKey key, T? after, long revision)
    {
        T? before = _snapshot.Find(key);
        _snapshot = _snapshot.With(key, after, revision, _indexes);
        if (before is not null || after is not null)
            Changed?.Invoke(new ObjectChange<T>(before, after));
        Tell(before, after);
    }

    private void Advance(long revision, bool isNewStore)
    {
        if (revision < _snapshot.Revision && !isNewStore)
            return;
        _snapshot = _snapshot.At(revision);
        Tell(null, null);
    }

    // The lock orders the new snapshot before the look for readers: who subscribes now and then reads misses nothing.
    private void Tell(T? before, T? after)
    {
        Action<IKubernetesObject<V1ObjectMeta>?, IKubernetesObject<V1ObjectMeta>?>? told;
        lock (_subscribing)
            told = _told;
        told?.Invoke(before, after);
    }
}
