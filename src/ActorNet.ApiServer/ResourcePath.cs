namespace ActorNet.ApiServer;

/// <summary>The path of a resource: /api/v1/... or /apis/GROUP/VERSION/....</summary>
/// <param name="Group">The group; empty: core.</param>
/// <param name="Version">The version.</param>
/// <param name="Namespace">The namespace; empty: none in the path.</param>
/// <param name="Plural">The resource.</param>
/// <param name="Name">The object; empty: the collection.</param>
/// <param name="Subresource">Its part; empty: the object.</param>
public sealed record ResourcePath(string Group, string Version, string Namespace, string Plural, string Name, string Subresource)
{
    /// <summary>Reads a path.</summary>
    /// <param name="path">The path, unescaped, from its first slash.</param>
    /// <returns>Null when it is none: too short or too long.</returns>
    public static ResourcePath? Parse(string path)
    {
        string[] parts = path.Trim('/').Split('/');
        bool isCore = parts[0] == "api";
        int head = isCore ? 2 : 3;
        if ((!isCore && parts[0] != "apis") || parts.Length <= head || parts.AsSpan().Contains(""))
            return null;
        (string group, string version) = isCore ? ("", parts[1]) : (parts[1], parts[2]);
        ReadOnlySpan<string> rest = parts.AsSpan(head);
        // /namespaces/NAME and its own parts are the Namespace object; anything else behind it lies in the namespace.
        bool isInside = rest[0] == "namespaces" && rest.Length >= 3 && !(isCore && rest.Length == 3 && rest[2] is "status" or "finalize");
        string space = isInside ? rest[1] : "";
        if (isInside)
            rest = rest[2..];
        return rest.Length > 3 ? null : new ResourcePath(group, version, space, rest[0], rest.Length > 1 ? rest[1] : "", rest.Length > 2 ? rest[2] : "");
    }
}
