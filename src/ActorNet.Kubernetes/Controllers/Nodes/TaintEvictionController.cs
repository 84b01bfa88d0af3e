using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Controllers.Scheduling;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Nodes;

/// <summary>Deletes pods from Nodes whose NoExecute taints they do not tolerate, or no longer (kubernetes pkg/controller/tainteviction/taint_eviction.go).</summary>
/// <param name="caches">What it sees.</param>
public sealed class TaintEvictionController(ClusterCaches caches) : Controller
{
    private readonly KindDescriptor _pods = caches.Kinds.Of<V1Pod>();

    // Since when a pod has been on a Node with taints that carry no time.
    private readonly Dictionary<string, (string Uid, DateTimeOffset First)> _since = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Name => "taint-eviction-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.Nodes.Changed += change =>
        {
            if (change is { Before: { } before, After: { } after } && ModelCopy.Same(before.Spec, after.Spec))
                return;
            foreach (V1Pod pod in caches.Pods.Snapshot.By(ClusterCaches.NodeIndex, change.Latest.Metadata.Name))
                queue.Add(ObjectKey.Of(pod));
        };
        caches.Pods.Changed += change =>
        {
            if (change.After is { Spec.NodeName.Length: > 0 } after && change.Before?.Spec.NodeName != after.Spec.NodeName)
                queue.Add(ObjectKey.Of(after));
        };
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        (string space, string name) = ObjectKey.Split(key);
        V1Pod? pod = caches.Pods.Snapshot.Find(space, name);
        V1Node? node = pod?.Spec.NodeName is { Length: > 0 } on ? caches.Nodes.Snapshot.Find("", on) : null;
        V1Taint[] taints = [.. node?.Spec?.Taints?.Where(taint => taint.Effect == "NoExecute") ?? []];
        if (pod is null || taints.Length == 0 || pod.IsTerminating())
        {
            _since.Remove(key);
            return Step.Nothing;
        }

        if (taints.Any(taint => pod.Spec.Tolerations?.Any(each => NodeMatch.Tolerates(each, taint)) != true))
            return Evict(pod, now);
        long[] bounds = [.. pod.Spec.Tolerations.Where(each => taints.Any(taint => NodeMatch.Tolerates(each, taint)) && each.TolerationSeconds is not null).Select(each => Math.Max(0, each.TolerationSeconds!.Value))];
        if (bounds.Length == 0)
            return Step.Nothing;
        if (!_since.TryGetValue(key, out (string Uid, DateTimeOffset First) seen) || seen.Uid != pod.Metadata.Uid)
            _since[key] = seen = (pod.Metadata.Uid, taints.Max(taint => taint.TimeAdded) is { } added ? new DateTimeOffset(DateTime.SpecifyKind(added, DateTimeKind.Utc)) : now);
        TimeSpan left = seen.First + TimeSpan.FromSeconds(bounds.Min()) - now;
        return left > TimeSpan.Zero ? new Step([], left) : Evict(pod, now);
    }

    private Step Evict(V1Pod pod, DateTimeOffset now)
    {
        string space = pod.Metadata.NamespaceProperty, name = pod.Metadata.Name;
        return new Step(
        [
            Disruption.Write(_pods, pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", now),
            new DeleteWrite(_pods, space, name, new DeleteOptions(Uid: pod.Metadata.Uid)) { Tolerates = [404] },
        ])
        {
            Events = [EventWrite.Of(pod, _pods, "Normal", "TaintManagerEviction", $"Marking for deletion Pod {space}/{name}")],
        };
    }
}
