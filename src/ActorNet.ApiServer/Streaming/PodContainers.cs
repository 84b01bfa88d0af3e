using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;

namespace ActorNet.ApiServer.Streaming;

/// <summary>Which container of a pod a request means (kubernetes pkg/registry/core/pod/strategy.go validateContainer).</summary>
internal static class PodContainers
{
    /// <summary>The named container, or the only one.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="asked">The name; empty: the only one.</param>
    /// <exception cref="ApiException">400: it has none of that name, or several.</exception>
    public static string Choose(ApiObject pod, string asked)
    {
        string[] containers = Names(pod, "containers");
        string[] init = Names(pod, "initContainers");
        string[] ephemeral = Names(pod, "ephemeralContainers");
        if (asked.Length > 0)
        {
            return containers.Contains(asked) || init.Contains(asked) || ephemeral.Contains(asked)
                ? asked
                : throw ApiErrors.BadRequest($"container {asked} is not valid for pod {pod.Name}");
        }

        if (containers.Length == 1)
            return containers[0];
        if (containers.Length == 0)
            throw ApiErrors.BadRequest($"a container name must be specified for pod {pod.Name}");
        string others = init.Length > 0 ? $" or one of the init containers: [{string.Join(' ', init)}]" : "";
        others += ephemeral.Length > 0 ? $" or one of the ephemeral containers: [{string.Join(' ', ephemeral)}]" : "";
        throw ApiErrors.BadRequest($"a container name must be specified for pod {pod.Name}, choose one of: [{string.Join(' ', containers)}]{others}");
    }

    private static string[] Names(ApiObject pod, string list) =>
        [.. (pod.Document["spec"]?[list] as JsonArray ?? []).OfType<JsonObject>().Select(static container => container.Text("name"))];
}
