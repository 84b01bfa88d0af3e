using System.Text.Json.Nodes;

namespace ActorNet.Kubernetes.Patches;

/// <summary>JSON merge patch, RFC 7386 (RFC 7396).</summary>
public static class MergePatch
{
    /// <summary>The target with the patch applied; neither argument changes.</summary>
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
            return patch?.DeepClone();
        JsonObject result = target is JsonObject old ? old.DeepClone().AsObject() : [];
        foreach ((string name, JsonNode? value) in changes)
        {
            if (value is null)
                result.Remove(name);
            else
                result[name] = Apply(result[name], value);
        }

        return result;
    }
}
