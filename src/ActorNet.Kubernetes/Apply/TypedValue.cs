using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Apply;

/// <summary>What changed between two states of an object.</summary>
/// <param name="Added">Places that are new.</param>
/// <param name="Modified">Places with another value.</param>
/// <param name="Removed">Places that are gone.</param>
internal sealed record Comparison(FieldSet Added, FieldSet Modified, FieldSet Removed)
{
    /// <summary>Nothing yet.</summary>
    public Comparison()
        : this(new FieldSet(), new FieldSet(), new FieldSet())
    {
    }

    /// <summary>Whether nothing changed.</summary>
    public bool IsEmpty => Added.IsEmpty && Modified.IsEmpty && Removed.IsEmpty;

    /// <summary>Adds what was found below an element.</summary>
    public void Add(string element, Comparison below)
    {
        Add(Added, element, below.Added);
        Add(Modified, element, below.Modified);
        Add(Removed, element, below.Removed);
    }

    private static void Add(FieldSet all, string element, FieldSet below)
    {
        if (!below.IsEmpty)
            all.Children[element] = below;
    }
}

/// <summary>
/// Documents as server-side apply sees them, by the rules of sigs.k8s.io/structured-merge-diff v4, typed: which places a document has
/// (tofieldset.go), how two differ (compare.go), what becomes of one laid on another (merge.go), and of one that loses places (remove.go).
/// Null counts as absent.
/// </summary>
internal static class TypedValue
{
    /// <summary>The places that a document names.</summary>
    public static FieldSet ToFieldSet(TypeSchema type, JsonObject document)
    {
        var set = new FieldSet();
        Collect(Root(type), document, set);
        return set;
    }

    /// <summary>How two states of an object differ.</summary>
    public static Comparison Compare(TypeSchema type, JsonObject before, JsonObject after)
    {
        var comparison = new Comparison();
        CompareChildren(Root(type), before, after, comparison);
        return comparison;
    }

    /// <summary>An object with a configuration laid on it.</summary>
    public static JsonObject Merge(TypeSchema type, JsonObject live, JsonObject config) => (JsonObject)Merged(Root(type), live, config)!;

    /// <summary>An object without some places; what becomes empty goes too.</summary>
    public static JsonObject Remove(TypeSchema type, JsonObject document, FieldSet places) => Without(Root(type), document, places) as JsonObject ?? [];

    /// <summary>The set, and every struct field on the way to what is in it (fieldpath Set.EnsureNamedFieldsAreMembers).</summary>
    public static FieldSet WithNamedFields(TypeSchema type, FieldSet set) => WithNamedFields(Root(type), set);

    private static Place Root(TypeSchema type) => new(new FieldType(FieldShape.Struct, null, type), null, null);

    private static void Collect(Place place, JsonNode value, FieldSet set)
    {
        foreach ((string element, JsonNode child) in Children(place, value))
        {
            // kind and apiVersion of the root are no fields of its type.
            if (place.Child(element) is not { } below)
                continue;
            if (below.Nature == Nature.Leaf)
            {
                set.Members.Add(element);
                continue;
            }

            Collect(below, child, set.Below(element));
            if (place.Nature is Nature.Keyed or Nature.Set || place.Nature == Nature.Map || child is JsonObject { Count: 0 })
                set.Members.Add(element);
        }
    }

    private static void CompareValues(Place place, string element, JsonNode? before, JsonNode? after, Comparison parent)
    {
        if (before is null && after is null)
            return;
        if (place.Nature == Nature.Leaf || (IsEmpty(before) && IsEmpty(after)))
        {
            if (before is null)
                parent.Added.Members.Add(element);
            else if (after is null)
                parent.Removed.Members.Add(element);
            else if (!JsonNode.DeepEquals(before, after))
                parent.Modified.Members.Add(element);
            return;
        }

        var below = new Comparison();
        CompareChildren(place, before, after, below);
        parent.Add(element, below);
        if (before is null)
            parent.Added.Members.Add(element);
        else if (after is null)
            parent.Removed.Members.Add(element);
    }

    private static void CompareChildren(Place place, JsonNode? before, JsonNode? after, Comparison comparison)
    {
        if (before is JsonArray || after is JsonArray)
            CompareElements(place, before, after, comparison);
        else
            CompareFields(place, before as JsonObject, after as JsonObject, comparison);
    }

    private static void CompareFields(Place place, JsonObject? before, JsonObject? after, Comparison comparison)
    {
        if (after is not null)
        {
            foreach ((string name, JsonNode? now) in after)
            {
                if (now is not null && place.Field(name) is { } below)
                    CompareValues(below, PathElement.Field(name), before?[name], now, comparison);
            }
        }

        if (before is not null)
        {
            foreach ((string name, JsonNode? old) in before)
            {
                if (old is not null && after?[name] is null && place.Field(name) is { } below)
                    CompareValues(below, PathElement.Field(name), old, null, comparison);
            }
        }
    }

