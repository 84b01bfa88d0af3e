using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>The caches of everything that the API stores, Events aside, which nobody decides by.</summary>
public sealed class ClusterCaches
{
    /// <summary>The index of pods by the node that they are bound to; those that wait for one are under the empty name.</summary>
    public const string NodeIndex = "spec.nodeName";

    private readonly List<IObjectCache> _all = [];
    private readonly List<Func<IApiClient, TimeProvider, CancellationToken, Task>> _feeds = [];

    /// <summary>Makes empty caches.</summary>
    /// <param name="kinds">The kinds of the API.</param>
    public ClusterCaches(KindCatalog kinds)
    {
        Kinds = kinds;
        Namespaces = Add<V1Namespace>();
        Nodes = Add<V1Node>();
        Leases = Add<V1Lease>();
        Pods = Add(new CacheIndex<V1Pod>(NodeIndex, pod => [pod.Spec?.NodeName ?? ""]));
        Services = Add<V1Service>();
        Endpoints = Add<V1Endpoints>();
        EndpointSlices = Add(new CacheIndex<V1EndpointSlice>(ServiceIndex, slice => Labels.Get(slice, "kubernetes.io/service-name") is { Length: > 0 } name ? [$"{slice.Metadata.NamespaceProperty}/{name}"] : []));
        ConfigMaps = Add<V1ConfigMap>();
        Secrets = Add<V1Secret>();
        ServiceAccounts = Add<V1ServiceAccount>();
        Deployments = Add<V1Deployment>();
        ReplicaSets = Add<V1ReplicaSet>();
        DaemonSets = Add<V1DaemonSet>();
        StatefulSets = Add<V1StatefulSet>();
        ControllerRevisions = Add<V1ControllerRevision>();
        Jobs = Add<V1Job>();
        ClusterRoles = Add<V1ClusterRole>();
        ClusterRoleBindings = Add<V1ClusterRoleBinding>();
        Roles = Add<V1Role>();
        RoleBindings = Add<V1RoleBinding>();
    }

    /// <summary>The index of EndpointSlices by NAMESPACE/NAME of their Service.</summary>
    public const string ServiceIndex = "kubernetes.io/service-name";

    /// <summary>The kinds of the API.</summary>
    public KindCatalog Kinds { get; }

    /// <summary>All of them.</summary>
    public IReadOnlyList<IObjectCache> All => _all;

    /// <summary>Namespaces.</summary>
    public ObjectCache<V1Namespace> Namespaces { get; }

    /// <summary>Nodes.</summary>
    public ObjectCache<V1Node> Nodes { get; }

    /// <summary>Leases; those of nodes are in kube-node-lease.</summary>
    public ObjectCache<V1Lease> Leases { get; }

    /// <summary>Pods, with <see cref="NodeIndex"/>.</summary>
    public ObjectCache<V1Pod> Pods { get; }

    /// <summary>Services.</summary>
    public ObjectCache<V1Service> Services { get; }

    /// <summary>Endpoints.</summary>
    public ObjectCache<V1Endpoints> Endpoints { get; }

    /// <summary>EndpointSlices, with <see cref="ServiceIndex"/>.</summary>
    public ObjectCache<V1EndpointSlice> EndpointSlices { get; }

    /// <summary>ConfigMaps.</summary>
    public ObjectCache<V1ConfigMap> ConfigMaps { get; }

    /// <summary>Secrets.</summary>
    public ObjectCache<V1Secret> Secrets { get; }

    /// <summary>ServiceAccounts.</summary>
    public ObjectCache<V1ServiceAccount> ServiceAccounts { get; }

    /// <summary>Deployments.</summary>
    public ObjectCache<V1Deployment> Deployments { get; }

    /// <summary>ReplicaSets.</summary>
    public ObjectCache<V1ReplicaSet> ReplicaSets { get; }

    /// <summary>DaemonSets.</summary>
    public ObjectCache<V1DaemonSet> DaemonSets { get; }

    /// <summary>StatefulSets.</summary>
    public ObjectCache<V1StatefulSet> StatefulSets { get; }

    /// <summary>ControllerRevisions.</summary>
    public ObjectCache<V1ControllerRevision> ControllerRevisions { get; }

    /// <summary>Jobs.</summary>
    public ObjectCache<V1Job> Jobs { get; }

    /// <summary>ClusterRoles.</summary>
    public ObjectCache<V1ClusterRole> ClusterRoles { get; }

    /// <summary>ClusterRoleBindings.</summary>
    public ObjectCache<V1ClusterRoleBinding> ClusterRoleBindings { get; }

    /// <summary>Roles.</summary>
    public ObjectCache<V1Role> Roles { get; }

    /// <summary>RoleBindings.</summary>
    public ObjectCache<V1RoleBinding> RoleBindings { get; }

    /// <summary>Feeds every cache from the API until it is cancelled.</summary>
    public Task RunAsync(IApiClient client, TimeProvider time, CancellationToken cancel) => Task.WhenAll(_feeds.Select(feed => feed(client, time, cancel)));

    private ObjectCache<T> Add<T>(params ReadOnlySpan<CacheIndex<T>> indexes)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var cache = new ObjectCache<T>(Kinds, indexes);
        _all.Add(cache);
        _feeds.Add((client, time, cancel) => new Reflector<T>(client, cache, time).RunAsync(cancel));
        return cache;
    }
}
