using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ActorNet.ApiServer;

/// <summary>In which form a client wants objects.</summary>
public enum AnswerForm
{
    /// <summary>As they are.</summary>
    Plain,

    /// <summary>As rows of a table.</summary>
    Table,

    /// <summary>The metadata alone of an object, or of each object of a watch.</summary>
    Metadata,

    /// <summary>The metadata alone of the objects of a list.</summary>
    MetadataList,
}

/// <summary>Content negotiation (apiserver pkg/endpoints/handlers/negotiation): JSON is all that goes out, in the form that the client names first.</summary>
public static class Negotiation
{
    /// <summary>What can be sent, as messages name it.</summary>
    public const string Accepted = "application/json";

    /// <summary>The form that an Accept header wants.</summary>
    /// <exception cref="ApiException">Nothing that it names can be sent: 406.</exception>
    public static AnswerForm FormOf(StringValues accept)
    {
        if (StringValues.IsNullOrEmpty(accept) || accept is [Accepted])
            return AnswerForm.Plain;
        foreach (MediaTypeHeaderValue each in Ranges(accept))
        {
            if (!IsJson(each))
                continue;
            switch (Parameter(each, "as"))
            {
                case "":
                    return AnswerForm.Plain;
                case "Table" when IsMetaV1(each):
                    return AnswerForm.Table;
                case "PartialObjectMetadata" when IsMetaV1(each):
                    return AnswerForm.Metadata;
                case "PartialObjectMetadataList" when IsMetaV1(each):
                    return AnswerForm.MetadataList;
            }
        }

        throw ApiErrors.NotAcceptable(Accepted);
    }

    /// <summary>The form of an object's answer, or of a watch's objects.</summary>
    /// <exception cref="ApiException">The client wants what only a list has, or nothing that can be sent: 406 (response.go, asPartialObjectMetadataList).</exception>
    public static AnswerForm FormOfObject(StringValues accept, KindDescriptor kind) => FormOf(accept) is var form && form == AnswerForm.MetadataList
        ? throw ApiErrors.NotConvertible($"you requested PartialObjectMetadataList, but the requested object is not a list ({GoType(kind)})")
        : form;

    /// <summary>The form of a list's answer.</summary>
    /// <exception cref="ApiException">The client wants what a list does not have, or nothing that can be sent: 406 (response.go, asPartialObjectMetadata).</exception>
    public static AnswerForm FormOfList(StringValues accept, KindDescriptor kind) => FormOf(accept) is var form && form == AnswerForm.Metadata
        ? throw ApiErrors.NotConvertible($"you requested PartialObjectMetadata, but the requested object is a list ({GoType(kind)}List)")
        : form;

    // Upstream names its internal type.
    private static string GoType(KindDescriptor kind) => $"*{(kind.Group.Length == 0 ? "core" : kind.Group.Split('.')[0])}.{kind.Kind}";

    /// <summary>The version of aggregated discovery that an Accept header wants; empty: plain discovery.</summary>
    /// <exception cref="ApiException">Nothing that it names can be sent: 406.</exception>
    public static string DiscoveryVersion(StringValues accept)
    {
        if (StringValues.IsNullOrEmpty(accept))
            return "";
        foreach (MediaTypeHeaderValue each in Ranges(accept))
        {
            if (!IsJson(each))
                continue;
            if (Parameter(each, "as").Length == 0)
                return "";
            if (Parameter(each, "as") == "APIGroupDiscoveryList" && Parameter(each, "g") == "apidiscovery.k8s.io" && Parameter(each, "v") is "v2" or "v2beta1")
                return Parameter(each, "v");
        }

        throw ApiErrors.NotAcceptable(Accepted);
    }

    /// <summary>A Content-Type without its parameters, in lower case; empty: none was sent.</summary>
    public static string MediaType(string? contentType)
    {
        if (contentType is null or Accepted)
            return contentType ?? "";
        int semicolon = contentType.IndexOf(';', StringComparison.Ordinal);
        return (semicolon < 0 ? contentType : contentType[..semicolon]).Trim().ToLowerInvariant();
    }

    private static IEnumerable<MediaTypeHeaderValue> Ranges(StringValues accept) =>
        MediaTypeHeaderValue.TryParseList(accept, out IList<MediaTypeHeaderValue>? list)
            ? list.OrderByDescending(each => each.Quality ?? 1)
            : throw ApiErrors.NotAcceptable(Accepted);

    private static bool IsJson(MediaTypeHeaderValue range) => range.MediaType.Value is "application/json" or "application/*" or "*/*";

    private static bool IsMetaV1(MediaTypeHeaderValue range) => Parameter(range, "g") == "meta.k8s.io" && Parameter(range, "v") == "v1";

    private static string Parameter(MediaTypeHeaderValue range, string name) =>
        range.Parameters.FirstOrDefault(each => each.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Value.Value?.Trim('"') ?? "";
}
