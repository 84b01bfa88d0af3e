using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Discovery;

/// <summary>Groups and kinds document by document (meta/v1 APIVersions, APIGroupList, APIGroup, APIResourceList).</summary>
public static class PlainDiscovery
{
    /// <summary>The document for /api.</summary>
    /// <param name="address">Host and port by which the client came.</param>
    public static JsonObject Versions(string address) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = address }),
    };

    /// <summary>The document for /apis.</summary>
    public static JsonObject Groups(KindCatalog catalog) => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. GroupsOf(catalog).Select(group => (JsonNode)Fields(group))]),
    };

    /// <summary>The document for /apis/GROUP, or null when the group is not served.</summary>
    public static JsonObject? Group(KindCatalog catalog, string name)
    {
        if (GroupsOf(catalog).FirstOrDefault(group => group.Key == name) is not { } found)
            return null;
        var document = new JsonObject { ["kind"] = "APIGroup", ["apiVersion"] = "v1" };
        foreach ((string field, JsonNode? value) in Fields(found))
            document[field] = value?.DeepClone();
        return document;
    }

    /// <summary>The document for /api/v1 or /apis/GROUP/VERSION, or null when it is not served.</summary>
    public static JsonObject? Resources(KindCatalog catalog, string group, string version)
    {
        KindDescriptor[] kinds = [.. catalog.All.Where(kind => kind.Group == group && kind.Version == version).OrderBy(kind => kind.Plural, StringComparer.Ordinal)];
        if (kinds.Length == 0)
            return null;
        return new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = kinds[0].ApiVersion,
            ["resources"] = new JsonArray([.. kinds.SelectMany(Resources)]),
        };
    }

    private static IEnumerable<IGrouping<string, KindDescriptor>> GroupsOf(KindCatalog catalog) =>
        catalog.All.Where(kind => kind.Group.Length > 0).GroupBy(kind => kind.Group);

    private static JsonObject Fields(IGrouping<string, KindDescriptor> group)
    {
        JsonObject[] versions = [.. group.Select(kind => kind.Version).Distinct().Select(version => Version(group.Key, version))];
        return new JsonObject
        {
            ["name"] = group.Key,
            ["versions"] = new JsonArray([.. versions]),
            ["preferredVersion"] = versions[0].DeepClone(),
        };
    }

    private static JsonObject Version(string group, string version) => new() { ["groupVersion"] = $"{group}/{version}", ["version"] = version };

    private static IEnumerable<JsonNode> Resources(KindDescriptor kind)
    {
        var resource = new JsonObject
        {
            ["name"] = kind.Plural,
            ["singularName"] = kind.Singular,
            ["namespaced"] = kind.IsNamespaced,
            ["kind"] = kind.Kind,
            ["verbs"] = Texts(ServedVerbs.Of(kind)),
        };
        if (kind.ShortNames.Count > 0)
            resource["shortNames"] = Texts(kind.ShortNames);
        if (kind.Categories.Count > 0)
            resource["categories"] = Texts(kind.Categories);
        yield return resource;
        foreach (Subresource part in ServedVerbs.SubresourcesOf(kind))
            yield return Part(kind, part);
    }

    private static JsonObject Part(KindDescriptor kind, Subresource part)
    {
        var resource = new JsonObject
        {
            ["name"] = $"{kind.Plural}/{part.Name}",
            ["singularName"] = "",
            ["namespaced"] = kind.IsNamespaced,
            ["kind"] = part.Kind,
            ["verbs"] = Texts(part.Verbs),
        };
        if (part.Group != kind.Group || part.Version != kind.Version)
        {
            resource["group"] = part.Group;
            resource["version"] = part.Version;
        }

        return resource;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => JsonValue.Create(text))];
}
