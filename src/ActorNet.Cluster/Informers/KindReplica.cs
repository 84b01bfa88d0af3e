using System.Collections.Immutable;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Informers;

/// <summary>A host's copy of one kind, as it can be read over HTTPS.</summary>
/// <param name="Objects">The objects and their newest changes.</param>
/// <param name="Reads">The verbs over it.</param>
public sealed record CachedKind(ObjectReplica Objects, ApiReads Reads);

/// <summary>
/// Keeps a host's copy of one kind from what its informer says, as soon as somebody asks for it: most hosts are asked for few kinds, and the API server's
/// own host for none. A list made anew ends the copy before: its changes do not follow each other, so whoever watches is told 410 and lists again, as
/// upstream's cacher ends its watches when its reflector lists again. One writer, any readers.
/// </summary>
internal sealed class KindReplica(KindDescriptor kind, KindCatalog kinds, TimeProvider time)
{
    private readonly string _prefix = StoreKeys.Prefix(kind);
    private readonly Lock _lock = new();
    private (ImmutableSortedDictionary<string, ApiObject> Objects, long Revision)? _view;
    private volatile CachedKind? _objects;
    private volatile bool _isFresh;

    /// <summary>
    /// The copy, which begins with the first call of this; null while something is known to be missing in it, or the API server has not been heard of for
    /// three bookmarks.
    /// </summary>
    public CachedKind? Current => _isFresh ? _objects ?? Begin() : null;

    /// <summary>The view was listed anew.</summary>
    public void Replace(InformerState informer)
    {
        CachedKind? before;
        lock (_lock)
        {
            _view = (informer.Objects, informer.Revision);
            before = _objects;
            if (before is not null)
                _objects = Copy();
        }

        before?.Objects.End();
    }

    /// <summary>Changes came, or only the revision went on.</summary>
    /// <param name="informer">The view behind them.</param>
    /// <param name="changes">The changes.</param>
    public void Apply(InformerState informer, IReadOnlyList<ObjectChange> changes)
    {
        lock (_lock)
        {
            _view = (informer.Objects, informer.Revision);
            _objects?.Objects.Apply([.. changes.Select(each => (_prefix + each.Key, each.Revision, each.Type == ObjectChangeType.Deleted ? default(ReadOnlyMemory<byte>?) : each.Object.Stored))], informer.Revision);
        }
    }

    /// <summary>Looks whether the view can be shown.</summary>
    public void Judge(InformerState informer) => _isFresh = informer is { IsSynced: true, Refused: 0 };

    /// <summary>Nothing more is heard for now.</summary>
    public void Lose() => _isFresh = false;

    private CachedKind? Begin()
    {
        lock (_lock)
            return _objects ??= _view is null ? null : Copy();
    }

    private CachedKind Copy()
    {
        (ImmutableSortedDictionary<string, ApiObject> all, long revision) = _view!.Value;
        var objects = new ObjectReplica(all.Select(each => new StoredObject(_prefix + each.Key, each.Value.Stored, 0, each.Value.Revision, 1)), revision);
        return new CachedKind(objects, new ApiReads(objects, kinds, time));
    }
}
