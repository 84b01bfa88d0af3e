using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api;

/// <summary>Where a list goes on, in upstream's form (apiserver pkg/storage/continue.go): the revision, and the next key below the list's range.</summary>
/// <param name="Revision">The revision of the first page.</param>
/// <param name="Start">The first key of the next page, without what all keys of the list begin with.</param>
internal sealed record ContinueToken(long Revision, string Start)
{
    /// <summary>Reads a token.</summary>
    /// <exception cref="ApiException">It is none: 400.</exception>
    public static ContinueToken Parse(string text)
    {
        try
        {
            JsonObject token = JsonNode.Parse(Base64Url.DecodeFromChars(text))!.AsObject();
            if (token.Text("v") == "meta.k8s.io/v1" && token.Number("rv") is long revision and > 0 && token["start"] is JsonValue)
                return new ContinueToken(revision, token.Text("start"));
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
        }

        throw ApiErrors.BadRequest("continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
    }

    /// <summary>The range that is left of a list's range.</summary>
    public KeyRange Rest(KeyRange keys) => keys.From(keys.Start + Start);

    /// <inheritdoc/>
    public override string ToString() =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = Revision, ["start"] = Start }.ToJsonString()));
}
