using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using ActorNet.Kubernetes.Kubelet.Containers;
using ActorNet.Kubernetes.Kubelet.Probes;
using ActorNet.Kubernetes.Kubelet.Status;
using ActorNet.Kubernetes.Kubelet.Volumes;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Life;

/// <summary>
/// The life of one pod on its node, from its admission to its end: a plain object that is told what happened and when, and says what is to be done
/// (kubernetes pkg/kubelet/pod_workers.go, kuberuntime/kuberuntime_manager.go computePodActions, kuberuntime_container.go). Each call ends with a look at
/// the whole, so that it does not matter in which order things happen. <see cref="TakeActions"/> after each call.
/// </summary>
public sealed partial class PodLifecycle
{
    private readonly KubeletSettings _settings;
    private readonly string _nodeName;
    private readonly string _hostIp;
    private readonly Func<string, bool> _isKnownImage;
    private readonly List<PodAction> _actions = [];
    private readonly List<ContainerLife> _init;
    private readonly List<ContainerLife> _regular;
    private readonly Dictionary<string, VolumeContent> _volumes = new(StringComparer.Ordinal);
    private readonly DateTimeOffset _startTime;
    private readonly PodFailure? _rejection;
    private PodObjects _objects;
    private PodFailure? _failure;
    private V1PodStatus? _lastStatus;
    private string _lastStatusText = "";
    private SandboxState _sandbox;
    private string? _podIp;
    private DateTimeOffset _sandboxRetryAt = DateTimeOffset.MinValue;
    private DateTimeOffset _mountRetryAt = DateTimeOffset.MinValue;
    private TimeSpan _mountBackOff;
    private bool _hasTold;

    /// <summary>Takes a pod.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="objects">The objects that it names.</param>
    /// <param name="place">Where it is.</param>
    /// <param name="rejection">Why the node does not take it, or null.</param>
    /// <param name="isKnownImage">Whether something runs for an image.</param>
    /// <param name="now">UTC.</param>
    public PodLifecycle(V1Pod pod, PodObjects objects, PodPlace place, PodFailure? rejection, Func<string, bool> isKnownImage, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(place);
        Pod = pod;
        _objects = objects;
        _settings = place.Settings;
        _nodeName = place.NodeName;
        _hostIp = place.HostIp;
        _isKnownImage = isKnownImage;
        _rejection = rejection;
        _startTime = pod.Status?.StartTime is { } known ? new DateTimeOffset(DateTime.SpecifyKind(known, DateTimeKind.Utc)) : now;
        _init = [.. (pod.Spec.InitContainers ?? []).Select(c => new ContainerLife(c, isInit: true, _settings))];
        _regular = [.. pod.Spec.Containers.Select(c => new ContainerLife(c, isInit: false, _settings))];
        if (rejection is not null)
            Tell(true, rejection.Reason, rejection.Message, null);
        Sync(now);
    }

    /// <summary>The pod as it was told last.</summary>
    public V1Pod Pod { get; private set; }

    /// <summary>The status that was told last.</summary>
    public V1PodStatus Status => _lastStatus ?? new V1PodStatus();

    /// <summary>Whether it is on its way to its end, or there.</summary>
    public bool IsEnding => _end is not null;

    /// <summary>Whether its phase is terminal: it holds no resources of the node any more.</summary>
    public bool IsTerminal => PodPhase.IsTerminal(_lastStatus?.Phase);

    /// <summary>When <see cref="Tick"/> is due.</summary>
    public DateTimeOffset NextDeadline { get; private set; } = DateTimeOffset.MaxValue;

    private IEnumerable<ContainerLife> All => _init.Concat(_regular);

    private PodPlace Place => new(_nodeName, _hostIp, _podIp, _settings);

    private string FullName => $"{Pod.Metadata.Name}_{Pod.Metadata.NamespaceProperty}({Pod.Metadata.Uid})";

    /// <summary>What is to be done, in this order; empty after.</summary>
    public ImmutableArray<PodAction> TakeActions()
    {
        ImmutableArray<PodAction> actions = [.. _actions];
        _actions.Clear();
        return actions;
    }

    /// <summary>The pod's object or one that it names has changed.</summary>
    /// <param name="pod">The pod, of the same uid.</param>
    /// <param name="objects">The objects that it names.</param>
    /// <param name="now">UTC.</param>
    public void Update(V1Pod pod, PodObjects objects, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(pod);
        Pod = pod;
        _objects = objects;
        _mountRetryAt = DateTimeOffset.MinValue;
        // Containers that wait for a ConfigMap or Secret look again at once.
        foreach (ContainerLife container in All.Where(static c => c.Waiting?.Reason == CreateContainerConfigError))
            container.RetryAt = DateTimeOffset.MinValue;
        if (pod.Metadata.DeletionTimestamp is not null)
            BeginEnd(pod.Metadata.DeletionGracePeriodSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null, isDeleted: true, now);
        Sync(now);
    }

