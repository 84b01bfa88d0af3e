using System.Collections.Immutable;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Caches;

/// <summary>What a cache knew at a revision. It does not change, and every enumeration goes by namespace and name, in the order of their bytes.</summary>
/// <typeparam name="T">The model.</typeparam>
public sealed class ObjectSnapshot<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    internal const string NamespaceIndex = "metadata.namespace", OwnerIndex = "metadata.ownerReferences";

    private static readonly ImmutableSortedDictionary<string, T> None = ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal);

    private readonly ImmutableSortedDictionary<string, T> _objects;

    // The values of each index, each with its objects.
    private readonly ImmutableDictionary<string, ImmutableDictionary<string, ImmutableSortedDictionary<string, T>>> _indexes;

    private ObjectSnapshot(long revision, ImmutableSortedDictionary<string, T> objects, ImmutableDictionary<string, ImmutableDictionary<string, ImmutableSortedDictionary<string, T>>> indexes)
    {
        (Revision, _objects, _indexes) = (revision, objects, indexes);
    }

    /// <summary>The revision up to which every change is in it; 0: nothing is known yet.</summary>
    public long Revision { get; }

    /// <summary>How many objects there are.</summary>
    public int Count => _objects.Count;

    /// <summary>All objects.</summary>
    public IEnumerable<T> All => _objects.Values;

    /// <summary>One object, or null.</summary>
    /// <param name="space">The namespace; empty for kinds without.</param>
    /// <param name="name">The name.</param>
    public T? Find(string space, string name) => _objects.GetValueOrDefault(KeyOf(space, name));

    /// <summary>The objects of a namespace.</summary>
    public IEnumerable<T> InNamespace(string space) => By(NamespaceIndex, space);

    /// <summary>The objects whose controller (the owner reference with <c>controller: true</c>) has this uid.</summary>
    public IEnumerable<T> ControlledBy(string uid) => By(OwnerIndex, uid);

    /// <summary>The objects that an index of the cache has under a value.</summary>
    /// <exception cref="KeyNotFoundException">The cache was made without this index.</exception>
    public IEnumerable<T> By(string index, string value) => _indexes[index].GetValueOrDefault(value, None).Values;

    internal static ObjectSnapshot<T> Empty(IEnumerable<CacheIndex<T>> indexes) =>
        new(0, None, indexes.ToImmutableDictionary(index => index.Name, _ => ImmutableDictionary.Create<string, ImmutableSortedDictionary<string, T>>(StringComparer.Ordinal)));

    internal static string KeyOf(T model) => KeyOf(model.Metadata.NamespaceProperty ?? "", model.Metadata.Name);

    internal T? Find(string key) => _objects.GetValueOrDefault(key);

    internal IEnumerable<string> Keys => _objects.Keys;

    internal ObjectSnapshot<T> At(long revision) => revision == Revision ? this : new(revision, _objects, _indexes);

    internal ObjectSnapshot<T> With(string key, T? after, long revision, IReadOnlyList<CacheIndex<T>> indexes)
    {
        T? before = Find(key);
        var changed = _indexes;
        foreach (CacheIndex<T> index in indexes)
        {
            var values = changed[index.Name];
            foreach (string value in before is null ? [] : index.Values(before))
                values = Without(values, value, key);
            foreach (string value in after is null ? [] : index.Values(after))
                values = values.SetItem(value, values.GetValueOrDefault(value, None).SetItem(key, after!));
            changed = changed.SetItem(index.Name, values);
        }

        return new(revision, after is null ? _objects.Remove(key) : _objects.SetItem(key, after), changed);
    }

    private static ImmutableDictionary<string, ImmutableSortedDictionary<string, T>> Without(ImmutableDictionary<string, ImmutableSortedDictionary<string, T>> values, string value, string key)
    {
        var left = values.GetValueOrDefault(value, None).Remove(key);
        return left.IsEmpty ? values.Remove(value) : values.SetItem(value, left);
    }

    private static string KeyOf(string space, string name) => space.Length == 0 ? name : $"{space}/{name}";
}