    private static void CompareElements(Place place, JsonNode? before, JsonNode? after, Comparison comparison)
    {
        Dictionary<string, JsonNode> old = ByElement(place, before), now = ByElement(place, after);
        foreach (string element in old.Keys.Union(now.Keys))
        {
            if (place.Child(element) is { } below)
                CompareValues(below, element, old.GetValueOrDefault(element), now.GetValueOrDefault(element), comparison);
        }
    }

    private static JsonNode? Merged(Place place, JsonNode? live, JsonNode? config)
    {
        if (live is null || config is null || place.Nature == Nature.Leaf)
            return (config ?? live)?.DeepClone();
        return place.Nature switch
        {
            Nature.Keyed or Nature.Set => MergedList(place, live as JsonArray ?? [], config as JsonArray ?? []),
            _ => MergedObject(place, live as JsonObject ?? [], config as JsonObject ?? []),
        };
    }

    private static JsonObject MergedObject(Place place, JsonObject live, JsonObject config)
    {
        var result = new JsonObject();
        foreach ((string name, JsonNode? value) in live)
            result[name] = place.Field(name) is { } below ? Merged(below, value, config[name]) : (config[name] ?? value)?.DeepClone();
        foreach ((string name, JsonNode? value) in config)
        {
            if (!live.ContainsKey(name) && value is not null)
                result[name] = value.DeepClone();
        }

        return result;
    }

    // The configuration's order; what only the object has keeps its place between (merge.go, visitListItems).
    private static JsonArray MergedList(Place place, JsonArray live, JsonArray config)
    {
        string[] left = Elements(place, live), right = Elements(place, config);
        var inLeft = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        for (int i = left.Length - 1; i >= 0; i--)
            inLeft[left[i]] = live[i];
        var inRight = right.ToHashSet(StringComparer.Ordinal);
        Place element = place.Child("")!.Value;
        string[] shared = [.. right.Where(inLeft.ContainsKey)];
        var result = new JsonArray();
        for (int l = 0, r = 0, next = 0; l < left.Length || r < right.Length;)
        {
            bool isBoth = l < left.Length && r < right.Length;
            if (isBoth && left[l] != right[r] && inRight.Contains(left[l]) && next < shared.Length && shared[next] != left[l])
            {
                // Shared, but its turn comes later.
                l++;
            }
            else if (l < left.Length && !inRight.Contains(left[l]))
            {
                result.Add(live[l++]?.DeepClone());
            }
            else if (r < right.Length)
            {
                result.Add(Merged(element, inLeft.GetValueOrDefault(right[r]), config[r]));
                if (l < left.Length && left[l] == right[r])
                    l++;
                if (next < shared.Length && shared[next] == right[r])
                    next++;
                r++;
            }
            else
            {
                l++;
            }
        }

        return result;
    }

    private static JsonNode? Without(Place place, JsonNode? value, FieldSet places)
    {
        if (value is JsonArray list && place.Nature is Nature.Keyed or Nature.Set)
        {
            var kept = new JsonArray();
            string[] elements = Elements(place, (JsonArray)value);
            for (int i = 0; i < elements.Length; i++)
            {
                if (!places.Members.Contains(elements[i]))
                    kept.Add(places.Children.TryGetValue(elements[i], out FieldSet? below) ? Without(place.Child(elements[i])!.Value, list[i], below) : list[i]?.DeepClone());
            }

            return kept.Count == 0 ? null : kept;
        }

        if (value is not JsonObject map || place.Nature is not (Nature.Struct or Nature.Map))
            return value?.DeepClone();
        var rest = new JsonObject();
        foreach ((string name, JsonNode? child) in map)
        {
            string element = PathElement.Field(name);
            if (places.Members.Contains(element))
                continue;
            rest[name] = places.Children.TryGetValue(element, out FieldSet? below) && place.Child(element) is { } type ? Without(type, child, below) : child?.DeepClone();
        }

        return rest.Count == 0 ? null : rest;
    }

    private static FieldSet WithNamedFields(Place place, FieldSet set)
    {
        var result = new FieldSet();
        result.Members.UnionWith(set.Members);
        foreach ((string element, FieldSet child) in set.Children)
        {
            if (child.IsEmpty)
                continue;
            if (place.Child(element) is not { } below)
            {
                result.Children[element] = child;
                continue;
            }

            if (place.Nature == Nature.Struct)
                result.Members.Add(element);
            result.Children[element] = WithNamedFields(below, child);
        }

        return result;
    }

    private static bool IsEmpty(JsonNode? value) => value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };

    private static string[] Elements(Place place, JsonArray list) => [.. list.Select((item, index) => PathElement.Item(place, item, index))];

    private static IEnumerable<(string Element, JsonNode Value)> Children(Place place, JsonNode? value) => value switch
    {
        JsonObject map => map.Where(each => each.Value is not null).Select(each => (PathElement.Field(each.Key), each.Value!)),
        JsonArray list => list.Select((item, index) => (PathElement.Item(place, item, index), item)).Where(each => each.item is not null).Select(each => (each.Item1, each.item!)),
        _ => [],
    };

    // Of two elements with one key the first counts.
    private static Dictionary<string, JsonNode> ByElement(Place place, JsonNode? value)
    {
        var all = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach ((string element, JsonNode child) in Children(place, value))
            all.TryAdd(element, child);
        return all;
    }
}