    /// <summary>The pod is no longer wanted.</summary>
    /// <param name="grace">Time for its containers to end; null for what the pod says.</param>
    /// <param name="now">UTC.</param>
    public void Terminate(TimeSpan? grace, DateTimeOffset now)
    {
        BeginEnd(grace, isDeleted: true, now);
        Sync(now);
    }

    /// <summary>The sandbox stands.</summary>
    /// <param name="podIp">The pod's address.</param>
    /// <param name="now">UTC.</param>
    public void SandboxMade(string podIp, DateTimeOffset now)
    {
        _sandbox = SandboxState.Ready;
        _podIp = podIp;
        Sync(now);
    }

    /// <summary>The sandbox cannot be made now; it is tried again.</summary>
    /// <param name="why">Why.</param>
    /// <param name="now">UTC.</param>
    public void SandboxRefused(string why, DateTimeOffset now)
    {
        _sandbox = SandboxState.None;
        _sandboxRetryAt = now + _settings.RestartBackOff;
        Tell(true, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + why, null);
        Sync(now);
    }

    /// <summary>The sandbox is gone, and all that ran in it.</summary>
    /// <param name="now">UTC.</param>
    public void SandboxGone(DateTimeOffset now)
    {
        _sandbox = SandboxState.None;
        foreach (ContainerLife container in All)
        {
            container.Starting = null;
            if (container.IsRunning)
                container.End(new ContainerExit(KilledExitCode, "Error", null, now));
        }

        Sync(now);
    }

    /// <summary>A container has been started.</summary>
    /// <param name="name">Container.</param>
    /// <param name="instance">Number of the run.</param>
    /// <param name="now">UTC.</param>
    public void ContainerStarted(string name, int instance, DateTimeOffset now)
    {
        if (FindStarting(name, instance) is not { } container)
            return;
        container.Begin(now);
        AfterStart(container);
        Sync(now);
    }

    /// <summary>A container could not be started.</summary>
    /// <param name="name">Container.</param>
    /// <param name="instance">Number of the run.</param>
    /// <param name="why">What the runtime says.</param>
    /// <param name="now">UTC.</param>
    public void ContainerNotStarted(string name, int instance, string why, DateTimeOffset now)
    {
        if (FindStarting(name, instance) is not { } container)
            return;
        container.Fail(new ContainerExit(StartErrorExitCode, "StartError", why, now));
        AfterFailedStart(container, why, now);
        Sync(now);
    }

    /// <summary>A container has ended.</summary>
    /// <param name="name">Container.</param>
    /// <param name="instance">Number of the run.</param>
    /// <param name="exitCode">Exit code.</param>
    /// <param name="message">Its termination message, or null.</param>
    /// <param name="now">UTC.</param>
    public void ContainerExited(string name, int instance, int exitCode, string? message, DateTimeOffset now)
    {
        if (FindRunning(name, instance) is not { } container)
            return;
        container.End(new ContainerExit(exitCode, exitCode == 0 ? "Completed" : "Error", string.IsNullOrEmpty(message) ? null : message, now));
        Sync(now);
    }

    /// <summary>An attempt of a probe is over.</summary>
    /// <param name="name">Container.</param>
    /// <param name="instance">Number of the run.</param>
    /// <param name="kind">What it is for.</param>
    /// <param name="attempt">Number of the attempt.</param>
    /// <param name="result">What it found; unknown when the probe itself went wrong.</param>
    /// <param name="output">What it says, for the event.</param>
    /// <param name="now">UTC.</param>
    public void ProbeDone(string name, int instance, ProbeKind kind, long attempt, ProbeResult result, string output, DateTimeOffset now)
    {
        if (FindRunning(name, instance) is not { } container || container.Find(kind) is not { } worker)
            return;
        if (!worker.Complete(attempt, result))
            return;
        if (result != ProbeResult.Success)
            Tell(true, "Unhealthy", $"{kind} probe {(result == ProbeResult.Failure ? "failed" : "errored")}: {output}", container.FieldPath);
        Sync(now);
    }

