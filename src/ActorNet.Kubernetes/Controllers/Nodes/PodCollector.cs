using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Nodes;

/// <summary>Deletes pods that no kubelet will ever end: of Nodes that are gone, or never bound and being deleted; and the oldest of too many that ended (kubernetes pkg/controller/podgc/gc_controller.go).</summary>
/// <param name="caches">What it sees.</param>
/// <param name="timing">How long a Node must be gone: the grace period, which for upstream's defaults is upstream's quarantine of 40 s; it looks twice in that time.</param>
public sealed class PodCollector(ClusterCaches caches, NodeTiming timing) : Controller
{
    /// <summary>How many ended pods may stay (--terminated-pod-gc-threshold).</summary>
    public const int TerminatedThreshold = 12_500;

    private const string Key = "pods";

    // quarantineTime and gcCheckPeriod.
    private readonly TimeSpan _quarantine = timing.GracePeriod, _period = timing.GracePeriod / 2;

    private readonly KindDescriptor _pods = caches.Kinds.Of<V1Pod>();
    private readonly Dictionary<string, DateTimeOffset> _missing = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Name => "pod-garbage-collector";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.Pods.Changed += _ => queue.AddAfter(Key, _period);
        caches.Nodes.Changed += change =>
        {
            if (change.After is null)
                queue.AddAfter(Key, _period);
        };
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        V1Pod[] pods = [.. caches.Pods.Snapshot.All];
        HashSet<string> nodes = [.. caches.Nodes.Snapshot.All.Select(node => node.Metadata.Name)];
        foreach (string back in _missing.Keys.Where(nodes.Contains).ToArray())
            _missing.Remove(back);
        var writes = new List<ApiWrite>();
        foreach (V1Pod pod in pods)
        {
            string node = pod.Spec.NodeName ?? "";
            if (node.Length > 0 && !nodes.Contains(node))
            {
                if (_missing.TryAdd(node, now) || now - _missing[node] < _quarantine)
                    continue;
                if (!pod.IsTerminal())
                    writes.Add(Disruption.Write(_pods, pod, "DeletionByPodGC", "PodGC: node no longer exists", now, "Failed"));
                writes.Add(Delete(pod));
            }
            else if (node.Length == 0 && pod.IsTerminating())
            {
                writes.Add(Delete(pod));
            }
        }

        V1Pod[] ended = [.. pods.Where(pod => pod.IsTerminal() && !pod.IsTerminating()).OrderBy(pod => pod.Metadata.CreationTimestamp)];
        writes.AddRange(ended.Take(Math.Max(0, ended.Length - TerminatedThreshold)).Select(Delete));
        return new Step(writes, _missing.Count > 0 ? _period : null);
    }

    private DeleteWrite Delete(V1Pod pod) =>
        new(_pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, new DeleteOptions(0, Uid: pod.Metadata.Uid)) { Tolerates = [404] };
}
