using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using k8s;
using k8s.Models;
using WatchEventType = ActorNet.Kubernetes.Api.WatchEventType;

namespace ActorNet.Cluster.Informers;

/// <summary>Where an informer's view goes.</summary>
internal interface ICacheFeed
{
    /// <summary>The view was listed anew.</summary>
    void Replace(InformerState informer);

    /// <summary>Changes came, or only the revision went on.</summary>
    /// <param name="informer">The view behind them.</param>
    /// <param name="changes">The changes.</param>
    void Apply(InformerState informer, IReadOnlyList<ObjectChange> changes);
}

/// <summary>Fills a cache of models from an informer, one step at a time.</summary>
internal sealed class CacheFeed<T>(ObjectCache<T> cache) : ICacheFeed
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    // The informer knows best: a new epoch may begin with a lower revision.
    public void Replace(InformerState informer) => cache.Replace(informer.Objects.Values.Select(each => each.ToCachedModel<T>()), informer.Revision, isNewStore: true);

    public void Apply(InformerState informer, IReadOnlyList<ObjectChange> changes)
    {
        foreach (ObjectChange change in changes)
        {
            WatchEventType type = change.Type switch { ObjectChangeType.Added => WatchEventType.Added, ObjectChangeType.Modified => WatchEventType.Modified, _ => WatchEventType.Deleted };
            cache.Apply(new ModelEvent<T>(type, change.Object.ToCachedModel<T>(), change.Revision));
        }
        cache.Apply(new ModelEvent<T>(WatchEventType.Bookmark, null, informer.Revision));
    }
}
