using ActorNet.Kubernetes.Kubelet.Probes;

namespace ActorNet.Kubernetes.Kubelet.Life;

/// <content>A pod's end: preStop, SIGTERM, SIGKILL for each container, sidecars last, then the sandbox.</content>
public sealed partial class PodLifecycle
{
    private const int DefaultGraceSeconds = 30;

    // minimumGracePeriodInSeconds: nobody is killed without a moment to end by itself.
    private static readonly TimeSpan LeastGrace = TimeSpan.FromSeconds(2);

    private End? _end;

    private TimeSpan GraceOf(TimeSpan? asked) =>
        asked ?? TimeSpan.FromSeconds(Pod.Metadata.DeletionGracePeriodSeconds ?? Pod.Spec.TerminationGracePeriodSeconds ?? DefaultGraceSeconds);

    private static TimeSpan AtLeast(TimeSpan grace)
    {
        // What a timer can be set to.
        TimeSpan longest = TimeSpan.FromDays(30);
        return grace < LeastGrace ? LeastGrace : grace < longest ? grace : longest;
    }

    // A grace period can only become shorter (pod_workers.go, calculateEffectiveGracePeriod).
    private void BeginEnd(TimeSpan? grace, bool isDeleted, DateTimeOffset now)
    {
        DateTimeOffset deadline = now + AtLeast(GraceOf(grace));
        if (_end is null)
        {
            _end = new End(deadline, isDeleted);
            foreach (ContainerLife container in All)
            {
                container.Find(ProbeKind.Startup)?.Hold(ProbeResult.Success);
                container.Find(ProbeKind.Liveness)?.Hold(ProbeResult.Success);
                // What has ended is not waiting to be started any more.
                if (container.HasEnded)
                    container.Waiting = null;
            }

            return;
        }

        _end = new End(deadline < _end.Deadline ? deadline : _end.Deadline, _end.IsDeleted || isDeleted);
        foreach (ContainerLife container in All.Where(c => c.IsRunning && c.Stop != StopStep.None && c.StopDeadline > _end.Deadline))
            container.StopDeadline = _end.Deadline;
    }

    private void SyncEnding(DateTimeOffset now)
    {
        ContainerLife[] regular = [.. _regular.Concat(_init.Where(static c => !c.IsSidecar)).Where(static c => c.IsRunning)];
        foreach (ContainerLife container in regular)
            StopContainer(container, $"Stopping container {container.Name}", _end!.Deadline, now);
        // Sidecars end in the reverse of their order, once nobody needs them (kuberuntime_termination_order.go).
        if (regular.Length == 0 && All.All(static c => c.Starting is null) && _init.LastOrDefault(static c => c.IsSidecar && c.IsRunning) is { } sidecar)
            StopContainer(sidecar, $"Stopping container {sidecar.Name}", _end!.Deadline > now + LeastGrace ? _end.Deadline : now + LeastGrace, now);
        StopOverdue(now);
        if (_sandbox != SandboxState.Ready || All.Any(static c => c.IsActive))
            return;
        _sandbox = SandboxState.Removing;
        _actions.Add(new RemoveSandbox());
    }

    private void StopContainer(ContainerLife container, string why, DateTimeOffset deadline, DateTimeOffset now)
    {
        if (container.Stop != StopStep.None)
            return;
        Tell(false, "Killing", why, container.FieldPath);
        container.StopDeadline = deadline;
        if (container.Spec.Lifecycle?.PreStop is not { } hook)
        {
            SendTerm(container, now);
            return;
        }

        container.Stop = StopStep.PreStop;
        _actions.Add(new RunHook(container.Spec, container.Current!.Number, IsPreStop: true, hook));
    }

    private void PreStopDone(ContainerLife container, bool failed, DateTimeOffset now)
    {
        if (failed)
            Tell(true, "FailedPreStopHook", "PreStopHook failed", container.FieldPath);
        if (container.Stop == StopStep.PreStop)
            SendTerm(container, now);
    }

    private void SendTerm(ContainerLife container, DateTimeOffset now)
    {
        container.Stop = StopStep.Terminating;
        // What the hook has taken is gone, but for the least.
        if (container.StopDeadline < now + LeastGrace)
            container.StopDeadline = now + LeastGrace;
        _actions.Add(new SignalContainer(container.Name, container.Current!.Number, Kill: false));
    }

    // Containers that are ended for a probe come by here too.
    private void StopOverdue(DateTimeOffset now)
    {
        foreach (ContainerLife container in All.Where(c => c.IsRunning && now >= c.StopDeadline))
        {
            if (container.Stop == StopStep.PreStop)
            {
                SendTerm(container, now);
            }
            else if (container.Stop == StopStep.Terminating)
            {
                container.Stop = StopStep.Killed;
                container.StopDeadline = DateTimeOffset.MaxValue;
                _actions.Add(new SignalContainer(container.Name, container.Current!.Number, Kill: true));
            }
        }
    }

    private sealed record End(DateTimeOffset Deadline, bool IsDeleted);
}
