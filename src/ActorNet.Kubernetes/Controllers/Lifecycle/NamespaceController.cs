using System.Globalization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Lifecycle;

/// <summary>Empties a Namespace that is being deleted, says what is left in it, and lets it go (kubernetes pkg/controller/namespace/deletion/namespaced_resources_deleter.go).</summary>
public sealed class NamespaceController : Controller
{
    private readonly ClusterCaches _caches;
    private readonly KindDescriptor _kind, _events;

    // Each kind's objects of a namespace, as the caches have them.
    private readonly List<(KindDescriptor Kind, Func<string, IEnumerable<IKubernetesObject<V1ObjectMeta>>> In)> _content = [];

    /// <summary>Makes the controller.</summary>
    /// <param name="caches">What it sees.</param>
    public NamespaceController(ClusterCaches caches)
    {
        ArgumentNullException.ThrowIfNull(caches);
        (_caches, _kind, _events) = (caches, caches.Kinds.Of<V1Namespace>(), caches.Kinds.Of<Corev1Event>());
        // Owners before what they own, so that nothing is made again; pods, which take their time, last.
        Add(caches.Deployments);
        Add(caches.DaemonSets);
        Add(caches.StatefulSets);
        Add(caches.Jobs);
        Add(caches.ReplicaSets);
        Add(caches.Services);
        Add(caches.EndpointSlices);
        Add(caches.Endpoints);
        Add(caches.ControllerRevisions);
        Add(caches.ConfigMaps);
        Add(caches.Secrets);
        Add(caches.ServiceAccounts);
        Add(caches.Leases);
        Add(caches.Pods);
    }

    /// <inheritdoc/>
    public override string Name => "namespace-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        _caches.Namespaces.Changed += change => queue.Add(change.Latest.Metadata.Name);
        foreach (IObjectCache cache in _caches.All.Where(cache => cache.Kind.IsNamespaced))
        {
            cache.Subscribe((before, after) =>
            {
                string space = (after ?? before)?.Metadata.NamespaceProperty ?? "";
                if (space.Length > 0 && _caches.Namespaces.Snapshot.Find("", space)?.Metadata.DeletionTimestamp is not null)
                    queue.Add(space);
            });
        }
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        if (_caches.Namespaces.Snapshot.Find("", key) is not { Metadata.DeletionTimestamp: not null } going || going.Spec?.Finalizers?.Contains("kubernetes") != true)
            return Step.Nothing;
        var left = _content.Select(each => (each.Kind, Objects: each.In(key).ToArray())).Where(each => each.Objects.Length > 0).ToArray();
        var writes = new List<ApiWrite>();
        foreach ((KindDescriptor kind, IKubernetesObject<V1ObjectMeta>[] objects) in left)
        {
            writes.AddRange(objects.Where(each => each.Metadata.DeletionTimestamp is null)
                .Select(each => new DeleteWrite(kind, key, each.Metadata.Name, new DeleteOptions(PropagationPolicy: "Background", Uid: each.Metadata.Uid)) { Tolerates = [404, 409] }));
        }

        if (left.Length == 0)
        {
            // Events tell of what went, so they go last.
            writes.Add(new SweepWrite(_events, key, null));
            V1Namespace done = ModelCopy.Of(going);
            done.Spec.Finalizers.Remove("kubernetes");
            writes.Add(new FinalizeWrite(done, [.. _content.Select(each => each.Kind)]) { Tolerates = [404] });
            return new Step(writes);
        }

        V1Namespace told = ModelCopy.Of(going);
        Conditions(told, left, now);
        if (!ModelCopy.Same(told.Status, going.Status))
            writes.Insert(0, new UpdateWrite<V1Namespace>(told, "status") { Tolerates = [404] });
        return new Step(writes, TimeSpan.FromSeconds(5));
    }

    private static void Conditions(V1Namespace space, (KindDescriptor Kind, IKubernetesObject<V1ObjectMeta>[] Objects)[] left, DateTimeOffset now)
    {
        string resources = string.Join(", ", left.Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Kind.Resource.Plural}.{each.Kind.Group} has {each.Objects.Length} resource instances")).Order(StringComparer.Ordinal));
        var finalizers = left.SelectMany(each => each.Objects).SelectMany(each => each.Metadata.Finalizers ?? []).GroupBy(each => each, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal).ToArray();
        Set(space, "NamespaceContentRemaining", "True", "SomeResourcesRemain", $"Some resources are remaining: {resources}", now);
        if (finalizers.Length == 0)
            Set(space, "NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", "All content-preserving finalizers finished", now);
        else
            Set(space, "NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", $"Some content in the namespace has finalizers remaining: {string.Join(", ", finalizers.Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Key} in {group.Count()} resource instances")))}", now);
    }

    private static void Set(V1Namespace space, string type, string status, string reason, string message, DateTimeOffset now)
    {
        space.Status.Conditions ??= [];
        V1NamespaceCondition? before = space.Status.Conditions.FirstOrDefault(each => each.Type == type);
        if (before is null)
            space.Status.Conditions.Add(before = new V1NamespaceCondition { Type = type });
        if (before.Status != status)
            before.LastTransitionTime = now.Seconds();
        (before.Status, before.Reason, before.Message) = (status, reason, message);
    }

    private void Add<T>(IObjectCache<T> cache)
        where T : class, IKubernetesObject<V1ObjectMeta> => _content.Add((cache.Kind, space => cache.Snapshot.InNamespace(space)));
}
