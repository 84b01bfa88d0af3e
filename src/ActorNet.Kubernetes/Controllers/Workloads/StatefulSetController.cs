using System.Globalization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>
/// Keeps the numbered pods of StatefulSets (kubernetes pkg/controller/statefulset: stateful_set.go, stateful_set_control.go,
/// stateful_set_utils.go). There are no PersistentVolumeClaims here: volumeClaimTemplates give each pod an emptyDir of the same name, which
/// lives as long as the pod.
/// </summary>
/// <param name="caches">What it sees.</param>
public sealed class StatefulSetController(ClusterCaches caches) : Controller
{
    private readonly KindDescriptor _kind = caches.Kinds.Of<V1StatefulSet>(), _pods = caches.Kinds.Of<V1Pod>(), _revisions = caches.Kinds.Of<V1ControllerRevision>();

    /// <inheritdoc/>
    public override string Name => "statefulset-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.StatefulSets.Changed += change => queue.Add(ObjectKey.Of(change.Latest));
        PodOwners.Watch(caches.Pods, caches.StatefulSets, _kind, set => set.Spec.Selector, queue);
        PodOwners.Watch(caches.ControllerRevisions, caches.StatefulSets, _kind, set => set.Spec.Selector, queue);
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        (string space, string name) = ObjectKey.Split(key);
        if (caches.StatefulSets.Snapshot.Find(space, name) is not { } set || Labels.SelectorOf(set.Spec.Selector) is not { } selector)
            return Step.Nothing;
        var writes = new List<ApiWrite>();
        List<V1Pod> pods = OwnerRules.Claim(set, _kind, caches.Pods.Snapshot.InNamespace(space), _pods, selector, writes, pod => OrdinalOf(set, pod) is not null);
        if (set.Metadata.DeletionTimestamp is not null)
            return new Step(writes);
        var history = new TemplateHistory(set, _kind, _revisions, caches.ControllerRevisions.Snapshot.ControlledBy(set.Metadata.Uid));
        V1ControllerRevision update = history.Current(set.Spec.Template, set.Spec.Selector.MatchLabels, set.Status?.CollisionCount, writes);
        V1ControllerRevision current = history.All.FirstOrDefault(each => each.Metadata.Name == set.Status?.CurrentRevision) ?? update;
        var rollout = new Rollout(set, pods, current, update, now);
        List<ApiWrite> changes = Next(rollout);
        V1StatefulSetStatus status = rollout.Status();
        if (!ModelCopy.Same(status, set.Status))
            writes.Add(new UpdateWrite<V1StatefulSet>(set with { Status = status }, "status") { Tolerates = [404] });
        writes.AddRange(changes);
        history.Truncate(set.Spec.RevisionHistoryLimit ?? 10, pods.Select(HashOf).Append(TemplateHistory.HashOf(update)).Append(TemplateHistory.HashOf(current)), writes);
        return new Step(writes, PodState.NextAvailable(pods, set.Spec.MinReadySeconds ?? 0, now));
    }

    /// <inheritdoc/>
    public override EventWrite? Failed(string key, ApiWrite write, ApiException error)
    {
        (string space, string name) = ObjectKey.Split(key);
        if (write is not CreateWrite<V1Pod> create || caches.StatefulSets.Snapshot.Find(space, name) is not { } set)
            return null;
        return EventWrite.Of(set, _kind, "Warning", "FailedCreate", $"create Pod {create.Model.Metadata.Name} in StatefulSet {name} failed error: {error.Message}");
    }

    // updateStatefulSet: in order one pod at a time, in parallel all at once.
    private List<ApiWrite> Next(Rollout rollout)
    {
        var writes = new List<ApiWrite>();
        foreach ((int ordinal, V1Pod? pod) in rollout.Replicas)
        {
            bool waits = false;
            if (pod is null)
            {
                writes.Add(Create(rollout, ordinal));
                waits = true;
            }
            else if (pod.IsTerminal() && !pod.IsTerminating())
            {
                writes.Add(Delete(rollout.Set, pod, pod.Status.Phase == "Failed" ? "RecreatingFailedPod" : "RecreatingTerminatedPod"));
                waits = true;
            }
            else if (pod.IsTerminating() || !rollout.IsAvailable(pod))
            {
                waits = true;
            }

            if (waits && rollout.IsOrdered)
                return writes;
        }

        foreach (V1Pod pod in rollout.Condemned)
        {
            // The first of all pods that does not work may go while it does not; another one waits for it.
            if (rollout.IsOrdered && (pod.IsTerminating() || (!IsHealthy(pod) && pod != rollout.FirstUnhealthy)))
                return writes;
            if (!pod.IsTerminating())
                writes.Add(Delete(rollout.Set, pod, "SuccessfulDelete"));
            if (rollout.IsOrdered)
                return writes;
        }

        if (rollout.Set.Spec.UpdateStrategy?.Type == "OnDelete" || writes.Count > 0)
            return writes;
        return Roll(rollout);
    }

    // From the last pod to the partition; each has to work before the next is replaced.
    private List<ApiWrite> Roll(Rollout rollout)
    {
        int partition = rollout.Set.Spec.UpdateStrategy?.RollingUpdate?.Partition ?? 0;
        foreach ((int ordinal, V1Pod? pod) in rollout.Replicas.Reverse())
        {
            if (pod is null || ordinal - rollout.Start < partition)
                break;
            if (HashOf(pod) != TemplateHistory.HashOf(rollout.Update) && !pod.IsTerminating())
                return [Delete(rollout.Set, pod, "SuccessfulDelete")];
            if (!IsHealthy(pod) || pod.IsTerminating() || !rollout.IsAvailable(pod))
                break;
        }

        return [];
    }

    private CreateWrite<V1Pod> Create(Rollout rollout, int ordinal) => new(NewPod(rollout, ordinal))
    {
        Tolerates = [],
        Tells = EventWrite.Of(rollout.Set, _kind, "Normal", "SuccessfulCreate", $"create Pod {rollout.Set.Metadata.Name}-{ordinal.ToString(CultureInfo.InvariantCulture)} in StatefulSet {rollout.Set.Metadata.Name} successful"),
    };

    private DeleteWrite Delete(V1StatefulSet set, V1Pod pod, string reason)
    {
        string message = reason == "SuccessfulDelete"
            ? $"delete Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful"
            : $"StatefulSet {set.Metadata.NamespaceProperty}/{set.Metadata.Name} is recreating {(reason == "RecreatingFailedPod" ? "failed" : "terminated")} Pod {pod.Metadata.Name}";
        return new DeleteWrite(_pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, new DeleteOptions(Uid: pod.Metadata.Uid))
        {
            Tolerates = [404],
            Tells = EventWrite.Of(set, _kind, reason == "SuccessfulDelete" ? "Normal" : "Warning", reason, message),
        };
    }

    // newVersionedStatefulSetPod.
    private V1Pod NewPod(Rollout rollout, int ordinal)
    {
        V1StatefulSet set = rollout.Set;
        int partition = set.Spec.UpdateStrategy?.RollingUpdate?.Partition ?? 0;
        // Without a partition, which OnDelete has none of, as many as are still of the current revision stay it.
        bool isCurrent = set.Spec.UpdateStrategy?.RollingUpdate is null ? ordinal < rollout.Start + (set.Status?.CurrentReplicas ?? 0) : ordinal < rollout.Start + partition;
        V1ControllerRevision revision = isCurrent ? rollout.Current : rollout.Update;
        V1PodTemplateSpec template = isCurrent ? TemplateHistory.TemplateOf(revision) : set.Spec.Template;
        V1Pod pod = PodTemplates.NewPod(template, set, _kind);
        pod.Metadata.GenerateName = null;
        pod.Metadata.Name = $"{set.Metadata.Name}-{ordinal.ToString(CultureInfo.InvariantCulture)}";
        pod.Metadata.Labels["statefulset.kubernetes.io/pod-name"] = pod.Metadata.Name;
        pod.Metadata.Labels["apps.kubernetes.io/pod-index"] = ordinal.ToString(CultureInfo.InvariantCulture);
        pod.Metadata.Labels[TemplateHistory.HashLabel] = TemplateHistory.HashOf(revision);
        pod.Spec.Hostname = pod.Metadata.Name;
        pod.Spec.Subdomain = set.Spec.ServiceName;
        foreach (V1PersistentVolumeClaim claim in set.Spec.VolumeClaimTemplates ?? [])
        {
            if (pod.Spec.Volumes?.Any(volume => volume.Name == claim.Metadata.Name) != true)
                pod.Spec.Volumes = [.. pod.Spec.Volumes ?? [], new V1Volume { Name = claim.Metadata.Name, EmptyDir = new V1EmptyDirVolumeSource() }];
        }

        return pod;
    }

    private static string HashOf(V1Pod pod) => Labels.Get(pod, TemplateHistory.HashLabel);

    private static bool IsHealthy(V1Pod pod) => pod.Status?.Phase == "Running" && pod.IsReady();

    // getParentNameAndOrdinal.
    private static int? OrdinalOf(V1StatefulSet set, V1Pod pod)
    {
        string prefix = set.Metadata.Name + "-", name = pod.Metadata.Name;
        return name.StartsWith(prefix, StringComparison.Ordinal) && int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int ordinal) ? ordinal : null;
    }

    /// <summary>What a step thinks about: the pods in their places.</summary>
    private sealed class Rollout
    {
        private readonly List<V1Pod> _pods;
        private readonly DateTimeOffset _now;

        public Rollout(V1StatefulSet set, List<V1Pod> pods, V1ControllerRevision current, V1ControllerRevision update, DateTimeOffset now)
        {
            (Set, Current, Update, _pods, _now) = (set, current, update, pods, now);
            Dictionary<int, V1Pod> byOrdinal = pods.Where(pod => OrdinalOf(set, pod) is not null).ToDictionary(pod => OrdinalOf(set, pod)!.Value);
            Replicas = [.. Enumerable.Range(Start, set.Spec.Replicas ?? 1).Select(ordinal => (ordinal, byOrdinal.GetValueOrDefault(ordinal)))];
            Condemned = [.. byOrdinal.Where(each => each.Key < Start || each.Key >= Start + (set.Spec.Replicas ?? 1)).OrderByDescending(each => each.Key).Select(each => each.Value)];
            FirstUnhealthy = byOrdinal.OrderBy(each => each.Key).Select(each => each.Value).FirstOrDefault(pod => !IsHealthy(pod) || pod.IsTerminating());
        }

        public V1StatefulSet Set { get; }

        public V1ControllerRevision Current { get; }

        public V1ControllerRevision Update { get; }

        public int Start => Set.Spec.Ordinals?.Start ?? 0;

        public bool IsOrdered => Set.Spec.PodManagementPolicy != "Parallel";

        public (int Ordinal, V1Pod? Pod)[] Replicas { get; }

        public V1Pod[] Condemned { get; }

        public V1Pod? FirstUnhealthy { get; }

        public bool IsAvailable(V1Pod pod) => IsHealthy(pod) && pod.IsAvailable(Set.Spec.MinReadySeconds ?? 0, _now);

        // updateStatus and completeRollingUpdate.
        public V1StatefulSetStatus Status()
        {
            V1Pod[] created = [.. _pods.Where(pod => !pod.IsTerminal())];
            V1Pod[] staying = [.. created.Where(pod => !pod.IsTerminating())];
            int ready = created.Count(IsHealthy), current = staying.Count(pod => HashOf(pod) == TemplateHistory.HashOf(Current)), updated = staying.Count(pod => HashOf(pod) == TemplateHistory.HashOf(Update));
            bool isDone = Set.Spec.UpdateStrategy?.Type != "OnDelete" && updated == created.Length && ready == created.Length;
            return new V1StatefulSetStatus
            {
                Replicas = created.Length,
                ReadyReplicas = Some(ready),
                AvailableReplicas = created.Count(IsAvailable),
                CurrentReplicas = Some(isDone ? updated : current),
                UpdatedReplicas = Some(updated),
                CurrentRevision = isDone ? Update.Metadata.Name : Current.Metadata.Name,
                UpdateRevision = Update.Metadata.Name,
                ObservedGeneration = Set.Metadata.Generation,
                CollisionCount = Set.Status?.CollisionCount ?? 0,
                Conditions = Set.Status?.Conditions,
            };
        }

        private static int? Some(int count) => count == 0 ? null : count;
    }
}
