using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Kinds;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>Whom a change of an object concerns (upstream's addPod, updatePod and deletePod of each workload's controller).</summary>
internal static class PodOwners
{
    /// <summary>Adds the keys of owners when what they own changes, and of all that may adopt an orphan.</summary>
    /// <param name="owned">The objects that are owned.</param>
    /// <param name="owners">The owners.</param>
    /// <param name="kind">The owners' kind.</param>
    /// <param name="selector">What an owner selects.</param>
    /// <param name="queue">Takes the keys.</param>
    public static void Watch<TOwned, TOwner>(IObjectCache<TOwned> owned, IObjectCache<TOwner> owners, KindDescriptor kind, Func<TOwner, V1LabelSelector?> selector, WorkQueue queue)
        where TOwned : class, IKubernetesObject<V1ObjectMeta>
        where TOwner : class, IKubernetesObject<V1ObjectMeta>
    {
        owned.Changed += change =>
        {
            V1OwnerReference? before = change.Before is { } old ? OwnerRules.ControllerOf(old) : null;
            V1OwnerReference? after = change.After is { } now ? OwnerRules.ControllerOf(now) : null;
            string space = change.Latest.Metadata.NamespaceProperty ?? "";
            foreach (V1OwnerReference? owner in new[] { before, after?.Uid == before?.Uid ? null : after })
            {
                if (owner?.Kind == kind.Kind && owner.ApiVersion == kind.ApiVersion)
                    queue.Add(ObjectKey.Of(space, owner.Name));
            }

            if (change.After is not { } orphan || after is not null)
                return;
            foreach (TOwner each in owners.Snapshot.InNamespace(space))
            {
                if (Controllers.Labels.Meet(Controllers.Labels.SelectorOf(selector(each)), orphan.Metadata.Labels))
                    queue.Add(ObjectKey.Of(each));
            }
        };
    }
}
