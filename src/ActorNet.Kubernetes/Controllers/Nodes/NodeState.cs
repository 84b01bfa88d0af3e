using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Nodes;

/// <summary>What controllers ask about a Node.</summary>
internal static class NodeState
{
    /// <summary>The namespace of the nodes' leases.</summary>
    public const string LeaseNamespace = "kube-node-lease";

    /// <summary>A condition, or null.</summary>
    public static V1NodeCondition? Condition(V1Node node, string type) => node.Status?.Conditions?.FirstOrDefault(each => each.Type == type);

    /// <summary>A condition's status; null: the Node does not have it.</summary>
    public static string? Status(V1Node node, string type) => Condition(node, type)?.Status;

    /// <summary>True when its condition Ready is True.</summary>
    public static bool IsReady(V1Node node) => Status(node, "Ready") == "True";
}
