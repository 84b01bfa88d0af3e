using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Life;
using ActorNet.Kubernetes.Kubelet.Probes;
using Akka.Actor;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <summary>What passes between a kubelet and the worker of one of its pods.</summary>
internal static class PodWorkerProtocol
{
    /// <summary>To the worker: the pod, or an object that it names, has changed.</summary>
    /// <param name="Pod">The pod.</param>
    /// <param name="Objects">The objects.</param>
    public sealed record Update(V1Pod Pod, PodObjects Objects) : INoSerializationVerificationNeeded;

    /// <summary>To the worker: end the pod.</summary>
    /// <param name="Grace">Time for its containers; null for what the pod says.</param>
    public sealed record Terminate(TimeSpan? Grace);

    /// <summary>To the kubelet: the pod needs a sandbox.</summary>
    /// <param name="Uid">Pod.</param>
    public sealed record SandboxWanted(string Uid);

    /// <summary>To the worker: the sandbox stands.</summary>
    /// <param name="Info">Facts.</param>
    /// <param name="Actor">Owner of the pod's namespace.</param>
    /// <param name="Control">What shows and changes its devices.</param>
    /// <param name="Closed">Cancelled when it is gone.</param>
    /// <param name="Gone">Cancelled when the namespace is gone: that of a pod with the node's network lives on without it.</param>
    public sealed record SandboxMade(PodInfo Info, IActorRef Actor, NodeControl Control, CancellationToken Closed, CancellationToken Gone) : INoSerializationVerificationNeeded;

    /// <summary>To the worker: there is no sandbox for it now.</summary>
    /// <param name="Why">Why.</param>
    public sealed record SandboxRefused(string Why);

    /// <summary>To the kubelet: the sandbox is not needed any more.</summary>
    /// <param name="Uid">Pod.</param>
    public sealed record SandboxUnwanted(string Uid);

    /// <summary>To the worker: the sandbox is gone.</summary>
    public sealed record SandboxGone;

    /// <summary>To the kubelet: the pod's status is another one.</summary>
    /// <param name="Uid">Pod.</param>
    /// <param name="Status">Status.</param>
    public sealed record StatusChanged(string Uid, V1PodStatus Status) : INoSerializationVerificationNeeded;

    /// <summary>To the kubelet: an event about the pod.</summary>
    /// <param name="Uid">Pod.</param>
    /// <param name="Event">The event.</param>
    public sealed record EventSaid(string Uid, PodEvent Event) : INoSerializationVerificationNeeded;

    /// <summary>To the kubelet: nothing of the pod is left.</summary>
    /// <param name="Uid">Pod.</param>
    public sealed record Over(string Uid);

    /// <summary>To the worker, from itself: a container has been started.</summary>
    /// <param name="Name">Container.</param>
    /// <param name="Instance">Run.</param>
    public sealed record Started(string Name, int Instance) : INoSerializationVerificationNeeded;

    /// <summary>To the worker, from itself: a container could not be started.</summary>
    /// <param name="Name">Container.</param>
    /// <param name="Instance">Run.</param>
    /// <param name="Why">What a runtime says.</param>
    public sealed record NotStarted(string Name, int Instance, string Why) : INoSerializationVerificationNeeded;

    /// <summary>To the worker, from itself: a container has ended.</summary>
    /// <param name="Name">Container.</param>
    /// <param name="Instance">Run.</param>
    /// <param name="ExitCode">Exit code.</param>
    /// <param name="Message">Termination message.</param>
    public sealed record Exited(string Name, int Instance, int ExitCode, string? Message) : INoSerializationVerificationNeeded;

    /// <summary>To the worker, from itself: an attempt of a probe is over.</summary>
    /// <param name="Name">Container.</param>
    /// <param name="Instance">Run.</param>
    /// <param name="Kind">What it is for.</param>
    /// <param name="Attempt">Attempt.</param>
    /// <param name="Result">What it found.</param>
    /// <param name="Output">What it says.</param>
    public sealed record Probed(string Name, int Instance, ProbeKind Kind, long Attempt, ProbeResult Result, string Output) : INoSerializationVerificationNeeded;

    /// <summary>To the worker, from itself: a hook is over.</summary>
    /// <param name="Name">Container.</param>
    /// <param name="Instance">Run.</param>
    /// <param name="IsPreStop">preStop; else postStart.</param>
    /// <param name="Succeeded">Whether it went well.</param>
    public sealed record Hooked(string Name, int Instance, bool IsPreStop, bool Succeeded) : INoSerializationVerificationNeeded;
}
