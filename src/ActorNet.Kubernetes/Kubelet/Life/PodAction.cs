using System.Collections.Immutable;
using ActorNet.Kubernetes.Kubelet.Probes;
using ActorNet.Kubernetes.Kubelet.Volumes;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Life;

/// <summary>What a pod's life wants done by whoever runs it.</summary>
public abstract record PodAction;

/// <summary>Make the pod's sandbox and network; answered with <see cref="PodLifecycle.SandboxMade"/> or <see cref="PodLifecycle.SandboxRefused"/>.</summary>
public sealed record MakeSandbox : PodAction;

/// <summary>Take the sandbox and its network away; answered with <see cref="PodLifecycle.SandboxGone"/>.</summary>
public sealed record RemoveSandbox : PodAction;

/// <summary>A volume has this content from now on, all at once.</summary>
/// <param name="Name">Volume.</param>
/// <param name="Content">Content.</param>
public sealed record SetVolume(string Name, VolumeContent Content) : PodAction;

/// <summary>
/// Start a run of a container; answered with <see cref="PodLifecycle.ContainerStarted"/>, and with <see cref="PodLifecycle.ContainerExited"/> when it ends; or
/// with <see cref="PodLifecycle.ContainerNotStarted"/>.
/// </summary>
/// <param name="Container">Its spec, $(VAR) in command and args replaced.</param>
/// <param name="Instance">Number of the run.</param>
/// <param name="Id">containerID of the run.</param>
/// <param name="Environment">Its variables.</param>
public sealed record StartContainer(V1Container Container, int Instance, string Id, ImmutableDictionary<string, string> Environment) : PodAction;

/// <summary>Send a signal to a run of a container.</summary>
/// <param name="Name">Container.</param>
/// <param name="Instance">Number of the run.</param>
/// <param name="Kill">SIGKILL; else SIGTERM.</param>
public sealed record SignalContainer(string Name, int Instance, bool Kill) : PodAction;

/// <summary>Make one attempt of a probe; answered with <see cref="PodLifecycle.ProbeDone"/>.</summary>
/// <param name="Container">The container.</param>
/// <param name="Instance">Number of the run.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Attempt">Number of the attempt.</param>
/// <param name="Probe">Its settings.</param>
/// <param name="Timeout">How long it may take.</param>
public sealed record RunProbe(V1Container Container, int Instance, ProbeKind Kind, long Attempt, V1Probe Probe, TimeSpan Timeout) : PodAction;

/// <summary>Run a hook; answered with <see cref="PodLifecycle.HookDone"/>.</summary>
/// <param name="Container">The container.</param>
/// <param name="Instance">Number of the run.</param>
/// <param name="IsPreStop">preStop; else postStart.</param>
/// <param name="Handler">What to run.</param>
public sealed record RunHook(V1Container Container, int Instance, bool IsPreStop, V1LifecycleHandler Handler) : PodAction;

/// <summary>The pod's status is another one.</summary>
/// <param name="Status">Status.</param>
public sealed record TellStatus(V1PodStatus Status) : PodAction;

/// <summary>An event about the pod.</summary>
/// <param name="Event">The event.</param>
public sealed record TellEvent(PodEvent Event) : PodAction;

/// <summary>The pod was to end and has ended; nothing of it is left.</summary>
public sealed record PodOver : PodAction;

/// <summary>An event about a pod or one of its containers.</summary>
/// <param name="IsWarning">Warning; else Normal.</param>
/// <param name="Reason">In one word.</param>
/// <param name="Message">Message.</param>
/// <param name="FieldPath">Such as spec.containers{c}; null for the pod.</param>
public sealed record PodEvent(bool IsWarning, string Reason, string Message, string? FieldPath);
