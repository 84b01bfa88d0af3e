using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>Rolls Deployments out over ReplicaSets (kubernetes pkg/controller/deployment/deployment_controller.go, sync.go).</summary>
/// <param name="caches">What it sees.</param>
public sealed class DeploymentController(ClusterCaches caches) : Controller
{
    private readonly KindDescriptor _kind = caches.Kinds.Of<V1Deployment>(), _sets = caches.Kinds.Of<V1ReplicaSet>();

    /// <inheritdoc/>
    public override string Name => "deployment-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.Deployments.Changed += change => queue.Add(ObjectKey.Of(change.Latest));
        PodOwners.Watch(caches.ReplicaSets, caches.Deployments, _kind, deployment => deployment.Spec.Selector, queue);
        // Recreate waits for the last pod to be gone.
        caches.Pods.Changed += change =>
        {
            if (change.After?.IsTerminal() == false || OwnerRules.ControllerOf(change.Latest) is not { Kind: "ReplicaSet" } owner)
                return;
            string space = change.Latest.Metadata.NamespaceProperty;
            if (caches.ReplicaSets.Snapshot.Find(space, owner.Name) is { } set && OwnerRules.ControllerOf(set) is { Kind: "Deployment" } deployment)
                queue.Add(ObjectKey.Of(space, deployment.Name));
        };
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        (string space, string name) = ObjectKey.Split(key);
        if (caches.Deployments.Snapshot.Find(space, name) is not { } found || Labels.SelectorOf(found.Spec.Selector) is not { } selector)
            return Step.Nothing;
        V1Deployment deployment = ModelCopy.Of(found);
        deployment.Status ??= new V1DeploymentStatus();
        var writes = new List<ApiWrite>();
        List<V1ReplicaSet> claimed = OwnerRules.Claim(deployment, _kind, caches.ReplicaSets.Snapshot.InNamespace(space), _sets, selector, writes);
        var rollout = new DeploymentRollout(deployment, _kind, [.. claimed.Select(set => new RolledSet(ModelCopy.Of(set), false))], now);
        if (deployment.Metadata.DeletionTimestamp is not null)
            rollout.Observe();
        else if (deployment.Spec.Paused == true || rollout.IsScaling)
            rollout.Scale();
        else if (RollingBounds.IsRolling(deployment))
            rollout.Roll();
        else
            rollout.Recreate(HasOldPods);
        foreach (RolledSet set in rollout.Written)
        {
            writes.Add(set.IsNew
                ? new CreateWrite<V1ReplicaSet>(set.Model) { Tells = rollout.ScaledEvent(set) }
                : new UpdateWrite<V1ReplicaSet>(set.Model) { Tells = rollout.ScaledEvent(set) });
        }

        writes.AddRange(rollout.Forgotten.Select(set => new DeleteWrite(_sets, space, set.Name, new DeleteOptions(Uid: set.Model.Metadata.Uid)) { Tolerates = [404] }));
        if (Collides(rollout, space))
            return new Step([new UpdateWrite<V1Deployment>(CountCollision(found), "status")]);
        if (!ModelCopy.Same(found.Status, deployment.Status) || !ModelCopy.Same(found.Metadata.Annotations, deployment.Metadata.Annotations))
            writes.Add(new UpdateWrite<V1Deployment>(deployment, "status") { Tolerates = [404] });
        return new Step(writes, DeploymentConditions.UntilDeadline(deployment, deployment.Status, now));
    }

    /// <inheritdoc/>
    public override EventWrite? Failed(string key, ApiWrite write, ApiException error)
    {
        (string space, string name) = ObjectKey.Split(key);
        if (write is not CreateWrite<V1ReplicaSet> create || error.Reason == "AlreadyExists" || caches.Deployments.Snapshot.Find(space, name) is not { } deployment)
            return null;
        return EventWrite.Of(deployment, _kind, "Warning", "ReplicaSetCreateError", $"Failed to create new replica set \"{create.Model.Metadata.Name}\": {error.Message}");
    }

    // Someone else's ReplicaSet, or one with another template, has the name that the hash gives: the next hash is another one.
    private bool Collides(DeploymentRollout rollout, string space) =>
        rollout.Written.Any(set => set.IsNew && caches.ReplicaSets.Snapshot.Find(space, set.Name) is not null);

    private static V1Deployment CountCollision(V1Deployment found)
    {
        V1Deployment deployment = ModelCopy.Of(found);
        deployment.Status ??= new V1DeploymentStatus();
        deployment.Status.CollisionCount = (deployment.Status.CollisionCount ?? 0) + 1;
        return deployment;
    }

    // oldPodsRunning (recreate.go).
    private bool HasOldPods(RolledSet? newest, IReadOnlyList<RolledSet> old) =>
        old.Any(set => set.Actual > 0)
        || old.Where(set => set != newest).SelectMany(set => caches.Pods.Snapshot.ControlledBy(set.Model.Metadata.Uid)).Any(pod => !pod.IsTerminal());
}
