using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Patches;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Api;

/// <summary>Patches to documents (apiserver pkg/endpoints/handlers/patch.go).</summary>
internal static class PatchRunner
{
    /// <summary>What an object's view is after a patch.</summary>
    /// <param name="current">The object.</param>
    /// <param name="view">The path.</param>
    /// <param name="request">The patch.</param>
    /// <param name="warnings">Takes what the client should hear.</param>
    /// <exception cref="ApiException">It cannot be carried out.</exception>
    public static JsonObject Run(ApiObject current, ObjectView view, PatchRequest request, List<string> warnings)
    {
        KindDescriptor kind = current.Kind;
        JsonObject shown = view.Show(kind, current.Document);
        TypeSchema type = view.TypeOf(kind);
        string json = Patched(shown, request, type).ToJsonString();
        try
        {
            ReadDocument read = DocumentReader.Read(Encoding.UTF8.GetBytes(json), type);
            // A patch that speaks another version means another object than the one it would be laid on.
            (string spoken, string version) = view.Speaks(kind);
            ObjectRules.CheckKind(kind, spoken, version, read.Document);
            warnings.Clear();
            if (read.Strict.Count > 0 && request.Validation == FieldValidation.Strict)
                throw Refused(current, request.Patch, $"strict decoding error: {string.Join(", ", read.Strict)}");
            if (request.Validation == FieldValidation.Warn)
                warnings.AddRange(read.Strict);
            return read.Document;
        }
        catch (DocumentException e)
        {
            throw Refused(current, JsonNode.Parse(json), e.Message);
        }
    }

    private static JsonObject Patched(JsonObject shown, PatchRequest request, TypeSchema type)
    {
        try
        {
            return request.Form switch
            {
                PatchForm.Json => JsonPatch.Apply(shown, request.Patch) as JsonObject,
                PatchForm.Merge => MergePatch.Apply(shown, request.Patch as JsonObject ?? throw NoObject()) as JsonObject,
                _ => StrategicMergePatch.Apply(shown, request.Patch as JsonObject ?? throw NoObject(), type),
            } ?? throw ApiErrors.UnprocessablePatch();
        }
        catch (PatchException e)
        {
            throw request.Form == PatchForm.Json ? ApiErrors.UnprocessablePatch() : ApiErrors.BadRequest(e.Message);
        }
    }

    private static ApiException NoObject() => ApiErrors.BadRequest("error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}");

    private static ApiException Refused(ApiObject current, JsonNode? patch, string why)
    {
        var errors = new FieldErrors();
        errors.Invalid("patch", patch?.ToJsonString() ?? "null", why);
        return ApiErrors.Invalid(current.Kind.Group, current.Kind.Kind, current.Name, errors);
    }
}
