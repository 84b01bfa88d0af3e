using ActorNet.Kubernetes.Kubelet.Containers;
using ActorNet.Kubernetes.Kubelet.Environment;
using ActorNet.Kubernetes.Kubelet.Probes;
using ActorNet.Kubernetes.Kubelet.Volumes;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Life;

/// <content>A pod that is to run: sandbox, volumes, init containers, containers, restarts.</content>
public sealed partial class PodLifecycle
{
    private const int KilledExitCode = 137;

    // What containerd gives for a container that it could not start (internal/cri/server/container_start.go, errorStartExitCode, with the reason StartError).
    private const int StartErrorExitCode = 128;

    // kubernetes pkg/kubelet/container/sync_result.go, ErrRunContainer.
    private const string RunContainerError = "RunContainerError";
    private const string CreateContainerConfigError = "CreateContainerConfigError";

    // MountVolume is tried again after half a second, then twice as long each time (kubernetes pkg/util/goroutinemap/exponentialbackoff).
    private static readonly TimeSpan FirstMountBackOff = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestMountBackOff = TimeSpan.FromSeconds(122);
    private static readonly TimeSpan ConfigRetry = TimeSpan.FromSeconds(10);

    private void SyncLiving(DateTimeOffset now)
    {
        if (HasRunOut())
        {
            BeginEnd(null, isDeleted: false, now);
            return;
        }

        if (!SetUpVolumes(now) || !HasSandbox(now))
            return;
        RestartUnhealthy(now);
        StopOverdue(now);
        bool hasStarted = _regular.Any(static c => c.Current is not null || c.IsActive);
        if (!SyncInit(hasStarted, now))
            return;
        foreach (ContainerLife container in _regular)
            StartWhereDue(container, now);
    }

    // Nothing runs and nothing will: the pod is over although nobody ended it.
    private bool HasRunOut()
    {
        if (_init.Any(c => !c.IsSidecar && c.Current?.Exit is { ExitCode: not 0 } exit && !RestartRules.RestartsAfter(Pod.Spec, true, false, exit.ExitCode)))
            return true;
        return _regular.All(c => c.Current?.Exit is { } exit && !RestartRules.RestartsAfter(Pod.Spec, false, false, exit.ExitCode));
    }

    private bool HasSandbox(DateTimeOffset now)
    {
        if (_sandbox == SandboxState.None && now >= _sandboxRetryAt)
        {
            _sandbox = SandboxState.Asked;
            _actions.Add(new MakeSandbox());
        }

        return _sandbox == SandboxState.Ready;
    }

    // All volumes stand before the first container starts; later their content follows the objects. What fails later leaves the old content.
    private bool SetUpVolumes(DateTimeOffset now)
    {
        bool isFirst = _regular.Concat(_init).All(static c => c.Current is null);
        if (isFirst && now < _mountRetryAt)
            return false;
        bool complete = true;
        foreach (V1Volume volume in Pod.Spec.Volumes ?? [])
        {
            try
            {
                VolumeContent content = VolumeContents.Make(Pod, volume, _objects, Place);
                if (_volumes.TryGetValue(volume.Name, out VolumeContent? last) && last.IsSame(content))
                    continue;
                _volumes[volume.Name] = content;
                _actions.Add(new SetVolume(volume.Name, content));
            }
            catch (VolumeException e)
            {
                complete = false;
                if (isFirst)
                    Tell(true, "FailedMount", $"MountVolume.SetUp failed for volume \"{volume.Name}\" : {e.Message}", null);
            }
        }

        if (complete || !isFirst)
        {
            _mountRetryAt = DateTimeOffset.MinValue;
            return true;
        }

        TimeSpan next = _mountBackOff == default ? FirstMountBackOff : _mountBackOff * 2;
        _mountBackOff = next < LongestMountBackOff ? next : LongestMountBackOff;
        _mountRetryAt = now + _mountBackOff;
        return false;
    }

    // In their order: one that is not done holds up those behind it and the pod. Once the pod has started, sidecars alone are looked after.
    private bool SyncInit(bool hasStarted, DateTimeOffset now)
    {
        foreach (ContainerLife container in _init)
        {
            if (hasStarted)
            {
                if (container.IsSidecar)
                    StartWhereDue(container, now);
                continue;
            }

            if (!container.IsSidecar && container.IsReady)
                continue;
            StartWhereDue(container, now);
            if (!container.IsSidecar || !container.IsStarted)
                return false;
        }

        return true;
    }

