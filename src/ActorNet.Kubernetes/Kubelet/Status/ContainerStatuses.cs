using ActorNet.Kubernetes.Kubelet.Containers;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Status;

/// <summary>What is known of a container of a pod.</summary>
/// <param name="Spec">Its spec.</param>
/// <param name="Current">The newest run, or null before the first.</param>
/// <param name="Previous">The run before, or null.</param>
/// <param name="Waiting">Why it is not started, or null.</param>
/// <param name="IsStarted">Its startup probe has passed.</param>
/// <param name="IsReady">Ready for traffic; of an init container: done.</param>
public sealed record ContainerFacts(V1Container Spec, ContainerInstance? Current, ContainerInstance? Previous, ContainerWaiting? Waiting, bool IsStarted, bool IsReady);

/// <summary>Container statuses of the API (kubernetes pkg/kubelet/kubelet_pods.go, convertToAPIContainerStatuses).</summary>
public static class ContainerStatuses
{
    /// <summary>Makes a status.</summary>
    /// <param name="facts">What is known.</param>
    /// <param name="hasInitContainers">Whether the pod has init containers: what waits for them says so.</param>
    public static V1ContainerStatus Of(ContainerFacts facts, bool hasInitContainers)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var status = new V1ContainerStatus
        {
            Name = facts.Spec.Name,
            Image = facts.Current?.Image ?? facts.Spec.Image,
            ImageID = facts.Current is { } made ? ImageId(made.Image) : "",
            ContainerID = facts.Current?.Id,
            RestartCount = facts.Current?.Number ?? 0,
            Started = facts.IsStarted,
            Ready = facts.IsReady,
            State = State(facts.Current) ?? Waiting(new ContainerWaiting(hasInitContainers ? "PodInitializing" : "ContainerCreating", null)),
            LastState = State(facts.Previous) ?? new V1ContainerState(),
        };
        if (facts.Waiting is null)
            return status;
        if (status.State.Terminated is not null)
            status.LastState = status.State;
        status.State = Waiting(facts.Waiting);
        return status;
    }

    // There is no image behind the name: the id says what runs for it.
    private static string ImageId(string image) => $"actornet://{image}";

    private static V1ContainerState Waiting(ContainerWaiting why) => new() { Waiting = new V1ContainerStateWaiting { Reason = why.Reason, Message = why.Message } };

    private static V1ContainerState? State(ContainerInstance? instance) => instance switch
    {
        null => null,
        { Exit: null } => new V1ContainerState { Running = new V1ContainerStateRunning { StartedAt = Started(instance) } },
        { Exit: { } exit } => new V1ContainerState
        {
            Terminated = new V1ContainerStateTerminated
            {
                ExitCode = exit.ExitCode,
                Reason = exit.Reason,
                Message = exit.Message,
                StartedAt = Started(instance),
                FinishedAt = Seconds(exit.FinishedAt),
                ContainerID = instance.Id,
            },
        },
    };

    // A start that failed has no time of its own: containerd leaves 0, which is told as the beginning of Unix time (core/container_start.go).
    private static DateTime Started(ContainerInstance instance) => instance.StartedAt is { } time ? Seconds(time) : DateTime.UnixEpoch;

    /// <summary>A time as metav1.Time has it: whole seconds.</summary>
    internal static DateTime Seconds(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerSecond), DateTimeKind.Utc);
}
