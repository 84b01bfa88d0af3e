using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Discovery;

/// <summary>All groups and kinds in one document (apidiscovery.k8s.io, v2 and v2beta1 have the same fields).</summary>
public static class AggregatedDiscovery
{
    /// <summary>The document for /api (the core group) or /apis (the others).</summary>
    /// <param name="catalog">The kinds.</param>
    /// <param name="isCore">True for /api.</param>
    /// <param name="version">"v2" or "v2beta1": the one that the client named.</param>
    public static JsonObject Document(KindCatalog catalog, bool isCore, string version) => new()
    {
        ["kind"] = "APIGroupDiscoveryList",
        ["apiVersion"] = $"apidiscovery.k8s.io/{version}",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray([.. catalog.All.Where(kind => kind.Group.Length == 0 == isCore).GroupBy(kind => kind.Group).Select(Group)]),
    };

    private static JsonNode Group(IGrouping<string, KindDescriptor> group)
    {
        var metadata = new JsonObject { ["creationTimestamp"] = null };
        if (group.Key.Length > 0)
            metadata.Insert(0, "name", group.Key);
        return new JsonObject
        {
            ["metadata"] = metadata,
            ["versions"] = new JsonArray([.. group.GroupBy(kind => kind.Version).Select(Version)]),
        };
    }

    private static JsonNode Version(IGrouping<string, KindDescriptor> version) => new JsonObject
    {
        ["version"] = version.Key,
        ["resources"] = new JsonArray([.. version.OrderBy(kind => kind.Plural, StringComparer.Ordinal).Select(Resource)]),
        ["freshness"] = "Current",
    };

    private static JsonNode Resource(KindDescriptor kind)
    {
        var resource = new JsonObject
        {
            ["resource"] = kind.Plural,
            ["responseKind"] = ResponseKind(kind.Group, kind.Version, kind.Kind),
            ["scope"] = kind.IsNamespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = kind.Singular,
            ["verbs"] = Texts(ServedVerbs.Of(kind)),
        };
        if (kind.ShortNames.Count > 0)
            resource["shortNames"] = Texts(kind.ShortNames);
        if (kind.Categories.Count > 0)
            resource["categories"] = Texts(kind.Categories);
        JsonNode[] parts = [.. ServedVerbs.SubresourcesOf(kind).Select(Part)];
        if (parts.Length > 0)
            resource["subresources"] = new JsonArray(parts);
        return resource;
    }

    private static JsonNode Part(Subresource part) => new JsonObject
    {
        ["subresource"] = part.Name,
        ["responseKind"] = ResponseKind(part.Group, part.Version, part.Kind),
        ["verbs"] = Texts(part.Verbs),
    };

    private static JsonObject ResponseKind(string group, string version, string kind) => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => JsonValue.Create(text))];
}
