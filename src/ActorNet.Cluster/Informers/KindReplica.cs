using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Informers;

/// <summary>A host's copy of one kind, as it can be read over HTTPS.</summary>
/// <param name="Objects">The objects and their newest changes.</param>
/// <param name="Reads">The verbs over it.</param>
public sealed record CachedKind(ObjectReplica Objects, ApiReads Reads);

/// <summary>
/// Keeps a host's copy of one kind from what its informer says. A list made anew ends the copy before: its changes do not follow each other, so
/// whoever watches is told 410 and lists again, as upstream's cacher ends its watches when its reflector lists again. One writer, any readers.
/// </summary>
internal sealed class KindReplica(KindDescriptor kind, KindCatalog kinds, TimeProvider time)
{
    private readonly string _prefix = StoreKeys.Prefix(kind);
    private volatile CachedKind? _objects;
    private volatile bool _isFresh;

    /// <summary>The copy; null while something is known to be missing in it, or the API server has not been heard of for three bookmarks.</summary>
    public CachedKind? Current => _isFresh ? _objects : null;

    /// <summary>The view was listed anew.</summary>
    public void Replace(InformerState informer)
    {
        CachedKind? before = _objects;
        var objects = new ObjectReplica(informer.Objects.Select(each => new StoredObject(_prefix + each.Key, each.Value.Stored, 0, each.Value.Revision, 1)), informer.Revision);
        _objects = new CachedKind(objects, new ApiReads(objects, kinds, time));
        before?.Objects.End();
    }

    /// <summary>Changes came, or only the revision went on.</summary>
    public void Apply(IReadOnlyList<ObjectChange> changes, long revision) =>
        _objects?.Objects.Apply([.. changes.Select(each => (_prefix + each.Key, each.Revision, each.Type == ObjectChangeType.Deleted ? default(ReadOnlyMemory<byte>?) : each.Object.Stored))], revision);

    /// <summary>Looks whether the view can be shown.</summary>
    public void Judge(InformerState informer) => _isFresh = informer is { IsSynced: true, Refused: 0 };

    /// <summary>Nothing more is heard for now.</summary>
    public void Lose() => _isFresh = false;
}
