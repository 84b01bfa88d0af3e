using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api;

/// <summary>Where objects lie in the store: /registry/GROUP/PLURAL/[NAMESPACE/]NAME, as upstream's --etcd-prefix.</summary>
public static class StoreKeys
{
    private const string Root = "/registry/";

    /// <summary>Every object of a kind.</summary>
    public static string Prefix(KindDescriptor kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return kind.KeyPrefix;
    }

    /// <summary>Makes what <see cref="Prefix"/> gives, for a kind that is kept as it is.</summary>
    internal static string PrefixOf(KindDescriptor kind) => $"{Root}{(kind.Group.Length == 0 ? "core" : kind.Group)}/{kind.Plural}/";

    /// <summary>One object.</summary>
    public static string Of(KindDescriptor kind, string space, string name) => kind.IsNamespaced ? $"{Prefix(kind)}{space}/{name}" : Prefix(kind) + name;

    /// <summary>The objects of a namespace, or all.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace; empty: all.</param>
    /// <param name="name">One name; null: all.</param>
    public static KeyRange Range(KindDescriptor kind, string space, string? name = null)
    {
        if (name is not null && (!kind.IsNamespaced || space.Length > 0))
            return KeyRange.Single(Of(kind, space, name));
        return KeyRange.Prefix(kind.IsNamespaced && space.Length > 0 ? $"{Prefix(kind)}{space}/" : Prefix(kind));
    }

    /// <summary>A claim.</summary>
    public static string Of(Claim claim) => $"{Pool(claim.Pool)}{claim.Key}";

    /// <summary>A pool of claims.</summary>
    public static string Pool(string pool) => $"{Root}ranges/{pool}/";
}
