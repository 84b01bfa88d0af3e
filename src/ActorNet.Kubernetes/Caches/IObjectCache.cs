using ActorNet.Kubernetes.Kinds;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Caches;

/// <summary>What a cache of any kind tells about itself.</summary>
public interface IObjectCache
{
    /// <summary>The kind of its objects.</summary>
    KindDescriptor Kind { get; }

    /// <summary>The revision up to which it knows every change; 0 until it is filled for the first time.</summary>
    long Revision { get; }

    /// <summary>True once it was filled.</summary>
    bool HasSynced { get; }

    /// <summary>
    /// Told behind every step of the cache: the object before and after, either of them null, or two nulls when only the revision went on.
    /// The call is the writer's: it must be short and must not throw.
    /// </summary>
    void Subscribe(Action<IKubernetesObject<V1ObjectMeta>?, IKubernetesObject<V1ObjectMeta>?> handler);
}

/// <summary>
/// A local copy of all objects of a kind, as informers keep it: may lag behind the API, never goes back, never mixes revisions. Readers take
/// <see cref="Snapshot"/> and may keep it; it does not change. Objects are shared: copy (<c>with</c>) before changing anything.
/// </summary>
/// <typeparam name="T">The model, such as V1Pod.</typeparam>
public interface IObjectCache<T> : IObjectCache
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Everything it knows now. From any thread.</summary>
    ObjectSnapshot<T> Snapshot { get; }

    /// <summary>Told behind every change of an object; the snapshot shows it already. The same rules as for <see cref="IObjectCache.Subscribe"/>.</summary>
    event Action<ObjectChange<T>>? Changed;
}

/// <summary>A change of a cache.</summary>
/// <typeparam name="T">The model.</typeparam>
/// <param name="Before">The object before; null: it is new.</param>
/// <param name="After">The object after; null: it is gone.</param>
public readonly record struct ObjectChange<T>(T? Before, T? After)
    where T : class
{
    /// <summary>The object after, or as it was last.</summary>
    public T Latest => After ?? Before!;
}
