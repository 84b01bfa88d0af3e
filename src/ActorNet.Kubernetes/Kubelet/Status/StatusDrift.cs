using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Status;

/// <summary>
/// Whether the API says other conditions than a kubelet told it: a node that was thought away, whose pods were then called not ready, says so itself when
/// it is heard again. Upstream's kubelet compares every ten seconds (kubernetes pkg/kubelet/kubelet_node_status.go nodeStatusHasChanged;
/// pkg/kubelet/status/status_manager.go syncBatch, needsReconcile).
/// </summary>
public static class StatusDrift
{
    /// <summary>Whether a node's conditions in the API are others.</summary>
    /// <param name="told">What its kubelet tells.</param>
    /// <param name="known">What the API has; null for nothing.</param>
    public static bool IsOfNode(V1NodeStatus told, V1NodeStatus? known)
    {
        ArgumentNullException.ThrowIfNull(told);
        return told.Conditions.Any(condition => known?.Conditions?.Any(other => other.Type == condition.Type && other.Status == condition.Status) != true);
    }

    /// <summary>
    /// Whether a pod's conditions in the API are others, among those that its kubelet owns: the rest are somebody else's, also where the kubelet had heard of
    /// them when it told its status (kubernetes pkg/kubelet/status/status_manager.go isPodStatusByKubeletEqual; pkg/kubelet/types PodConditionByKubelet).
    /// </summary>
    /// <param name="told">What its kubelet tells.</param>
    /// <param name="known">What the API has; null for nothing.</param>
    public static bool IsOfPod(V1PodStatus told, V1PodStatus? known)
    {
        ArgumentNullException.ThrowIfNull(told);
        return told.Conditions?.Any(condition => PodConditions.IsOwned(condition.Type) && known?.Conditions?.Any(other => other.Type == condition.Type && other.Status == condition.Status) != true) == true;
    }
}
