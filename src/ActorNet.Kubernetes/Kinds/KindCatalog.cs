using System.Collections.Frozen;
using ActorNet.Kubernetes.Kinds.Apps;
using ActorNet.Kubernetes.Kinds.Batch;
using ActorNet.Kubernetes.Kinds.Core;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Kinds.Rbac;
using ActorNet.Kubernetes.Kinds.Reviews;

namespace ActorNet.Kubernetes.Kinds;

/// <summary>The kinds that an API serves.</summary>
public sealed class KindCatalog
{
    private readonly FrozenDictionary<(string Group, string Version, string Plural), KindDescriptor> _byPath;
    private readonly FrozenDictionary<(string Group, string Kind), KindDescriptor> _byKind;

    /// <summary>Takes the kinds, in the order in which discovery names them.</summary>
    public KindCatalog(IEnumerable<KindDescriptor> kinds)
    {
        All = [.. kinds];
        _byPath = All.ToFrozenDictionary(kind => (kind.Group, kind.Version, kind.Plural));
        _byKind = All.ToFrozenDictionary(kind => (kind.Group, kind.Kind));
    }

    /// <summary>All kinds.</summary>
    public IReadOnlyList<KindDescriptor> All { get; }

    /// <summary>The kinds of ActorNet.</summary>
    /// <param name="services">Where Services get addresses and ports.</param>
    /// <param name="tolerationSeconds">How long pods tolerate nodes that are not ready or unreachable when they do not say; upstream's default is five minutes.</param>
    public static KindCatalog Default(ServiceRanges services, long tolerationSeconds = 300) => new(
    [
        new ConfigMapKind(), new EndpointsKind(), new EventKind(), new NamespaceKind(), new NodeKind(), new PodKind(tolerationSeconds), new SecretKind(),
        new ServiceAccountKind(), new ServiceKind(services),
        new ControllerRevisionKind(), new DaemonSetKind(), new DeploymentKind(), new ReplicaSetKind(), new StatefulSetKind(),
        new SubjectReviewKind(), new TokenReviewKind(),
        new LocalAccessReviewKind(), new SelfAccessReviewKind(), new RulesReviewKind(), new SubjectAccessReviewKind(),
        new JobKind(),
        new LeaseKind(),
        new EndpointSliceKind(),
        new EventsV1Kind(),
        new ClusterRoleBindingKind(), new ClusterRoleKind(), new RoleBindingKind(), new RoleKind(),
    ]);

    /// <summary>A kind by its place in a path, or null.</summary>
    public KindDescriptor? Find(string group, string version, string plural) => _byPath.GetValueOrDefault((group, version, plural));

    /// <summary>A kind by its name.</summary>
    /// <exception cref="KeyNotFoundException">It is not served.</exception>
    public KindDescriptor Of(string group, string kind) => _byKind[(group, kind)];
}
