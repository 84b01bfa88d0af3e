using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;

namespace ActorNet.Kubernetes.Apply;

/// <summary>
/// A set of places in an object (sigs.k8s.io/structured-merge-diff fieldpath.Set), as a tree of path elements. An element is a text in the form
/// of FieldsV1: "f:NAME" a field, "k:{JSON}" the element of a list with these keys, "v:JSON" the element of a set with this value.
/// </summary>
internal sealed class FieldSet
{
    private const string Self = ".";

    /// <summary>The deepest set that is read; documents are not deeper.</summary>
    private const int MaxDepth = DocumentReader.MaxDepth;

    /// <summary>Elements that are in the set themselves.</summary>
    public SortedSet<string> Members { get; } = new(StringComparer.Ordinal);

    /// <summary>Elements below which something is in the set.</summary>
    public SortedDictionary<string, FieldSet> Children { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty => Members.Count == 0 && Children.Values.All(child => child.IsEmpty);

    /// <summary>The set below an element, made when there is none.</summary>
    public FieldSet Below(string element)
    {
        if (!Children.TryGetValue(element, out FieldSet? child))
            Children[element] = child = new FieldSet();
        return child;
    }

    /// <summary>What is in either.</summary>
    public FieldSet Union(FieldSet other) => Combine(other, static (a, b) => a || b);

    /// <summary>What is in both.</summary>
    public FieldSet Intersection(FieldSet other) => Combine(other, static (a, b) => a && b);

    /// <summary>What is in this one and not in the other.</summary>
    public FieldSet Difference(FieldSet other) => Combine(other, static (a, b) => a && !b);

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
        foreach (string element in Members.Union(Children.Where(child => !child.Value.IsEmpty).Select(child => child.Key)).Order(StringComparer.Ordinal))
        {
            JsonObject below = Children.TryGetValue(element, out FieldSet? child) ? child.ToFieldsV1() : [];
            if (below.Count > 0 && Members.Contains(element))
                below.Insert(0, Self, new JsonObject());
            fields[element] = below;
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

    private FieldSet Combine(FieldSet other, Func<bool, bool, bool> keep)
    {
        var result = new FieldSet();
        foreach (string element in Members.Union(other.Members))
        {
            if (keep(Members.Contains(element), other.Members.Contains(element)))
                result.Members.Add(element);
        }

        foreach (string element in Children.Keys.Union(other.Children.Keys))
        {
            FieldSet below = (Children.GetValueOrDefault(element) ?? new FieldSet()).Combine(other.Children.GetValueOrDefault(element) ?? new FieldSet(), keep);
            if (!below.IsEmpty)
                result.Children[element] = below;
        }

        return result;
    }
}
