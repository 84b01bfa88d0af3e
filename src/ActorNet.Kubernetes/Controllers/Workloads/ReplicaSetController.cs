using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Selectors;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>
/// Keeps as many pods as a ReplicaSet asks for (kubernetes pkg/controller/replicaset/replica_set.go, replica_set_utils.go). What it wrote is
/// in the caches before its next step, which is what upstream's expectations are for.
/// </summary>
/// <param name="caches">What it sees.</param>
public sealed class ReplicaSetController(ClusterCaches caches) : Controller
{
    /// <summary>The most pods that a step makes or deletes (BurstReplicas).</summary>
    public const int BurstReplicas = 500;

    private readonly KindDescriptor _kind = caches.Kinds.Of<V1ReplicaSet>(), _pods = caches.Kinds.Of<V1Pod>();

    // What the API said when a pod could not be made or deleted, until a step succeeds.
    private readonly Dictionary<string, (string Reason, string Message)> _failed = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Name => "replicaset-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.ReplicaSets.Changed += change => queue.Add(ObjectKey.Of(change.Latest));
        PodOwners.Watch(caches.Pods, caches.ReplicaSets, _kind, set => set.Spec.Selector, queue);
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        (string space, string name) = ObjectKey.Split(key);
        if (caches.ReplicaSets.Snapshot.Find(space, name) is not { } set)
        {
            _failed.Remove(key);
            return Step.Nothing;
        }

        var writes = new List<ApiWrite>();
        ObjectSnapshot<V1Pod> all = caches.Pods.Snapshot;
        LabelSelector? selector = Labels.SelectorOf(set.Spec.Selector);
        List<V1Pod> pods = OwnerRules.Claim(set, _kind, all.InNamespace(space).Where(pod => pod.IsActive()), _pods, selector, writes);
        int wanted = set.Spec.Replicas ?? 1;
        if (set.Metadata.DeletionTimestamp is null)
            Manage(set, pods, wanted, all, now, writes);
        if (writes.Count == 0)
            _failed.Remove(key);
        V1ReplicaSetStatus status = StatusOf(set, pods, _failed.GetValueOrDefault(key), now);
        // The status is written first: pods that cannot be made must not keep it back.
        if (!ModelCopy.Same(status, set.Status))
            writes.Insert(0, new UpdateWrite<V1ReplicaSet>(set with { Status = status }, "status") { Tolerates = [404] });
        return new Step(writes, PodState.NextAvailable(pods, set.Spec.MinReadySeconds ?? 0, now));
    }

    /// <inheritdoc/>
    public override EventWrite? Failed(string key, ApiWrite write, ApiException error)
    {
        (string space, string name) = ObjectKey.Split(key);
        if (write is not (CreateWrite<V1Pod> or DeleteWrite) || caches.ReplicaSets.Snapshot.Find(space, name) is not { } set)
            return null;
        string reason = write is DeleteWrite ? "FailedDelete" : "FailedCreate";
        _failed[key] = (reason, error.Message);
        return EventWrite.Of(set, _kind, "Warning", reason, write is DeleteWrite ? $"Error deleting: {error.Message}" : $"Error creating: {error.Message}");
    }

    private void Manage(V1ReplicaSet set, List<V1Pod> pods, int wanted, ObjectSnapshot<V1Pod> all, DateTimeOffset now, List<ApiWrite> writes)
    {
        for (int missing = Math.Min(wanted - pods.Count, BurstReplicas); missing > 0; missing--)
        {
            writes.Add(new CreateWrite<V1Pod>(PodTemplates.NewPod(set.Spec.Template, set, _kind))
            {
                IsIndependent = true,
                Tells = EventWrite.Of(set, _kind, "Normal", "SuccessfulCreate", "Created pod: {0}"),
            });
        }

        int surplus = Math.Min(pods.Count - wanted, BurstReplicas);
        if (surplus <= 0)
            return;
        foreach (V1Pod pod in pods.Order(new PodRanking(Related(set, all), now)).Take(surplus))
            writes.Add(Delete(set, pod));
    }

    private DeleteWrite Delete(V1ReplicaSet set, V1Pod pod) =>
        new(_pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, new DeleteOptions(Uid: pod.Metadata.Uid))
        {
            IsIndependent = true,
            Tolerates = [404],
            Tells = EventWrite.Of(set, _kind, "Normal", "SuccessfulDelete", "Deleted pod: {0}"),
        };

    // The pods of all ReplicaSets that have the same controller.
    private IEnumerable<V1Pod> Related(V1ReplicaSet set, ObjectSnapshot<V1Pod> all)
    {
        ObjectSnapshot<V1ReplicaSet> sets = caches.ReplicaSets.Snapshot;
        IEnumerable<V1ReplicaSet> related = OwnerRules.ControllerOf(set) is { } owner ? sets.ControlledBy(owner.Uid) : [set];
        return related.SelectMany(each => all.ControlledBy(each.Metadata.Uid));
    }

    private static V1ReplicaSetStatus StatusOf(V1ReplicaSet set, List<V1Pod> pods, (string Reason, string Message) failed, DateTimeOffset now)
    {
        IDictionary<string, string> labels = set.Spec.Template?.Metadata?.Labels ?? new Dictionary<string, string>();
        int delay = set.Spec.MinReadySeconds ?? 0;
        return new V1ReplicaSetStatus
        {
            Replicas = pods.Count,
            FullyLabeledReplicas = Some(pods.Count(pod => labels.All(label => Labels.Get(pod, label.Key) == label.Value))),
            ReadyReplicas = Some(pods.Count(pod => pod.IsReady())),
            AvailableReplicas = Some(pods.Count(pod => pod.IsAvailable(delay, now))),
            ObservedGeneration = set.Metadata.Generation,
            Conditions = Conditions(set, failed, now),
        };
    }

    private static List<V1ReplicaSetCondition>? Conditions(V1ReplicaSet set, (string Reason, string Message) failed, DateTimeOffset now)
    {
        List<V1ReplicaSetCondition> conditions = [.. set.Status?.Conditions?.Where(each => each.Type != "ReplicaFailure") ?? []];
        V1ReplicaSetCondition? before = set.Status?.Conditions?.FirstOrDefault(each => each.Type == "ReplicaFailure");
        if (failed.Reason is { Length: > 0 } reason)
        {
            conditions.Add(before?.Reason == reason && before.Status == "True"
                ? before with { Message = failed.Message }
                : new V1ReplicaSetCondition { Type = "ReplicaFailure", Status = "True", Reason = reason, Message = failed.Message, LastTransitionTime = now.UtcDateTime.TruncateToSeconds() });
        }

        return conditions.Count == 0 ? null : conditions;
    }

    // Go leaves zeros of optional fields out.
    private static int? Some(int count) => count == 0 ? null : count;
}
