using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Nodes;

/// <summary>Says in a pod's status that the cluster, not the pod, is why it goes (condition DisruptionTarget).</summary>
internal static class Disruption
{
    /// <summary>The write.</summary>
    /// <param name="pods">The kind.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="reason">In one word.</param>
    /// <param name="message">For people.</param>
    /// <param name="now">The time.</param>
    /// <param name="phase">The phase that it ends in; null: as it is.</param>
    public static PatchWrite Write(KindDescriptor pods, V1Pod pod, string reason, string message, DateTimeOffset now, string? phase = null)
    {
        var condition = new JsonObject { ["type"] = "DisruptionTarget", ["status"] = "True", ["reason"] = reason, ["message"] = message, ["lastTransitionTime"] = ScalarReader.Time(now) };
        var status = new JsonObject { ["conditions"] = new JsonArray(condition) };
        if (phase is not null)
            status["phase"] = phase;
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid }, ["status"] = status };
        return new PatchWrite(pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, PatchForm.Strategic, patch, "status") { Tolerates = [404, 409] };
    }
}
