using System.Collections.Frozen;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Apply;

/// <summary>
/// What of a new object its writer manages, as metadata.managedFields[].fieldsV1: what <see cref="FieldManagement.Update"/> finds for an object that was not
/// there, without sets in between, since every create asks for it.
/// </summary>
internal static class NewFields
{
    /// <summary>What the server says of an object is nobody's (managedfields/internal/stripmeta.go).</summary>
    public static readonly FrozenSet<string> ServersOwn =
        new[] { "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>What its writer manages.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="sent">The object as it was sent, with defaults.</param>
    /// <returns>Null: nothing.</returns>
    public static JsonObject? Of(KindDescriptor kind, JsonObject sent)
    {
        var root = new Place(new FieldType(FieldShape.Struct, null, kind.Type), null, null);
        var found = new List<KeyValuePair<string, JsonNode?>>();
        foreach ((string name, JsonNode? value) in sent)
        {
            if (name == "metadata")
                AddMetadata(found, root, kind.Nothing[name] as JsonObject, value as JsonObject);
            else
                AddField(found, root, name, kind.Nothing[name], value);
        }

        return Sorted(found);
    }

    private static void AddMetadata(List<KeyValuePair<string, JsonNode?>> found, Place root, JsonObject? nothing, JsonObject? metadata)
    {
        if (metadata is null || root.Field("metadata") is not { } place)
            return;
        var own = new List<KeyValuePair<string, JsonNode?>>();
        foreach ((string name, JsonNode? value) in metadata)
        {
            if (!ServersOwn.Contains(name))
                AddField(own, place, name, nothing?[name], value);
        }

        if (Sorted(own) is { } fields)
            found.Add(new(PathElement.Field("metadata"), fields));
    }

    private static void AddField(List<KeyValuePair<string, JsonNode?>> found, Place place, string name, JsonNode? nothing, JsonNode? value)
    {
        if (value is not null && place.Field(name) is { } below)
            AddValue(found, below, PathElement.Field(name), nothing, value);
    }

    private static void AddValue(List<KeyValuePair<string, JsonNode?>> found, Place place, string element, JsonNode? nothing, JsonNode value)
    {
        if (place.Nature == Nature.Leaf || (IsEmpty(nothing) && IsEmpty(value)))
        {
            if (nothing is null || !JsonNode.DeepEquals(nothing, value))
                found.Add(new(element, new JsonObject()));
            return;
        }

        JsonObject? below = Sorted(Below(place, nothing as JsonObject, value));
        if (nothing is null)
        {
            below?.Insert(0, FieldSet.Self, new JsonObject());
            found.Add(new(element, below ?? []));
        }
        else if (below is not null)
        {
            found.Add(new(element, below));
        }
    }

    private static List<KeyValuePair<string, JsonNode?>> Below(Place place, JsonObject? nothing, JsonNode value)
    {
        var found = new List<KeyValuePair<string, JsonNode?>>();
        if (value is JsonObject fields)
        {
            foreach ((string name, JsonNode? child) in fields)
                AddField(found, place, name, nothing?[name], child);
        }
        else if (value is JsonArray list)
        {
            // Of two elements with one key the first counts.
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (int index = 0; index < list.Count; index++)
            {
                if (list[index] is { } child && PathElement.Item(place, child, index) is var element && seen.Add(element) && place.Child(element) is { } below)
                    AddValue(found, below, element, null, child);
            }
        }

        return found;
    }

    private static JsonObject? Sorted(List<KeyValuePair<string, JsonNode?>> found)
    {
        if (found.Count == 0)
            return null;
        found.Sort(static (one, other) => string.CompareOrdinal(one.Key, other.Key));
        var fields = new JsonObject();
        foreach ((string element, JsonNode? below) in found)
            fields.Add(element, below);
        return fields;
    }

    private static bool IsEmpty(JsonNode? value) => value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };
}
