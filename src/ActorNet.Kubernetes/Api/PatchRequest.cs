using System.Text.Json.Nodes;

namespace ActorNet.Kubernetes.Api;

/// <summary>The forms of a patch.</summary>
public enum PatchForm
{
    /// <summary>application/json-patch+json.</summary>
    Json,

    /// <summary>application/merge-patch+json.</summary>
    Merge,

    /// <summary>application/strategic-merge-patch+json.</summary>
    Strategic,

    /// <summary>application/apply-patch+yaml: a configuration of which the sender manages the fields.</summary>
    Apply,
}

/// <summary>A patch.</summary>
/// <param name="Form">Its form.</param>
/// <param name="Patch">What it says.</param>
/// <param name="Validation">What happens to fields that are not known.</param>
/// <param name="Force">Take fields that others manage; null: nothing is said. Of an apply only.</param>
public sealed record PatchRequest(PatchForm Form, JsonNode? Patch, FieldValidation Validation = FieldValidation.Warn, bool? Force = null);

/// <summary>What a write gave.</summary>
/// <param name="Object">The object.</param>
/// <param name="IsNew">True when it did not exist before.</param>
/// <param name="Warnings">What the client should hear.</param>
public sealed record WriteResult(ApiObject Object, bool IsNew, IReadOnlyList<string> Warnings);
