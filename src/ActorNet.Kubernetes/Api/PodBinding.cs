using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api;

/// <summary>What POST to pods/NAME/binding does (kubernetes pkg/registry/core/pod/storage, BindingREST): gives a pod its node, once.</summary>
public static class PodBinding
{
    /// <summary>Binds a pod.</summary>
    /// <param name="api">The API.</param>
    /// <param name="space">The namespace.</param>
    /// <param name="name">The pod.</param>
    /// <param name="binding">A core/v1 Binding.</param>
    /// <param name="dryRun">Do everything but keep it.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The pod with its node.</returns>
    /// <exception cref="ApiException">The pod is bound already, or is going.</exception>
    public static async ValueTask<ApiObject> BindAsync(KubernetesApi api, string space, string name, JsonObject binding, bool dryRun, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(api);
        string node = binding.Text("target.name");
        if (node.Length == 0)
        {
            var errors = new FieldErrors();
            errors.Required("target.name");
            throw ApiErrors.Invalid("", "Binding", name, errors);
        }

        KindDescriptor pods = api.Kinds.Of("", "Pod");
        var resource = new GroupResource("", "pods/binding");
        return await api.ModifyAsync(pods, space, name, current =>
        {
            JsonObject pod = current.Document;
            if (pod.Text("metadata.deletionTimestamp").Length > 0)
                throw ApiErrors.Conflict(resource, name, $"pod {name} is being deleted, cannot be assigned to a host");
            if (pod.Text("spec.nodeName") is { Length: > 0 } bound)
                throw ApiErrors.Conflict(resource, name, $"pod {name} is already assigned to node \"{bound}\"");
            return Bound(pod.Copy(), node, ScalarReader.Time(api.Time.GetUtcNow()));
        }, new WriteOptions(dryRun), cancel).ConfigureAwait(false);
    }

    private static JsonObject Bound(JsonObject pod, string node, string now)
    {
        pod.Ensure("metadata").Remove("resourceVersion");
        pod.Ensure("spec")["nodeName"] = node;
        JsonObject[] others = [.. pod.Objects("status.conditions").Where(each => each.Text("type") != "PodScheduled").Select(each => each.Copy())];
        var scheduled = new JsonObject { ["type"] = "PodScheduled", ["status"] = "True", ["lastProbeTime"] = null, ["lastTransitionTime"] = now };
        pod.Ensure("status")["conditions"] = new JsonArray([.. others, scheduled]);
        return pod;
    }
}
