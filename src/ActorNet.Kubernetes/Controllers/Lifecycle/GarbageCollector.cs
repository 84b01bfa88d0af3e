using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Lifecycle;

/// <summary>
/// Deletes what nobody owns any more, and carries out foreground and orphaning deletions (kubernetes
/// pkg/controller/garbagecollector/garbagecollector.go). Its keys are uids.
/// </summary>
/// <param name="caches">What it sees.</param>
public sealed class GarbageCollector(ClusterCaches caches) : Controller
{
    private readonly OwnerGraph _graph = new();

    private enum Owned
    {
        Solid,
        Dangling,
        Waiting,
    }

    /// <inheritdoc/>
    public override string Name => "generic-garbage-collector";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue) => _graph.Follow(caches.All, queue.Add);

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        if (_graph.Find(key) is not { } item)
            return Step.Nothing;
        if (item.Orphans)
            return Orphan(item);
        if (item.WaitsForDependents)
            return AwaitDependents(item);
        return item.IsGoing ? Step.Nothing : Collect(item);
    }

    // orphanDependents: the dependents forget the owner, then the owner may go.
    private Step Orphan(OwnedObject owner)
    {
        IReadOnlyList<OwnedObject> dependents = _graph.DependentsOf(owner.Uid);
        return dependents.Count > 0
            ? new Step([.. dependents.Select(each => Forget(each, [owner.Uid]))])
            : new Step([Finish(owner, ObjectRules.OrphanFinalizer)]);
    }

    // processDeletingDependentsItem: only dependents that block it keep the owner.
    private Step AwaitDependents(OwnedObject owner)
    {
        IReadOnlyList<OwnedObject> dependents = _graph.DependentsOf(owner.Uid);
        bool isBlocked = dependents.Any(each => each.Owners.Any(reference => reference.Uid == owner.Uid && reference.BlockOwnerDeletion == true));
        return isBlocked ? Step.Nothing : new Step([Finish(owner, ObjectRules.ForegroundFinalizer)]);
    }

    // attemptToDeleteItem.
    private Step Collect(OwnedObject item)
    {
        if (item.Owners.Count == 0)
            return Step.Nothing;
        var kinds = item.Owners.ToLookup(StateOf);
        AbsentOwner[] absent = [.. kinds[Owned.Dangling].Select(owner => Absent(item, owner)).OfType<AbsentOwner>()];
        if (kinds[Owned.Solid].Any())
        {
            string[] others = [.. kinds[Owned.Dangling].Concat(kinds[Owned.Waiting]).Select(owner => owner.Uid)];
            return others.Length == 0 ? Step.Nothing : new Step([new CollectWrite(Forget(item, others), item, absent)]);
        }

        if (absent.Length < kinds[Owned.Dangling].Count())
            return Step.Nothing;
        bool hasDependents = _graph.DependentsOf(item.Uid).Count > 0;
        string policy = kinds[Owned.Waiting].Any() && hasDependents ? "Foreground"
            : item.Finalizers.Contains(ObjectRules.OrphanFinalizer) ? "Orphan"
            : item.Finalizers.Contains(ObjectRules.ForegroundFinalizer) ? "Foreground"
            : "Background";
        var delete = new DeleteWrite(item.Kind, item.Space, item.Name, new DeleteOptions(PropagationPolicy: policy, Uid: item.Uid));
        return new Step([new CollectWrite(delete, item, absent) { Tolerates = [404] }]);
    }

    private Owned StateOf(V1OwnerReference owner) => _graph.Find(owner.Uid) switch
    {
        null => Owned.Dangling,
        { WaitsForDependents: true } => Owned.Waiting,
        _ => Owned.Solid,
    };

    // An owner of a kind that is not served may exist for all we know: what names it stays.
    private AbsentOwner? Absent(OwnedObject item, V1OwnerReference owner)
    {
        int slash = owner.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        string group = slash < 0 ? "" : owner.ApiVersion[..slash];
        KindDescriptor? kind = caches.Kinds.All.FirstOrDefault(each => each.Group == group && each.Kind == owner.Kind && each.IsStored);
        return kind is null ? null : new AbsentOwner(kind, kind.IsNamespaced ? item.Space : "", owner.Name, owner.Uid);
    }

    private static PatchWrite Forget(OwnedObject item, IEnumerable<string> owners)
    {
        var list = new JsonArray([.. owners.Select(uid => (JsonNode)new JsonObject { ["$patch"] = "delete", ["uid"] = uid })]);
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = item.Uid, ["ownerReferences"] = list } };
        return new PatchWrite(item.Kind, item.Space, item.Name, PatchForm.Strategic, patch) { Tolerates = [404] };
    }

    private static PatchWrite Finish(OwnedObject item, string finalizer)
    {
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = item.Uid, ["$deleteFromPrimitiveList/finalizers"] = new JsonArray(finalizer) } };
        return new PatchWrite(item.Kind, item.Space, item.Name, PatchForm.Strategic, patch) { Tolerates = [404] };
    }
}
