using System.Collections.Immutable;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Caches;

/// <summary>What a cache knew at a revision. It does not change, and every enumeration goes by namespace and name, in the order of their bytes.</summary>
/// <typeparam name="T">The model.</typeparam>
public sealed class ObjectSnapshot<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    internal const string OwnerIndex = "metadata.ownerReferences";

    private static readonly ImmutableSortedDictionary<string, T> None = ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal);

    // By namespace, then by name: the namespace of kinds without is empty.
    private readonly ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, T>> _spaces;

    // The values of each index, each with its objects.
    private readonly ImmutableDictionary<string, ImmutableDictionary<string, ImmutableSortedDictionary<string, T>>> _indexes;

    private ObjectSnapshot(
        long revision, int count, ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, T>> spaces,
        ImmutableDictionary<string, ImmutableDictionary<string, ImmutableSortedDictionary<string, T>>> indexes)
    {
        (Revision, Count, _spaces, _indexes) = (revision, count, spaces, indexes);
    }

    /// <summary>The revision up to which every change is in it; 0: nothing is known yet.</summary>
    public long Revision { get; }

    /// <summary>How many objects there are.</summary>
    public int Count { get; }

    /// <summary>All objects.</summary>
    public IEnumerable<T> All => _spaces.Values.SelectMany(static space => space.Values);

    /// <summary>One object, or null.</summary>
    /// <param name="space">The namespace; empty for kinds without.</param>
    /// <param name="name">The name.</param>
    public T? Find(string space, string name) => _spaces.GetValueOrDefault(space)?.GetValueOrDefault(name);

    /// <summary>The objects of a namespace.</summary>
    public IEnumerable<T> InNamespace(string space) => _spaces.GetValueOrDefault(space, None).Values;

    /// <summary>The objects whose controller (the owner reference with <c>controller: true</c>) has this uid.</summary>
    public IEnumerable<T> ControlledBy(string uid) => By(OwnerIndex, uid);

    /// <summary>The objects that an index of the cache has under a value.</summary>
    /// <exception cref="KeyNotFoundException">The cache was made without this index.</exception>
    public IEnumerable<T> By(string index, string value) => _indexes[index].GetValueOrDefault(value, None).Values;

    internal static ObjectSnapshot<T> Empty(IEnumerable<CacheIndex<T>> indexes) => new(
        0, 0, ImmutableSortedDictionary.Create<string, ImmutableSortedDictionary<string, T>>(StringComparer.Ordinal),
        indexes.ToImmutableDictionary(index => index.Name, _ => ImmutableDictionary.Create<string, ImmutableSortedDictionary<string, T>>(StringComparer.Ordinal)));

    internal static CachedKey KeyOf(T model) => new(model.Metadata.NamespaceProperty ?? "", model.Metadata.Name);

    internal T? Find(CachedKey key) => Find(key.Space, key.Name);

    internal IEnumerable<CachedKey> Keys => _spaces.SelectMany(static space => space.Value.Keys.Select(name => new CachedKey(space.Key, name)));

    internal ObjectSnapshot<T> At(long revision) => revision == Revision ? this : new(revision, Count, _spaces, _indexes);

    internal ObjectSnapshot<T> With(CachedKey key, T? after, long revision, IReadOnlyList<CacheIndex<T>> indexes)
    {
        T? before = Find(key);
        var changed = _indexes;
        foreach (CacheIndex<T> index in indexes)
        {
            var values = changed[index.Name];
            foreach (string value in before is null ? [] : index.Values(before))
                values = Without(values, value, key.ToString());
            foreach (string value in after is null ? [] : index.Values(after))
                values = values.SetItem(value, values.GetValueOrDefault(value, None).SetItem(key.ToString(), after!));
            if (values != changed[index.Name])
                changed = changed.SetItem(index.Name, values);
        }

        var space = _spaces.GetValueOrDefault(key.Space, None);
        space = after is null ? space.Remove(key.Name) : space.SetItem(key.Name, after);
        int count = Count + (after is null ? 0 : 1) - (before is null ? 0 : 1);
        return new(revision, count, space.IsEmpty ? _spaces.Remove(key.Space) : _spaces.SetItem(key.Space, space), changed);
    }

    private static ImmutableDictionary<string, ImmutableSortedDictionary<string, T>> Without(ImmutableDictionary<string, ImmutableSortedDictionary<string, T>> values, string value, string key)
    {
        var left = values.GetValueOrDefault(value, None).Remove(key);
        return left.IsEmpty ? values.Remove(value) : values.SetItem(value, left);
    }
}
