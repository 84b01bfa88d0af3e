using ActorNet.Kubernetes.Controllers.Lifecycle;
using ActorNet.Kubernetes.Controllers.Network;
using ActorNet.Kubernetes.Controllers.Nodes;
using ActorNet.Kubernetes.Controllers.Scheduling;
using ActorNet.Kubernetes.Controllers.Workloads;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>The controllers of a cluster.</summary>
internal static class ControllerSet
{
    /// <summary>Makes all of them.</summary>
    public static IEnumerable<Controller> All(ClusterCaches caches, ControllerOptions options) =>
    [
        new ReplicaSetController(caches),
        new DeploymentController(caches),
        new EndpointsController(caches),
        new EndpointSliceController(caches),
        new KubernetesServiceController(caches),
        new SchedulerController(caches),
        new NodeIpamController(caches, options.ClusterCidr, options.NodeMask),
        new NodeLifecycleController(caches, options.Nodes),
        new TaintEvictionController(caches),
        new PodCollector(caches, options.Nodes),
        new GarbageCollector(caches),
        new NamespaceController(caches),
        new NamespaceDefaultsController(caches, options.RootCertificate),
        new EventExpiry(caches, options.EventTtl),
        new DaemonSetController(caches),
        new JobController(caches),
        new StatefulSetController(caches),
        new ClusterRoleAggregationController(caches),
    ];
}
