using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Discovery;

/// <summary>What can be done with a kind and its parts.</summary>
public static class ServedVerbs
{
    /// <summary>The verbs of a kind.</summary>
    public static IReadOnlyList<string> Of(KindDescriptor kind) =>
        kind.IsStored ? ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"] : ["create"];

    /// <summary>The subresources of a kind, the status among them.</summary>
    public static IEnumerable<Subresource> SubresourcesOf(KindDescriptor kind)
    {
        IEnumerable<Subresource> all = kind.HasStatus
            ? kind.Subresources.Append(new Subresource("status", kind.Group, kind.Version, kind.Kind, ["get", "patch", "update"]))
            : kind.Subresources;
        return all.OrderBy(each => each.Name, StringComparer.Ordinal);
    }
}
