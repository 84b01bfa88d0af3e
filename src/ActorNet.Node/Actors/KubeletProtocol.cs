using System.Collections.Immutable;
using ActorNet.Kubernetes.Edge;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Packets;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Logs;
using ActorNet.Workloads.Streams;
using Akka.Actor;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <summary>What a node's kubelet understands.</summary>
internal static class KubeletProtocol
{
    /// <summary>Runs a static pod: one that no API knows; answered with <see cref="PodRunning"/> or <see cref="PodRefused"/>.</summary>
    /// <param name="Pod">The manifest, valid.</param>
    public sealed record RunPod(V1Pod Pod);

    /// <summary>The pod runs.</summary>
    /// <param name="Info">Facts about it.</param>
    public sealed record PodRunning(PodInfo Info);

    /// <summary>The pod was not started, and nothing of it is left.</summary>
    /// <param name="Name">Name.</param>
    /// <param name="Why">Why, and what to do.</param>
    public sealed record PodRefused(string Name, string Why);

    /// <summary>What the API says of the kubelet's own Node.</summary>
    /// <param name="Node">The Node.</param>
    public sealed record NodeKnown(V1Node Node);

    /// <summary>Says who hears the kubelet's reports.</summary>
    /// <param name="Listener">Called in the kubelet's turns; null for nobody.</param>
    public sealed record Listen(Action<KubeletReport>? Listener) : INoSerializationVerificationNeeded;

    /// <summary>Ends a pod; answered with <see cref="PodDeleted"/>, once it is gone, or with <see cref="PodUnknown"/>.</summary>
    /// <param name="Name">Name.</param>
    /// <param name="Grace">Time for its containers to end after SIGTERM; null for what its manifest says.</param>
    public sealed record DeletePod(string Name, TimeSpan? Grace = null);

    /// <summary>The pod is gone: its devices, addresses and programs with it.</summary>
    /// <param name="Name">Name.</param>
    public sealed record PodDeleted(string Name);

    /// <summary>No such pod here.</summary>
    /// <param name="Name">Name.</param>
    public sealed record PodUnknown(string Name);

    /// <summary>Asks for one pod; answered with <see cref="PodFound"/> or <see cref="PodUnknown"/>.</summary>
    /// <param name="Name">Name, with namespace and slash before it where that is not default.</param>
    /// <param name="Container">The container whose files and environment are wanted, or null for the first.</param>
    public sealed record FindPod(string Name, string? Container = null);

    /// <summary>A pod of this node.</summary>
    /// <param name="Info">Facts.</param>
    /// <param name="Actor">Owner of its namespace.</param>
    /// <param name="Control">What shows and changes its devices.</param>
    /// <param name="Container">The container that was asked for, or the first where that does not run; null where neither has started yet.</param>
    /// <param name="IsRunning">Whether the container that was asked for runs now.</param>
    /// <param name="Closed">Cancelled when the pod is gone: what waits for its namespace gives up.</param>
    /// <param name="Gone">Cancelled when its namespace is gone.</param>
    public sealed record PodFound(PodInfo Info, IActorRef Actor, NodeControl Control, ContainerPlace? Container, bool IsRunning, CancellationToken Closed, CancellationToken Gone);

    /// <summary>Asks for the log of a container; answered with <see cref="LogFound"/> or <see cref="PodUnknown"/>.</summary>
    /// <param name="Name">Pod.</param>
    /// <param name="Container">Container, or null for the first.</param>
    /// <param name="Previous">That of the run before.</param>
    public sealed record FindLog(string Name, string? Container, bool Previous);

    /// <summary>The log of a container.</summary>
    /// <param name="Place">Which it is, and the log.</param>
    public sealed record LogFound(ContainerLogPlace Place);

    /// <summary>Has an event of the node's told to whoever listens.</summary>
    /// <param name="Event">The event.</param>
    public sealed record Raise(Corev1Event Event);

    /// <summary>Says who hears which ports of the node pods have: <see cref="HostPorts"/> now and whenever they change.</summary>
    /// <param name="Listener">Who.</param>
    public sealed record WatchHostPorts(IActorRef Listener);

    /// <summary>The ports of the node that pods have whose network stands.</summary>
    /// <param name="Claims">All of them.</param>
    public sealed record HostPorts(ImmutableArray<HostPortClaim> Claims) : INoSerializationVerificationNeeded;

    /// <summary>Asks for all pods; answered with <see cref="PodList"/>.</summary>
    public sealed record ListPods;

    /// <summary>Asks for all pods as objects; answered with <see cref="ApiPodList"/>.</summary>
    public sealed record ListApiPods;

    /// <summary>The node's pods as objects, static ones too.</summary>
    /// <param name="Pods">The pods as they were given, and their statuses here.</param>
    public sealed record ApiPodList(ImmutableArray<(V1Pod Pod, V1PodStatus? Status)> Pods);

    /// <summary>Asks for the actors of all pods; answered with <see cref="PodActors"/>.</summary>
    public sealed record ListPodActors;

    /// <summary>The actors of the node's pods.</summary>
    /// <param name="Actors">Actors.</param>
    public sealed record PodActors(ImmutableArray<IActorRef> Actors);

    /// <summary>The node's pods, by name.</summary>
    /// <param name="Pods">Pods.</param>
    public sealed record PodList(ImmutableArray<PodInfo> Pods);
}

/// <summary>What a container's programs find around them, those of an exec too.</summary>
/// <param name="Files">Files, which its programs share under the tree's own lock.</param>
/// <param name="Environment">Environment variables of its manifest.</param>
/// <param name="Log">What the container itself writes; an exec's output goes to its caller.</param>
/// <param name="Console">The standard streams of the container's own program, to which one can attach.</param>
internal sealed record ContainerPlace(FileTree Files, ImmutableDictionary<string, string> Environment, ContainerLog Log, ContainerConsole Console);

/// <summary>Where a container's log is.</summary>
/// <param name="Containers">Names of the pod's containers, in the manifest's order, and its init containers behind them.</param>
/// <param name="Container">The container.</param>
/// <param name="Log">Its log; null where there was no such run.</param>
/// <param name="Refusal">Why there is none, in the kubelet's words; null where there is one.</param>
public sealed record ContainerLogPlace(ImmutableArray<string> Containers, string Container, ContainerLog? Log, string? Refusal = null);

/// <summary>Facts about a running pod.</summary>
/// <param name="Name">Name.</param>
/// <param name="Uid">Unique id.</param>
/// <param name="Ip">Its address.</param>
/// <param name="HostDevice">The host end of its veth pair; empty for one with the node's network.</param>
/// <param name="Containers">Names of its containers, in the manifest's order, and of its init containers behind them; all share the pod's namespace.</param>
/// <param name="Images">Their images.</param>
/// <param name="Note">What the user should know, or null.</param>
/// <param name="Namespace">Namespace.</param>
public sealed record PodInfo(
    string Name, string Uid, Ipv4Address Ip, string HostDevice, ImmutableArray<string> Containers, ImmutableArray<string> Images, string? Note, string Namespace = "default");
