using ActorNet.Kubernetes.Kubelet.Containers;
using ActorNet.Kubernetes.Kubelet.Probes;
using ActorNet.Kubernetes.Kubelet.Status;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Life;

/// <summary>One container of a pod over all its runs.</summary>
internal sealed class ContainerLife(V1Container spec, bool isInit, KubeletSettings settings)
{
    private readonly ProbeWorker? _startup = Worker(ProbeKind.Startup, spec.StartupProbe);
    private readonly ProbeWorker? _liveness = Worker(ProbeKind.Liveness, spec.LivenessProbe);
    private readonly ProbeWorker? _readiness = Worker(ProbeKind.Readiness, spec.ReadinessProbe);

    public V1Container Spec { get; set; } = spec;

    public string Name => Spec.Name;

    public bool IsInit => isInit;

    public bool IsSidecar => isInit && RestartRules.IsSidecar(Spec);

    public string FieldPath => $"spec.{(isInit ? "initContainers" : "containers")}{{{Name}}}";

    /// <summary>The run that is being started, or null.</summary>
    public ContainerInstance? Starting { get; set; }

    public ContainerInstance? Current { get; set; }

    public ContainerInstance? Previous { get; set; }

    public ContainerWaiting? Waiting { get; set; }

    /// <summary>Waits between restarts.</summary>
    public RestartBackOff BackOff { get; } = new(settings.RestartBackOff, settings.MaxRestartBackOff);

    /// <summary>Waits between attempts to get an image that there is none of.</summary>
    public RestartBackOff PullBackOff { get; } = new(settings.RestartBackOff, settings.MaxRestartBackOff);

    public DateTimeOffset PullRefusedAt { get; set; }

    /// <summary>When it may be tried again.</summary>
    public DateTimeOffset RetryAt { get; set; } = DateTimeOffset.MaxValue;

    /// <summary>Whether the hook that runs beside its beginning is over.</summary>
    public bool PostStartDone { get; set; } = true;

    /// <summary>How far its end has come.</summary>
    public StopStep Stop { get; set; }

    /// <summary>When SIGKILL is due.</summary>
    public DateTimeOffset StopDeadline { get; set; } = DateTimeOffset.MaxValue;

    public bool IsRunning => Current is { IsRunning: true };

    /// <summary>It runs or is being started: something of it may be there.</summary>
    public bool IsActive => IsRunning || Starting is not null;

    public bool HasEnded => Current is { IsRunning: false };

    /// <summary>The startup probe has passed, and so has the hook.</summary>
    public bool IsStarted => IsRunning && PostStartDone && _startup is null or { Result: ProbeResult.Success };

    public bool IsReady => isInit && !IsSidecar
        ? Current?.Exit is { ExitCode: 0 }
        : IsStarted && _readiness is null or { Result: ProbeResult.Success };

    /// <summary>The probe that says that it has to be started anew, or null.</summary>
    public ProbeWorker? FailedProbe => IsRunning ? new[] { _startup, _liveness }.FirstOrDefault(static w => w?.Result == ProbeResult.Failure) : null;

    public IEnumerable<ProbeWorker> Workers => new[] { _startup, _liveness, _readiness }.OfType<ProbeWorker>();

    public ContainerFacts Facts => new(Spec, Current, Previous, Waiting, IsStarted, IsReady);

    /// <summary>The probes that may be made now: liveness and readiness wait for startup, and startup is over once it passed.</summary>
    public IEnumerable<ProbeWorker> DueWorkers => IsRunning && PostStartDone ? Workers.Where(w => (w.Kind == ProbeKind.Startup) != IsStarted) : [];

    public ProbeWorker? Find(ProbeKind kind) => Workers.FirstOrDefault(w => w.Kind == kind);

    /// <summary>The run that is being started has begun.</summary>
    /// <param name="startedAt">UTC.</param>
    public void Begin(DateTimeOffset startedAt)
    {
        ContainerInstance instance = Starting! with { StartedAt = startedAt };
        if (Current is { IsRunning: false })
            Previous = Current;
        Current = instance;
        Starting = null;
        Waiting = null;
        Stop = StopStep.None;
        StopDeadline = DateTimeOffset.MaxValue;
        RetryAt = DateTimeOffset.MaxValue;
        foreach (ProbeWorker worker in Workers)
            worker.Begin(startedAt);
    }

    /// <summary>The run that is being started could not be.</summary>
    /// <param name="exit">What the runtime says of it.</param>
    public void Fail(ContainerExit exit)
    {
        ContainerInstance instance = Starting! with { Exit = exit };
        Begin(exit.FinishedAt);
        End(exit);
        Current = instance;
    }

    public void End(ContainerExit exit)
    {
        Current = Current! with { Exit = exit };
        Stop = StopStep.None;
        StopDeadline = DateTimeOffset.MaxValue;
        PostStartDone = true;
        foreach (ProbeWorker worker in Workers)
            worker.Hold(ProbeResult.Failure);
    }

    private static ProbeWorker? Worker(ProbeKind kind, V1Probe? probe) => probe is null ? null : new ProbeWorker(kind, probe);
}

/// <summary>How far a container's end has come.</summary>
internal enum StopStep
{
    /// <summary>It is not ended.</summary>
    None,

    /// <summary>Its preStop hook runs.</summary>
    PreStop,

    /// <summary>It got SIGTERM.</summary>
    Terminating,

    /// <summary>It got SIGKILL.</summary>
    Killed,
}
