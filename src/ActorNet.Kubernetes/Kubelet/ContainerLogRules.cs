using ActorNet.Kubernetes.Errors;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet;

/// <summary>Which of a container's runs has the log that is asked for, or why there is none (kubernetes pkg/kubelet/kubelet_pods.go, validateContainerLogStatus).</summary>
public static class ContainerLogRules
{
    /// <summary>Chooses the run.</summary>
    /// <param name="status">The pod's status.</param>
    /// <param name="pod">The pod's name, for the refusal.</param>
    /// <param name="container">The container.</param>
    /// <param name="previous">Whether the run before is asked for: that of lastState, which is the newest while a container waits for its restart.</param>
    /// <returns>containerID of the run.</returns>
    /// <exception cref="ApiException">There is no such run: 400 in the kubelet's words.</exception>
    public static string FindRun(V1PodStatus status, string pod, string container, bool previous)
    {
        ArgumentNullException.ThrowIfNull(status);
        string which = $"container \"{container}\" in pod \"{pod}\"";
        V1ContainerStatus found = Of(status, container) ?? throw ApiErrors.BadRequest($"{which} is not available");
        string? last = found.LastState?.Terminated?.ContainerID;
        if (previous)
            return last is { Length: > 0 } ? last : throw ApiErrors.BadRequest($"previous terminated {which} not found");
        if (found.State?.Running is not null)
            return found.ContainerID;
        string? id = found.State?.Terminated?.ContainerID is { Length: > 0 } ended ? ended : last;
        if (id is { Length: > 0 })
            return id;
        throw ApiErrors.BadRequest(found.State switch
        {
            { Waiting: { } waiting } when found.LastState?.Terminated is null => $"{which} is waiting to start: {Why(waiting.Reason)}",
            { Terminated: not null } or { Waiting: not null } => $"{which} is terminated",
            _ => $"{which} is waiting to start - no logs yet",
        });
    }

    private static V1ContainerStatus? Of(V1PodStatus status, string container) =>
        new[] { status.ContainerStatuses, status.InitContainerStatuses, status.EphemeralContainerStatuses }.SelectMany(static s => s ?? []).FirstOrDefault(s => s.Name == container);

    private static string Why(string reason) => reason switch
    {
        "ErrImagePull" => "image can't be pulled",
        "ImagePullBackOff" => "trying and failing to pull image",
        _ => reason,
    };
}
