using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Controllers.Scheduling;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>
/// Keeps a pod of a DaemonSet on each node that may have it (kubernetes pkg/controller/daemon/daemon_controller.go, update.go); the scheduler
/// binds the pods, which name their node by affinity. A rolling update goes by maxUnavailable; maxSurge is not carried out.
/// </summary>
/// <param name="caches">What it sees.</param>
public sealed class DaemonSetController(ClusterCaches caches) : Controller
{
    private const string Generation = "pod-template-generation";

    // util/daemonset_util.go, AddOrUpdateDaemonPodTolerations.
    private static readonly (string Key, string Effect)[] Tolerated =
    [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];

    private readonly KindDescriptor _kind = caches.Kinds.Of<V1DaemonSet>(), _pods = caches.Kinds.Of<V1Pod>(), _revisions = caches.Kinds.Of<V1ControllerRevision>();

    /// <inheritdoc/>
    public override string Name => "daemonset-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.DaemonSets.Changed += change => queue.Add(ObjectKey.Of(change.Latest));
        PodOwners.Watch(caches.Pods, caches.DaemonSets, _kind, set => set.Spec.Selector, queue);
        PodOwners.Watch(caches.ControllerRevisions, caches.DaemonSets, _kind, set => set.Spec.Selector, queue);
        caches.Nodes.Changed += change =>
        {
            if (change is { Before: { } before, After: { } after } && ModelCopy.Same(before.Spec, after.Spec) && ModelCopy.Same(before.Metadata.Labels, after.Metadata.Labels))
                return;
            foreach (V1DaemonSet set in caches.DaemonSets.Snapshot.All)
                queue.Add(ObjectKey.Of(set));
        };
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        (string space, string name) = ObjectKey.Split(key);
        if (caches.DaemonSets.Snapshot.Find(space, name) is not { } set || Labels.SelectorOf(set.Spec.Selector) is not { } selector)
            return Step.Nothing;
        var writes = new List<ApiWrite>();
        var events = new List<EventWrite>();
        List<V1Pod> pods = OwnerRules.Claim(set, _kind, caches.Pods.Snapshot.InNamespace(space), _pods, selector, writes);
        if (set.Metadata.DeletionTimestamp is not null)
            return new Step(writes);
        var history = new TemplateHistory(set, _kind, _revisions, caches.ControllerRevisions.Snapshot.ControlledBy(set.Metadata.Uid));
        V1ControllerRevision current = history.Current(set.Spec.Template, set.Spec.Selector.MatchLabels, set.Status?.CollisionCount, writes);
        string hash = TemplateHistory.HashOf(current);
        var placed = pods.ToLookup(NodeOf);
        var nodes = caches.Nodes.Snapshot.All.Select(node => (Node: node, Should: Should(set, node))).ToArray();
        var doomed = new Dictionary<string, V1Pod>(StringComparer.Ordinal);
        var missing = new List<string>();
        foreach ((V1Node node, (bool runs, bool stays)) in nodes)
            Place(set, node.Metadata.Name, [.. placed[node.Metadata.Name]], runs, stays, missing, doomed, events);
        // Pods on nodes that are gone are the pod collector's.
        if (set.Spec.UpdateStrategy?.Type != "OnDelete")
            Roll(set, hash, placed, nodes, doomed, now);
        V1DaemonSetStatus status = StatusOf(set, hash, placed, nodes, now);
        if (!ModelCopy.Same(status, set.Status))
            writes.Add(new UpdateWrite<V1DaemonSet>(set with { Status = status }, "status") { Tolerates = [404] });
        writes.AddRange(doomed.Values.Select(pod => Delete(set, pod)));
        writes.AddRange(missing.Select(node => new CreateWrite<V1Pod>(NewPod(set, hash, node)) { IsIndependent = true, Tells = EventWrite.Of(set, _kind, "Normal", "SuccessfulCreate", "Created pod: {0}") }));
        history.Truncate(set.Spec.RevisionHistoryLimit ?? 10, pods.Select(pod => Labels.Get(pod, TemplateHistory.HashLabel)).Append(hash), writes);
        return new Step(writes, PodState.NextAvailable(pods, set.Spec.MinReadySeconds ?? 0, now)) { Events = events };
    }

    // nodeShouldRunDaemonPod: whether a new pod comes, and whether one that is there stays.
    private static (bool Runs, bool Stays) Should(V1DaemonSet set, V1Node node)
    {
        V1PodSpec spec = set.Spec.Template.Spec;
        if ((spec.NodeName is { Length: > 0 } only && only != node.Metadata.Name) || !NodeMatch.IsWanted(spec, node))
            return (false, false);
        List<V1Toleration> tolerations = Tolerations(spec);
        if (NodeMatch.Untolerated(node, tolerations, "NoSchedule", "NoExecute") is null)
            return (true, true);
        return (false, NodeMatch.Untolerated(node, tolerations, "NoExecute") is null);
    }

    // podsShouldBeOnNode.
    private void Place(V1DaemonSet set, string node, V1Pod[] there, bool runs, bool stays, List<string> missing, Dictionary<string, V1Pod> doomed, List<EventWrite> events)
    {
        if (there.Length == 0)
        {
            if (runs)
                missing.Add(node);
            return;
        }

        V1Pod[] living = [.. there.Where(pod => !pod.IsTerminating())];
        if (!stays)
        {
            foreach (V1Pod pod in living)
                doomed[pod.Metadata.Uid] = pod;
            return;
        }

        foreach (V1Pod pod in living.Where(pod => pod.IsTerminal()))
        {
            doomed[pod.Metadata.Uid] = pod;
            events.Add(EventWrite.Of(set, _kind, pod.Status.Phase == "Failed" ? "Warning" : "Normal", pod.Status.Phase == "Failed" ? "FailedDaemonPod" : "SucceededDaemonPod", $"Found {(pod.Status.Phase == "Failed" ? "failed" : "succeeded")} daemon pod {pod.Metadata.NamespaceProperty}/{pod.Metadata.Name} on node {node}, will try to {(pod.Status.Phase == "Failed" ? "kill" : "delete")} it"));
        }

        // Of several the oldest stays.
        foreach (V1Pod pod in living.Where(pod => !pod.IsTerminal()).OrderByDescending(pod => !string.IsNullOrEmpty(pod.Spec.NodeName)).ThenBy(pod => pod.Metadata.CreationTimestamp).ThenBy(pod => pod.Metadata.Name, StringComparer.Ordinal).Skip(1))
            doomed[pod.Metadata.Uid] = pod;
    }

    // rollingUpdate: what does not work is replaced at once, what works as far as maxUnavailable lets it.
    private static void Roll(V1DaemonSet set, string hash, ILookup<string, V1Pod> placed, (V1Node Node, (bool Runs, bool Stays) Should)[] nodes, Dictionary<string, V1Pod> doomed, DateTimeOffset now)
    {
        int desired = nodes.Count(each => each.Should.Runs);
        int most = Math.Max(1, RollingBounds.Scaled(set.Spec.UpdateStrategy?.RollingUpdate?.MaxUnavailable ?? "1", desired, true)), unavailable = 0;
        var candidates = new List<V1Pod>();
        foreach ((V1Node node, _) in nodes.Where(each => each.Should.Runs))
        {
            V1Pod[] living = [.. placed[node.Metadata.Name].Where(pod => pod.IsActive() && !doomed.ContainsKey(pod.Metadata.Uid))];
            V1Pod? old = living.FirstOrDefault(pod => Labels.Get(pod, TemplateHistory.HashLabel) != hash);
            bool works = living.Any(pod => pod.IsAvailable(set.Spec.MinReadySeconds ?? 0, now));
            if (!works)
                unavailable++;
            if (old is null)
                continue;
            if (works)
                candidates.Add(old);
            else
                doomed[old.Metadata.Uid] = old;
        }

        foreach (V1Pod pod in candidates.Take(Math.Max(0, most - unavailable)))
            doomed[pod.Metadata.Uid] = pod;
    }

    private static V1DaemonSetStatus StatusOf(V1DaemonSet set, string hash, ILookup<string, V1Pod> placed, (V1Node Node, (bool Runs, bool Stays) Should)[] nodes, DateTimeOffset now)
    {
        int desired = 0, current = 0, misplaced = 0, ready = 0, updated = 0, available = 0;
        foreach ((V1Node node, (bool runs, _)) in nodes)
        {
            V1Pod? oldest = placed[node.Metadata.Name].OrderBy(pod => pod.Metadata.CreationTimestamp).ThenBy(pod => pod.Metadata.Name, StringComparer.Ordinal).FirstOrDefault();
            if (!runs)
            {
                misplaced += oldest is null ? 0 : 1;
                continue;
            }

            desired++;
            if (oldest is null)
                continue;
            current++;
            ready += oldest.IsReady() ? 1 : 0;
            available += oldest.IsAvailable(set.Spec.MinReadySeconds ?? 0, now) ? 1 : 0;
            updated += Labels.Get(oldest, TemplateHistory.HashLabel) == hash ? 1 : 0;
        }

        return new V1DaemonSetStatus
        {
            DesiredNumberScheduled = desired,
            CurrentNumberScheduled = current,
            NumberMisscheduled = misplaced,
            NumberReady = ready,
            UpdatedNumberScheduled = updated == 0 ? null : updated,
            NumberAvailable = available == 0 ? null : available,
            NumberUnavailable = desired == available ? null : desired - available,
            ObservedGeneration = set.Metadata.Generation,
            CollisionCount = set.Status?.CollisionCount,
            Conditions = set.Status?.Conditions,
        };
    }

    private V1Pod NewPod(V1DaemonSet set, string hash, string node)
    {
        V1Pod pod = PodTemplates.NewPod(set.Spec.Template, set, _kind);
        pod.Metadata.Labels[TemplateHistory.HashLabel] = hash;
        pod.Metadata.Labels[Generation] = Labels.Get(set, "deprecated.daemonset.template.generation") is { Length: > 0 } old ? old : (set.Metadata.Generation ?? 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        pod.Spec.Tolerations = Tolerations(pod.Spec);
        // ReplaceDaemonSetPodNodeNameNodeAffinity.
        var here = new V1NodeSelectorRequirement { Key = "metadata.name", OperatorProperty = "In", Values = [node] };
        pod.Spec.Affinity ??= new V1Affinity();
        pod.Spec.Affinity.NodeAffinity ??= new V1NodeAffinity();
        IList<V1NodeSelectorTerm>? terms = pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms;
        pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = new V1NodeSelector
        {
            NodeSelectorTerms = [.. (terms is { Count: > 0 } ? terms : [new V1NodeSelectorTerm()]).Select(term => term with { MatchFields = [here] })],
        };
        return pod;
    }

    private static List<V1Toleration> Tolerations(V1PodSpec spec)
    {
        List<V1Toleration> all = [.. spec.Tolerations ?? []];
        IEnumerable<(string Key, string Effect)> added = spec.HostNetwork == true ? Tolerated.Append(("node.kubernetes.io/network-unavailable", "NoSchedule")) : Tolerated;
        all.AddRange(added.Where(each => !all.Any(own => own.Key == each.Key && own.Effect == each.Effect)).Select(each => new V1Toleration { Key = each.Key, OperatorProperty = "Exists", Effect = each.Effect }));
        return all;
    }

    // A pod that is not bound yet names its node (util.GetTargetNodeName).
    private static string NodeOf(V1Pod pod)
    {
        if (pod.Spec.NodeName is { Length: > 0 } bound)
            return bound;
        return pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms?
            .SelectMany(term => term.MatchFields ?? [])
            .FirstOrDefault(each => each is { Key: "metadata.name", OperatorProperty: "In", Values.Count: 1 })?.Values[0] ?? "";
    }

    private DeleteWrite Delete(V1DaemonSet set, V1Pod pod) =>
        new(_pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, new DeleteOptions(Uid: pod.Metadata.Uid))
        {
            Tolerates = [404],
            Tells = EventWrite.Of(set, _kind, "Normal", "SuccessfulDelete", "Deleted pod: {0}"),
        };
}