    private void StartWhereDue(ContainerLife container, DateTimeOffset now)
    {
        if (container.IsActive || (container.Waiting is { Reason: not "CrashLoopBackOff" } && now < container.RetryAt))
            return;
        if (container.Current?.Exit is { } exit)
        {
            if (!RestartRules.RestartsAfter(Pod.Spec, container.IsInit, container.IsSidecar, exit.ExitCode))
                return;
            DateTimeOffset due = container.BackOff.DueAfter(exit.FinishedAt);
            if (now < due)
            {
                BackOffRestart(container, due);
                return;
            }
        }

        TryStart(container, now);
    }

    private void BackOffRestart(ContainerLife container, DateTimeOffset due)
    {
        container.RetryAt = due;
        if (container.Waiting?.Reason == "CrashLoopBackOff")
            return;
        container.Waiting = new ContainerWaiting("CrashLoopBackOff", $"back-off {GoSeconds(container.BackOff.Current)} restarting failed container={container.Name} pod={FullName}");
        Tell(true, "BackOff", $"Back-off restarting failed container {container.Name} in pod {FullName}", container.FieldPath);
    }

    private void TryStart(ContainerLife container, DateTimeOffset now)
    {
        if (!HasImage(container, now))
            return;
        ContainerVariables variables;
        try
        {
            variables = ContainerEnvironment.Make(Pod, container.Spec, _objects, Place);
        }
        catch (ContainerConfigException e)
        {
            container.Waiting = new ContainerWaiting(CreateContainerConfigError, e.Message);
            container.RetryAt = now + ConfigRetry;
            Tell(true, "Failed", "Error: " + e.Message, container.FieldPath);
            return;
        }

        if (container.Current?.Exit is { } exit)
            container.BackOff.Next(exit.FinishedAt, now);
        foreach (string skipped in variables.Skipped)
            Tell(true, "InvalidEnvironmentVariableNames", skipped, null);
        Start(container, variables);
    }

    private void Start(ContainerLife container, ContainerVariables variables)
    {
        int number = container.Current is { } last ? last.Number + 1 : 0;
        container.Starting = new ContainerInstance(number, ContainerId(container, number), container.Spec.Image, null);
        container.RetryAt = DateTimeOffset.MaxValue;
        Tell(false, "Created", $"Created container: {container.Name}", container.FieldPath);
        string Expand(string text) => VariableExpansion.Expand(text, name => variables.Variables.GetValueOrDefault(name));
        var ready = new V1Container
        {
            Name = container.Spec.Name,
            Image = container.Spec.Image,
            Command = container.Spec.Command?.Select(Expand).ToList(),
            Args = container.Spec.Args?.Select(Expand).ToList(),
            VolumeMounts = container.Spec.VolumeMounts?.Select(m => Mount(m, Expand)).ToList(),
            WorkingDir = container.Spec.WorkingDir,
            Stdin = container.Spec.Stdin,
            StdinOnce = container.Spec.StdinOnce,
            Tty = container.Spec.Tty,
            Ports = container.Spec.Ports,
            TerminationMessagePath = container.Spec.TerminationMessagePath,
            TerminationMessagePolicy = container.Spec.TerminationMessagePolicy,
        };
        _actions.Add(new StartContainer(ready, number, container.Starting.Id, variables.Variables));
    }

    private void AfterStart(ContainerLife container)
    {
        Tell(false, "Started", $"Started container {container.Name}", container.FieldPath);
        if (container.Spec.Lifecycle?.PostStart is not { } hook)
            return;
        container.PostStartDone = false;
        _actions.Add(new RunHook(container.Spec, container.Current!.Number, IsPreStop: false, hook));
    }

    // kuberuntime_container.go, startContainer; that it waits is told where it will be started again (kubelet_pods.go, convertToAPIContainerStatuses).
    private void AfterFailedStart(ContainerLife container, string why, DateTimeOffset now)
    {
        Tell(true, "Failed", "Error: " + why, container.FieldPath);
        // The next look, a second later, tries again or finds the back-off.
        if (_end is null && RestartRules.RestartsAfter(Pod.Spec, container.IsInit, container.IsSidecar, StartErrorExitCode))
            Wait(container, RunContainerError, why, now + TimeSpan.FromSeconds(1));
    }

