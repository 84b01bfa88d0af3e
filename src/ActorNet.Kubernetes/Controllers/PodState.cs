using k8s.Models;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>What controllers ask about a pod (kubernetes pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go).</summary>
internal static class PodState
{
    /// <summary>True when it ended, well or not.</summary>
    public static bool IsTerminal(this V1Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    /// <summary>True when it is being deleted.</summary>
    public static bool IsTerminating(this V1Pod pod) => pod.Metadata.DeletionTimestamp is not null;

    /// <summary>True when it counts for its controller: neither ended nor being deleted.</summary>
    public static bool IsActive(this V1Pod pod) => !pod.IsTerminal() && !pod.IsTerminating();

    /// <summary>A condition, or null.</summary>
    public static V1PodCondition? Condition(this V1Pod pod, string type) => pod.Status?.Conditions?.FirstOrDefault(each => each.Type == type);

    /// <summary>True when its condition Ready is True.</summary>
    public static bool IsReady(this V1Pod pod) => pod.Condition("Ready")?.Status == "True";

    /// <summary>True when it has been ready for so many seconds.</summary>
    public static bool IsAvailable(this V1Pod pod, int minReadySeconds, DateTimeOffset now)
    {
        if (pod.Condition("Ready") is not { Status: "True" } ready)
            return false;
        return minReadySeconds == 0 || (ready.LastTransitionTime is { } since && now.UtcDateTime - since >= TimeSpan.FromSeconds(minReadySeconds));
    }

    /// <summary>How long until the next of the ready pods becomes available; null: none does by waiting.</summary>
    public static TimeSpan? NextAvailable(IEnumerable<V1Pod> pods, int minReadySeconds, DateTimeOffset now)
    {
        TimeSpan[] waits =
        [
            .. pods.Where(pod => pod.IsReady() && !pod.IsAvailable(minReadySeconds, now))
                .Select(pod => (pod.Condition("Ready")?.LastTransitionTime ?? now.UtcDateTime) + TimeSpan.FromSeconds(minReadySeconds) - now.UtcDateTime),
        ];
        return waits.Length == 0 ? null : waits.Min();
    }

    /// <summary>How often its containers were restarted, at most.</summary>
    public static int Restarts(this V1Pod pod) => pod.Status?.ContainerStatuses is { Count: > 0 } containers ? containers.Max(each => each.RestartCount) : 0;

    /// <summary>True when a DaemonSet made it.</summary>
    public static bool IsOfDaemonSet(this V1Pod pod) => pod.Metadata.OwnerReferences?.Any(owner => owner is { Controller: true, Kind: "DaemonSet" }) == true;
}
