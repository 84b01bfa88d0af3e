using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api.Views;

/// <summary>A pod's ephemeral containers, which can only be added.</summary>
internal sealed class EphemeralContainersView : ObjectView
{
    public override string Name => "ephemeralcontainers";

    public override bool IsValidated => false;

    public override JsonObject Change(KindDescriptor kind, JsonObject old, JsonObject body)
    {
        JsonObject result = old.Copy();
        result.Ensure("spec")["ephemeralContainers"] = body.At("spec.ephemeralContainers")?.DeepClone();
        kind.Default(result);
        var errors = new FieldErrors();
        PodSpecRules.Validate(result.Ensure("spec"), "spec", errors);
        foreach (JsonObject before in old.Objects("spec.ephemeralContainers"))
        {
            JsonObject? now = result.Objects("spec.ephemeralContainers").FirstOrDefault(each => each.Text("name") == before.Text("name"));
            if (now is null)
                errors.Forbidden("spec.ephemeralContainers", $"existing ephemeral containers \"{before.Text("name")}\" may not be removed\n");
            else if (!JsonNode.DeepEquals(now, before))
                errors.Forbidden("spec.ephemeralContainers", $"existing ephemeral containers \"{before.Text("name")}\" may not be changed\n");
        }

        return errors.IsEmpty ? result : throw ApiErrors.Invalid("", "Pod", old.Text("metadata.name"), errors);
    }
}
