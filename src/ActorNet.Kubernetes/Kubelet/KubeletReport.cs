using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet;

/// <summary>What a kubelet has to say to the API. Nobody changes an object in it once it is sent; who writes it, and how often until it is written, is not the kubelet's.</summary>
public abstract record KubeletReport;

/// <summary>A pod's status is another one: to be written to the pod's status subresource, where the uid is still the same.</summary>
/// <param name="Namespace">Namespace.</param>
/// <param name="Name">Name.</param>
/// <param name="Uid">The pod's uid.</param>
/// <param name="Version">Grows with each status of the pod; of two, the greater is the newer.</param>
/// <param name="Status">The whole status.</param>
public sealed record PodStatusChanged(string Namespace, string Name, string Uid, long Version, V1PodStatus Status) : KubeletReport;

/// <summary>A pod that was to end has ended, and nothing of it is left here: the API object is to be deleted, grace period 0, precondition uid.</summary>
/// <param name="Namespace">Namespace.</param>
/// <param name="Name">Name.</param>
/// <param name="Uid">The pod's uid.</param>
public sealed record PodGone(string Namespace, string Name, string Uid) : KubeletReport;

/// <summary>An event: to be created, or written over the one of its name when its count is above 1.</summary>
/// <param name="Event">The event, with name and namespace.</param>
public sealed record EventRaised(Corev1Event Event) : KubeletReport;

/// <summary>The node's status: to be written to the Node's status subresource, conditions merged by type.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Status">Addresses, capacity, allocatable, conditions, nodeInfo.</param>
public sealed record NodeStatusReported(string Node, V1NodeStatus Status) : KubeletReport;

/// <summary>The node lives: renew its Lease in kube-node-lease.</summary>
/// <param name="Node">The node's name: the Lease's name and its holderIdentity.</param>
/// <param name="RenewTime">UTC.</param>
/// <param name="Duration">leaseDurationSeconds.</param>
public sealed record NodeLeaseRenewed(string Node, DateTime RenewTime, TimeSpan Duration) : KubeletReport;