    private static V1VolumeMount Mount(V1VolumeMount mount, Func<string, string> expand) => string.IsNullOrEmpty(mount.SubPathExpr)
        ? mount
        : new V1VolumeMount { MountPath = mount.MountPath, Name = mount.Name, ReadOnlyProperty = mount.ReadOnlyProperty, SubPath = expand(mount.SubPathExpr) };

    // There are no registries: an image is there or there is none of it (kubernetes pkg/kubelet/images/image_manager.go).
    private bool HasImage(ContainerLife container, DateTimeOffset now)
    {
        string image = container.Spec.Image;
        bool isKnown = _isKnownImage(image);
        if (isKnown || _settings.UnknownImages == UnknownImagePolicy.Pause)
        {
            if (!isKnown)
                Tell(true, "UnknownImage", $"Image \"{image}\" has no built-in workload; the container runs pause unless its command names a program", container.FieldPath);
            Tell(false, "Pulled", $"Container image \"{image}\" already present on machine", container.FieldPath);
            return true;
        }

        if (container.Spec.ImagePullPolicy == "Never")
        {
            Wait(container, "ErrImageNeverPull", $"Container image \"{image}\" is not present with pull policy of Never", now + ConfigRetry);
            Tell(true, "ErrImageNeverPull", container.Waiting!.Message!, container.FieldPath);
            return false;
        }

        RefusePull(container, image, now);
        return false;
    }

    private void RefusePull(ContainerLife container, string image, DateTimeOffset now)
    {
        DateTimeOffset due = container.PullBackOff.DueAfter(container.PullRefusedAt);
        if (now < due)
        {
            Tell(false, "BackOff", $"Back-off pulling image \"{image}\"", container.FieldPath);
            Tell(true, "Failed", "Error: ImagePullBackOff", container.FieldPath);
            Wait(container, "ImagePullBackOff", $"Back-off pulling image \"{image}\"", due);
            return;
        }

        string why = $"Failed to pull image \"{image}\": no built-in workload stands for it";
        Tell(false, "Pulling", $"Pulling image \"{image}\"", container.FieldPath);
        Tell(true, "Failed", why, container.FieldPath);
        Tell(true, "Failed", "Error: ErrImagePull", container.FieldPath);
        container.PullRefusedAt = now;
        container.PullBackOff.Next(now, now);
        // The next look, a second later, finds the back-off.
        Wait(container, "ErrImagePull", why, now + TimeSpan.FromSeconds(1));
    }

    private static void Wait(ContainerLife container, string reason, string message, DateTimeOffset retryAt)
    {
        container.Waiting = new ContainerWaiting(reason, message);
        container.RetryAt = retryAt;
    }

    private void RestartUnhealthy(DateTimeOffset now)
    {
        foreach (ContainerLife container in All.Where(static c => c.FailedProbe is not null && c.Stop == StopStep.None))
        {
            ProbeWorker probe = container.FailedProbe!;
            string which = probe.Kind == ProbeKind.Startup ? "startup" : "liveness";
            bool restarts = container.IsSidecar || RestartRules.PolicyOf(Pod.Spec) != RestartRules.Never;
            TimeSpan grace = probe.Probe.TerminationGracePeriodSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : GraceOf(null);
            StopContainer(container, $"Container {container.Name} failed {which} probe{(restarts ? ", will be restarted" : "")}", now + AtLeast(grace), now);
        }
    }

    private void PostStartDone(ContainerLife container, bool failed, DateTimeOffset now)
    {
        container.PostStartDone = true;
        if (!failed || container.Stop != StopStep.None)
            return;
        Tell(true, "FailedPostStartHook", "PostStartHook failed", container.FieldPath);
        StopContainer(container, "FailedPostStartHook", now + AtLeast(GraceOf(null)), now);
    }

    // time.Duration of whole seconds, as 10s or 2m40s.
    private static string GoSeconds(TimeSpan time)
    {
        if (time < TimeSpan.FromSeconds(1))
            return FormattableString.Invariant($"{time.TotalMilliseconds:0.###}ms");
        string minutes = time.TotalMinutes >= 1 ? $"{(int)time.TotalMinutes}m" : "";
        return FormattableString.Invariant($"{minutes}{time.Seconds + (time.Milliseconds / 1000.0):0.###}s");
    }
}
