using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Api;

/// <summary>The configuration of a server-side apply, checked (apiserver pkg/endpoints/handlers/patch.go applyPatcher; meta/v1/validation ValidatePatchOptions).</summary>
internal static class ApplyRequest
{
    /// <summary>Checks the request.</summary>
    /// <returns>The configuration as it was sent: only what it names is managed.</returns>
    /// <exception cref="ApiException">It cannot be applied.</exception>
    public static JsonObject Read(KindDescriptor kind, string space, string name, ObjectView view, PatchRequest patch, WriteOptions options)
    {
        if (options.Manager.Length == 0)
        {
            var errors = new FieldErrors();
            errors.Required("fieldManager", "is required for apply patch");
            throw ApiErrors.Invalid("meta.k8s.io", "PatchOptions", "", errors);
        }

        if (!view.TakesApply)
            throw ApiErrors.UnsupportedMediaType("application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json");
        if (patch.Patch is not JsonObject config)
            throw ApiErrors.BadRequest("error decoding YAML: the configuration is no object");
        if (config.At("metadata.managedFields") is not null)
            throw ApiErrors.BadRequest("metadata.managedFields must be nil");
        (string spoken, string version) = view.Speaks(kind);
        ObjectRules.CheckKind(kind, spoken, version, config);
        Typed(view.TypeOf(kind), config, $"failed to create typed patch object ({(space.Length > 0 ? space + "/" : "/")}{name}; {(version.Contains('/', StringComparison.Ordinal) ? version : "/" + version)}, Kind={spoken}): ");
        return view.Configured(kind, config.Copy());
    }

    /// <summary>A document in canonical form.</summary>
    /// <exception cref="ApiException">A field is unknown or has a wrong value.</exception>
    public static JsonObject Typed(TypeSchema type, JsonObject document, string prefix = "")
    {
        try
        {
            ReadDocument read = DocumentReader.Read(JsonSerializer.SerializeToUtf8Bytes(document), type);
            if (prefix.Length > 0 && read.Strict.Count > 0)
                throw new ApiException(500, "", prefix + string.Join(", ", read.Strict.Select(Undeclared)));
            return read.Document;
        }
        catch (DocumentException e)
        {
            throw ApiErrors.BadRequest(e.Message);
        }
    }

    // structured-merge-diff's words for what our reader calls unknown field "spec.foo".
    private static string Undeclared(string complaint) =>
        complaint.StartsWith("unknown field \"", StringComparison.Ordinal) ? $".{complaint[15..^1]}: field not declared in schema" : complaint;
}
