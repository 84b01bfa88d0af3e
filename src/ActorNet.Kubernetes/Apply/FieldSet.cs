using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;

namespace ActorNet.Kubernetes.Apply;

/// <summary>
/// A set of places in an object (sigs.k8s.io/structured-merge-diff fieldpath.Set), as a tree of path elements. An element is a text in the form
/// of FieldsV1: "f:NAME" a field, "k:{JSON}" the element of a list with these keys, "v:JSON" the element of a set with this value.
/// </summary>
internal sealed class FieldSet
{
    /// <summary>Says in FieldsV1 that an element with others below it is in the set itself.</summary>
    public const string Self = ".";

    /// <summary>The deepest set that is read; documents are not deeper.</summary>
    private const int MaxDepth = DocumentReader.MaxDepth;

    // Most sets have one of the two or neither, and every write makes many.
    private SortedSet<string>? _members;
    private SortedDictionary<string, FieldSet>? _children;

    /// <summary>Elements that are in the set themselves.</summary>
    public SortedSet<string> Members => _members ??= new SortedSet<string>(StringComparer.Ordinal);

    /// <summary>Elements below which something is in the set.</summary>
    public SortedDictionary<string, FieldSet> Children => _children ??= new SortedDictionary<string, FieldSet>(StringComparer.Ordinal);

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty
    {
        get
        {
            if (_members is { Count: > 0 })
                return false;
            if (_children is null)
                return true;
            foreach ((string _, FieldSet child) in _children)
            {
                if (!child.IsEmpty)
                    return false;
            }

            return true;
        }
    }

    /// <summary>The set below an element, made when there is none.</summary>
    public FieldSet Below(string element)
    {
        if (!Children.TryGetValue(element, out FieldSet? child))
            Children[element] = child = new FieldSet();
        return child;
    }

    /// <summary>What is in either. Parts of both may be parts of it: none of the three is to be changed any more.</summary>
    public FieldSet Union(FieldSet other)
    {
        if (other.IsEmpty)
            return this;
        if (IsEmpty)
            return other;
        var result = new FieldSet();
        result.Add(_members);
        result.Add(other._members);
        result.Add(_children, (element, child) => other.Child(element) is { } too ? child.Union(too) : child);
        result.Add(other._children, (element, child) => Child(element) is null ? child : null);
        return result;
    }

    /// <summary>What is in both.</summary>
    public FieldSet Intersection(FieldSet other)
    {
        var result = new FieldSet();
        result.Add(_members?.Where(other.Has));
        result.Add(_children, (element, child) => other.Child(element) is { } too ? child.Intersection(too) : null);
        return result;
    }

    /// <summary>What is in this one and not in the other. Parts of this one may be parts of it: neither is to be changed any more.</summary>
    public FieldSet Difference(FieldSet other)
    {
        if (IsEmpty || other.IsEmpty)
            return this;
        var result = new FieldSet();
        result.Add(_members?.Where(element => !other.Has(element)));
        result.Add(_children, (element, child) => other.Child(element) is { } too ? child.Difference(too) : child);
        return result;
    }

    /// <summary>Whether both have the same places.</summary>
    public bool SetEquals(FieldSet other) => Difference(other).IsEmpty && other.Difference(this).IsEmpty;

    /// <summary>Every place, each as its elements.</summary>
    public IEnumerable<IReadOnlyList<string>> Paths()
    {
        foreach (string member in Members)
            yield return [member];
        foreach ((string element, FieldSet child) in Children)
        {
            foreach (IReadOnlyList<string> path in child.Paths())
                yield return [element, .. path];
        }
    }

    /// <summary>As metadata.managedFields[].fieldsV1.</summary>
    public JsonObject ToFieldsV1()
    {
        var fields = new JsonObject();
        var elements = new SortedSet<string>(Members, StringComparer.Ordinal);
        elements.UnionWith(Children.Where(static child => !child.Value.IsEmpty).Select(static child => child.Key));
        foreach (string element in elements)
        {
            JsonObject below = Child(element)?.ToFieldsV1() ?? [];
            if (below.Count > 0 && Has(element))
                below.Insert(0, Self, new JsonObject());
            fields.Add(element, below);
        }

        return fields;
    }

    /// <summary>From metadata.managedFields[].fieldsV1, which clients write too.</summary>
    /// <returns>Null when it is none.</returns>
    public static FieldSet? FromFieldsV1(JsonNode? fields) => fields is JsonObject root ? Read(root, MaxDepth) : null;

    private static FieldSet? Read(JsonObject fields, int depth)
    {
        if (depth == 0)
            return null;
        var set = new FieldSet();
        foreach ((string element, JsonNode? below) in fields)
        {
            if (element == Self)
                continue;
            if (below is not JsonObject inner || element.Length < 2 || element[1] != ':' || element[0] is not ('f' or 'k' or 'v' or 'i'))
                return null;
            if (inner.Count == 0 || inner.ContainsKey(Self))
                set.Members.Add(element);
            if (Read(inner, depth - 1) is not { } child)
                return null;
            if (!child.IsEmpty)
                set.Children[element] = child;
        }

        return set;
    }

    private bool Has(string element) => _members is { } members && members.Contains(element);

    private FieldSet? Child(string element) => _children?.GetValueOrDefault(element);

    private void Add(IEnumerable<string>? elements)
    {
        if (elements is null)
            return;
        foreach (string element in elements)
            Members.Add(element);
    }

    private void Add(SortedDictionary<string, FieldSet>? children, Func<string, FieldSet, FieldSet?> of)
    {
        if (children is null)
            return;
        foreach ((string element, FieldSet child) in children)
        {
            if (of(element, child) is { IsEmpty: false } kept)
                Children[element] = kept;
        }
    }
}
