using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Status;

/// <summary>A pod's phase from the states of its containers (kubernetes pkg/kubelet/kubelet_pods.go, getPhase).</summary>
public static class PodPhase
{
    /// <summary>Not all containers have been started.</summary>
    public const string Pending = "Pending";

    /// <summary>All have been started, and one runs or will run again.</summary>
    public const string Running = "Running";

    /// <summary>All have ended well and none will run again.</summary>
    public const string Succeeded = "Succeeded";

    /// <summary>All have ended, one of them badly, and none will run again.</summary>
    public const string Failed = "Failed";

    /// <summary>Whether a pod in this phase never leaves it.</summary>
    /// <param name="phase">Phase.</param>
    public static bool IsTerminal(string? phase) => phase is Succeeded or Failed;

    /// <summary>The phase.</summary>
    /// <param name="spec">The pod's spec.</param>
    /// <param name="statuses">Statuses of init and regular containers.</param>
    /// <param name="willNotRestart">The pod has ended: nothing starts again, whatever the restart policy.</param>
    public static string Of(V1PodSpec spec, IReadOnlyCollection<V1ContainerStatus> statuses, bool willNotRestart)
    {
        ArgumentNullException.ThrowIfNull(spec);
        Counts init = CountInit(spec, statuses);
        Counts all = CountOthers(spec, statuses, init.Pending);
        if (init.Failed > 0 && spec.RestartPolicy == RestartRules.Never)
            return Failed;
        if ((all.Pending > 0 && !HasAnyRegularStarted(spec, statuses)) || all.Waiting > 0)
            return Pending;
        if (all.Running > 0 && all.Unknown == 0)
            return Running;
        if (all.Running > 0 || all.Stopped == 0 || all.Unknown > 0)
            return Pending;
        if (willNotRestart)
            return all.Stopped == all.Succeeded ? Succeeded : Failed;
        if (RestartRules.PolicyOf(spec) == RestartRules.Always)
            return Running;
        if (all.Stopped == all.Succeeded)
            return Succeeded;
        return spec.RestartPolicy == RestartRules.Never ? Failed : Running;
    }

    /// <summary>Whether a container that is no init container runs or has run (kubecontainer.HasAnyRegularContainerStarted).</summary>
    /// <param name="spec">The pod's spec.</param>
    /// <param name="statuses">Statuses of all containers.</param>
    public static bool HasAnyRegularStarted(V1PodSpec spec, IReadOnlyCollection<V1ContainerStatus> statuses)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.Containers.Select(c => Find(statuses, c.Name)).Any(static s => s?.State?.Running is not null || s?.State?.Terminated is not null || s?.LastState?.Terminated is not null);
    }

    internal static V1ContainerStatus? Find(IReadOnlyCollection<V1ContainerStatus> statuses, string name) => statuses.FirstOrDefault(s => s.Name == name);

    private static Counts CountInit(V1PodSpec spec, IReadOnlyCollection<V1ContainerStatus> statuses)
    {
        var counts = default(Counts);
        foreach (V1Container container in (spec.InitContainers ?? []).Where(static c => !RestartRules.IsSidecar(c)))
        {
            V1ContainerStatus? status = Find(statuses, container.Name);
            V1ContainerStateTerminated? ended = status?.State?.Running is not null ? null : status?.State?.Terminated ?? status?.LastState?.Terminated;
            if (ended is null)
                counts.Pending++;
            else if (ended.ExitCode != 0)
                counts.Failed++;
        }

        return counts;
    }

    private static Counts CountOthers(V1PodSpec spec, IReadOnlyCollection<V1ContainerStatus> statuses, int pending)
    {
        var counts = new Counts { Pending = pending };
        foreach (V1Container container in (spec.InitContainers ?? []).Where(RestartRules.IsSidecar))
            CountSidecar(Find(statuses, container.Name), ref counts);
        foreach (V1Container container in spec.Containers)
            CountRegular(Find(statuses, container.Name), ref counts);
        return counts;
    }

    // A sidecar that has ended says nothing about the pod's phase.
    private static void CountSidecar(V1ContainerStatus? status, ref Counts counts)
    {
        switch (status?.State)
        {
            case { Running: not null }:
                counts.Pending += status.Started == true ? 0 : 1;
                counts.Running++;
                break;
            case { Terminated: not null }:
                break;
            case { Waiting: not null }:
                counts.Pending += status.LastState?.Terminated is null ? 1 : 0;
                counts.Waiting += status.LastState?.Terminated is null ? 1 : 0;
                break;
            default:
                counts.Pending += status is null ? 0 : 1;
                counts.Unknown++;
                break;
        }
    }

    private static void CountRegular(V1ContainerStatus? status, ref Counts counts)
    {
        switch (status?.State)
        {
            case { Running: not null }:
                counts.Running++;
                break;
            case { Terminated: { } ended }:
                counts.Stopped++;
                counts.Succeeded += ended.ExitCode == 0 ? 1 : 0;
                break;
            case { Waiting: not null } when status.LastState?.Terminated is not null:
                counts.Stopped++;
                break;
            case { Waiting: not null }:
                counts.Waiting++;
                break;
            default:
                counts.Unknown++;
                break;
        }
    }

    private record struct Counts
    {
        public int Pending;
        public int Failed;
        public int Unknown;
        public int Running;
        public int Waiting;
        public int Stopped;
        public int Succeeded;
    }
}