    /// <summary>A hook is over.</summary>
    /// <param name="name">Container.</param>
    /// <param name="instance">Number of the run.</param>
    /// <param name="isPreStop">preStop; else postStart.</param>
    /// <param name="failed">Whether it went wrong.</param>
    /// <param name="now">UTC.</param>
    public void HookDone(string name, int instance, bool isPreStop, bool failed, DateTimeOffset now)
    {
        if (FindRunning(name, instance) is not { } container)
            return;
        if (isPreStop)
            PreStopDone(container, failed, now);
        else
            PostStartDone(container, failed, now);
        Sync(now);
    }

    /// <summary>Time has come.</summary>
    /// <param name="now">UTC.</param>
    public void Tick(DateTimeOffset now) => Sync(now);

    private ContainerLife? FindStarting(string name, int instance) => All.FirstOrDefault(c => c.Name == name && c.Starting?.Number == instance);

    private ContainerLife? FindRunning(string name, int instance) => All.FirstOrDefault(c => c.Name == name && c.Current is { IsRunning: true } run && run.Number == instance);

    private void Sync(DateTimeOffset now)
    {
        CheckDeadline(now);
        if (_rejection is null)
        {
            if (_end is null)
                SyncLiving(now);
            if (_end is not null)
                SyncEnding(now);
            StartProbes(now);
        }

        TellStatus(now);
        if (_end is { IsDeleted: true } && !_hasTold && (_rejection is not null || (_sandbox == SandboxState.None && All.All(static c => !c.IsActive))))
        {
            _hasTold = true;
            _actions.Add(new PodOver());
        }

        // What is due has been done, or waits for something else than time.
        NextDeadline = Deadlines().Where(d => d > now).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();
    }

    // activeDeadlineSeconds (kubernetes pkg/kubelet/active_deadline.go).
    private void CheckDeadline(DateTimeOffset now)
    {
        if (_failure is not null || _end is not null || Pod.Spec.ActiveDeadlineSeconds is not { } seconds || now < _startTime.AddSeconds(seconds))
            return;
        _failure = new PodFailure("DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
        Tell(false, _failure.Reason, _failure.Message, null);
        BeginEnd(null, isDeleted: false, now);
    }

    private void StartProbes(DateTimeOffset now)
    {
        foreach (ContainerLife container in All)
        {
            foreach (ProbeWorker worker in container.DueWorkers)
            {
                if (worker.TryBegin(now, out long attempt))
                    _actions.Add(new RunProbe(container.Spec, container.Current!.Number, worker.Kind, attempt, worker.Probe, worker.Timeout));
            }
        }
    }

    private IEnumerable<DateTimeOffset> Deadlines()
    {
        if (_rejection is not null)
            yield break;
        foreach (ContainerLife container in All)
        {
            if (container.IsRunning)
                yield return container.StopDeadline;
            else if (_end is null)
                yield return container.RetryAt;
            foreach (ProbeWorker worker in container.DueWorkers)
                yield return worker.Next;
        }

        if (_end is not null)
            yield break;
        if (Pod.Spec.ActiveDeadlineSeconds is { } seconds)
            yield return _startTime.AddSeconds(seconds);
        if (_sandbox == SandboxState.None && _sandboxRetryAt > DateTimeOffset.MinValue)
            yield return _sandboxRetryAt;
        if (_mountRetryAt > DateTimeOffset.MinValue)
            yield return _mountRetryAt;
    }

    private void TellStatus(DateTimeOffset now)
    {
        V1PodStatus status = _rejection is not null
            ? _lastStatus ?? PodStatuses.Rejected(Pod, _rejection, now)
            : PodStatuses.Of(
                Pod,
                new PodFacts
                {
                    InitContainers = [.. _init.Select(static c => c.Facts)],
                    Containers = [.. _regular.Select(static c => c.Facts)],
                    PodIp = _podIp,
                    HasSandbox = _sandbox == SandboxState.Ready,
                    HostIp = _hostIp,
                    StartTime = _startTime,
                    WillNotRestart = _end is not null && All.All(static c => !c.IsActive),
                    Failure = _failure,
                },
                _lastStatus,
                now);
        string text = KubernetesJson.Serialize(status);
        if (text == _lastStatusText)
            return;
        _lastStatus = status;
        _lastStatusText = text;
        _actions.Add(new TellStatus(status));
    }

    private void Tell(bool isWarning, string reason, string message, string? fieldPath) => _actions.Add(new TellEvent(new PodEvent(isWarning, reason, message, fieldPath)));

    // 64 hex digits, as a container runtime's ids are, that depend on the pod and the run alone.
    private string ContainerId(ContainerLife container, int number) =>
        "actornet://" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Pod.Metadata.Uid}/{container.Name}/{number}")));

    private enum SandboxState
    {
        None,
        Asked,
        Ready,
        Removing,
    }
}
