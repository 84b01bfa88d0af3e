using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Kinds;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Lifecycle;

/// <summary>An object as garbage collection sees it.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Space">Its namespace; empty: none.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its uid.</param>
/// <param name="Owners">Its owners.</param>
/// <param name="Finalizers">Its finalizers.</param>
/// <param name="IsGoing">True when it is being deleted.</param>
internal sealed record OwnedObject(KindDescriptor Kind, string Space, string Name, string Uid, IReadOnlyList<V1OwnerReference> Owners, IReadOnlyList<string> Finalizers, bool IsGoing)
{
    /// <summary>True when it waits for its dependents to go.</summary>
    public bool WaitsForDependents => IsGoing && Finalizers.Contains(ObjectRules.ForegroundFinalizer);

    /// <summary>True when it waits until its dependents know it no more.</summary>
    public bool Orphans => IsGoing && Finalizers.Contains(ObjectRules.OrphanFinalizer);
}

/// <summary>Who owns whom, by uid, of every kind that is cached (kubernetes pkg/controller/garbagecollector/graph_builder.go). From any thread.</summary>
internal sealed class OwnerGraph
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, OwnedObject> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _dependents = new(StringComparer.Ordinal);

    /// <summary>Follows the caches.</summary>
    /// <param name="caches">The caches.</param>
    /// <param name="concerns">Takes the uids of objects to look at.</param>
    public void Follow(IEnumerable<IObjectCache> caches, Action<string> concerns)
    {
        foreach (IObjectCache cache in caches)
        {
            cache.Subscribe((before, after) =>
            {
                if (before is null && after is null)
                    return;
                foreach (string uid in Change(cache.Kind, before, after))
                    concerns(uid);
            });
        }
    }

    /// <summary>An object, or null.</summary>
    public OwnedObject? Find(string uid)
    {
        lock (_lock)
            return _objects.GetValueOrDefault(uid);
    }

    /// <summary>The objects that name a uid as an owner.</summary>
    public IReadOnlyList<OwnedObject> DependentsOf(string uid)
    {
        lock (_lock)
            return [.. _dependents.GetValueOrDefault(uid, []).Select(each => _objects[each]).OrderBy(each => each.Kind.Plural, StringComparer.Ordinal).ThenBy(each => each.Space, StringComparer.Ordinal).ThenBy(each => each.Name, StringComparer.Ordinal)];
    }

    private List<string> Change(KindDescriptor kind, IKubernetesObject<V1ObjectMeta>? before, IKubernetesObject<V1ObjectMeta>? after)
    {
        OwnedObject? old = before is null ? null : Of(kind, before), now = after is null ? null : Of(kind, after);
        var concerned = new List<string>();
        lock (_lock)
        {
            if (old is not null && old.Uid != now?.Uid)
                Remove(old, concerned);
            if (now is null)
                return concerned;
            _objects[now.Uid] = now;
            foreach (string gone in old is null || old.Uid != now.Uid ? [] : Uids(old).Except(Uids(now)))
            {
                Unlink(gone, now.Uid);
                concerned.Add(gone);
            }

            foreach (string owner in Uids(now))
                _dependents.TryAdd(owner, []);
            foreach (string owner in Uids(now))
                _dependents[owner].Add(now.Uid);
            bool changed = old is null || old.Uid != now.Uid || old.IsGoing != now.IsGoing || !old.Finalizers.SequenceEqual(now.Finalizers) || !Uids(old).SequenceEqual(Uids(now));
            if (!changed)
                return concerned;
            if (now.WaitsForDependents || now.Orphans || now.Owners.Any(owner => !_objects.TryGetValue(owner.Uid, out OwnedObject? found) || found.WaitsForDependents))
                concerned.Add(now.Uid);
            if (now.WaitsForDependents)
                concerned.AddRange(_dependents.GetValueOrDefault(now.Uid, []));
        }

        return concerned;
    }

    private void Remove(OwnedObject gone, List<string> concerned)
    {
        _objects.Remove(gone.Uid);
        foreach (string owner in Uids(gone))
        {
            Unlink(owner, gone.Uid);
            concerned.Add(owner);
        }

        concerned.AddRange(_dependents.GetValueOrDefault(gone.Uid, []));
    }

    private void Unlink(string owner, string dependent)
    {
        if (_dependents.TryGetValue(owner, out HashSet<string>? dependents) && dependents.Remove(dependent) && dependents.Count == 0)
            _dependents.Remove(owner);
    }

    private static IEnumerable<string> Uids(OwnedObject each) => each.Owners.Select(owner => owner.Uid);

    private static OwnedObject Of(KindDescriptor kind, IKubernetesObject<V1ObjectMeta> model)
    {
        V1ObjectMeta metadata = model.Metadata;
        return new OwnedObject(kind, metadata.NamespaceProperty ?? "", metadata.Name, metadata.Uid, [.. metadata.OwnerReferences ?? []], [.. metadata.Finalizers ?? []], metadata.DeletionTimestamp is not null);
    }
}
