using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>A Deployment's conditions and progress (kubernetes pkg/controller/deployment/progress.go, util/deployment_util.go).</summary>
internal static class DeploymentConditions
{
    public const string Available = "Available", Progressing = "Progressing", ReplicaFailure = "ReplicaFailure";

    private const string TimedOut = "ProgressDeadlineExceeded", NewAvailable = "NewReplicaSetAvailable", PausedReason = "DeploymentPaused";

    /// <summary>A condition, or null.</summary>
    public static V1DeploymentCondition? Find(V1DeploymentStatus? status, string type) => status?.Conditions?.FirstOrDefault(each => each.Type == type);

    /// <summary>Sets a condition; one that says the same is left as it is (SetDeploymentCondition).</summary>
    public static void Set(V1DeploymentStatus status, string type, string value, string reason, string message, DateTimeOffset now, DateTime? since = null)
    {
        V1DeploymentCondition? before = Find(status, type);
        if (before?.Status == value && before.Reason == reason)
            return;
        DateTime moment = now.Seconds();
        Remove(status, type);
        status.Conditions ??= [];
        status.Conditions.Add(new V1DeploymentCondition
        {
            Type = type,
            Status = value,
            Reason = reason,
            Message = message,
            LastUpdateTime = moment,
            LastTransitionTime = since ?? (before?.Status == value ? before.LastTransitionTime : moment),
        });
    }

    /// <summary>Takes a condition away.</summary>
    public static void Remove(V1DeploymentStatus status, string type) => status.Conditions = status.Conditions?.Where(each => each.Type != type).ToList();

    /// <summary>True when the rollout is given up some time.</summary>
    public static bool HasDeadline(V1Deployment deployment) => deployment.Spec.ProgressDeadlineSeconds is { } deadline && deadline != int.MaxValue;

    /// <summary>Says that a rollout was paused or goes on (checkPausedConditions).</summary>
    public static void Pause(V1Deployment deployment, DateTimeOffset now)
    {
        V1DeploymentCondition? before = Find(deployment.Status, Progressing);
        if (!HasDeadline(deployment) || before?.Reason == TimedOut)
            return;
        bool wasPaused = before?.Reason == PausedReason, isPaused = deployment.Spec.Paused == true;
        if (isPaused && !wasPaused)
            Set(deployment.Status, Progressing, "Unknown", PausedReason, "Deployment is paused", now);
        else if (!isPaused && wasPaused)
            Set(deployment.Status, Progressing, "Unknown", "DeploymentResumed", "Deployment is resumed", now);
    }

    /// <summary>True when all pods are of the newest template, available, and alone.</summary>
    public static bool IsComplete(V1Deployment deployment, V1DeploymentStatus status)
    {
        int replicas = deployment.Replicas();
        return (status.UpdatedReplicas ?? 0) == replicas && (status.Replicas ?? 0) == replicas && (status.AvailableReplicas ?? 0) == replicas
            && (status.ObservedGeneration ?? 0) >= (deployment.Metadata.Generation ?? 0);
    }

    /// <summary>Sets the condition Progressing from how the status changed (syncRolloutStatus).</summary>
    /// <param name="deployment">The Deployment, with the status before.</param>
    /// <param name="status">The new status.</param>
    /// <param name="newSet">The name of the newest ReplicaSet; null: none yet.</param>
    /// <param name="now">The time.</param>
    public static void Progress(V1Deployment deployment, V1DeploymentStatus status, string? newSet, DateTimeOffset now)
    {
        if (!HasDeadline(deployment))
        {
            Remove(status, Progressing);
            return;
        }

        V1DeploymentCondition? current = Find(deployment.Status, Progressing);
        if ((status.Replicas ?? 0) == (status.UpdatedReplicas ?? 0) && current?.Reason == NewAvailable)
            return;
        string subject = newSet is null ? $"Deployment \"{deployment.Metadata.Name}\"" : $"ReplicaSet \"{newSet}\"";
        if (IsComplete(deployment, status))
        {
            Set(status, Progressing, "True", NewAvailable, $"{subject} has successfully progressed.", now);
        }
        else if (IsProgressing(deployment.Status, status))
        {
            // Each bit of progress sets the clock anew.
            Remove(status, Progressing);
            Set(status, Progressing, "True", "ReplicaSetUpdated", $"{subject} is progressing.", now, current?.Status == "True" ? current.LastTransitionTime : null);
        }
        else if (IsTimedOut(deployment, status, now))
        {
            Set(status, Progressing, "False", TimedOut, $"{subject} has timed out progressing.", now);
        }
    }

    /// <summary>How long until a rollout that does not go on is given up; null: it does not wait for that (requeueStuckDeployment).</summary>
    public static TimeSpan? UntilDeadline(V1Deployment deployment, V1DeploymentStatus status, DateTimeOffset now)
    {
        V1DeploymentCondition? current = Find(status, Progressing);
        if (!HasDeadline(deployment) || current is null || IsComplete(deployment, status) || current.Reason is TimedOut or NewAvailable or PausedReason)
            return null;
        TimeSpan left = (current.LastUpdateTime ?? now.UtcDateTime) + TimeSpan.FromSeconds(deployment.Spec.ProgressDeadlineSeconds ?? 0) - now.UtcDateTime;
        return (left > TimeSpan.Zero ? left : TimeSpan.Zero) + TimeSpan.FromSeconds(1);
    }

    private static bool IsProgressing(V1DeploymentStatus? before, V1DeploymentStatus after)
    {
        int oldBefore = (before?.Replicas ?? 0) - (before?.UpdatedReplicas ?? 0), oldAfter = (after.Replicas ?? 0) - (after.UpdatedReplicas ?? 0);
        return (after.UpdatedReplicas ?? 0) > (before?.UpdatedReplicas ?? 0) || oldAfter < oldBefore
            || (after.ReadyReplicas ?? 0) > (before?.ReadyReplicas ?? 0) || (after.AvailableReplicas ?? 0) > (before?.AvailableReplicas ?? 0);
    }

    private static bool IsTimedOut(V1Deployment deployment, V1DeploymentStatus status, DateTimeOffset now)
    {
        if (Find(status, Progressing) is not { } current || current.Reason == NewAvailable)
            return false;
        return current.Reason == TimedOut || (current.LastUpdateTime ?? now.UtcDateTime) + TimeSpan.FromSeconds(deployment.Spec.ProgressDeadlineSeconds ?? 0) < now.UtcDateTime;
    }
}
