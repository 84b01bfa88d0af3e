using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Nodes;

/// <summary>The taints that follow from a Node's conditions (kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go).</summary>
internal static class NodeTaints
{
    public const string NotReady = "node.kubernetes.io/not-ready", Unreachable = "node.kubernetes.io/unreachable", Unschedulable = "node.kubernetes.io/unschedulable";

    // nodeConditionToTaintKeyStatusMap.
    private static readonly (string Condition, string Status, string Key)[] ByCondition =
    [
        ("Ready", "False", NotReady),
        ("Ready", "Unknown", Unreachable),
        ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
        ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
        ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ];

    /// <summary>The taints that a Node should have: those of others as they are, its own by its conditions.</summary>
    /// <param name="node">The Node.</param>
    /// <param name="mayEvict">False: no new taint drives pods away, because no node at all is ready and it is more likely that we are cut off.</param>
    /// <param name="now">The time.</param>
    public static List<V1Taint> Of(V1Node node, bool mayEvict, DateTimeOffset now)
    {
        IList<V1Taint> before = node.Spec?.Taints ?? [];
        List<V1Taint> taints = [.. before.Where(taint => !IsOurs(taint))];
        foreach ((string condition, string status, string key) in ByCondition)
        {
            if (NodeState.Status(node, condition) != status)
                continue;
            Keep(taints, before, key, "NoSchedule", null);
            if (key is NotReady or Unreachable && (mayEvict || before.Any(taint => taint.Key == key && taint.Effect == "NoExecute")))
                Keep(taints, before, key, "NoExecute", now.Seconds());
        }

        if (node.Spec?.Unschedulable == true)
            Keep(taints, before, Unschedulable, "NoSchedule", now.Seconds());
        return taints;
    }

    private static bool IsOurs(V1Taint taint) => taint.Effect switch
    {
        "NoSchedule" => taint.Key == Unschedulable || ByCondition.Any(each => each.Key == taint.Key),
        "NoExecute" => taint.Key is NotReady or Unreachable,
        _ => false,
    };

    private static void Keep(List<V1Taint> taints, IList<V1Taint> before, string key, string effect, DateTime? added) =>
        taints.Add(before.FirstOrDefault(taint => taint.Key == key && taint.Effect == effect) ?? new V1Taint { Key = key, Effect = effect, TimeAdded = added });
}
