using System.Text.Json.Nodes;

namespace ActorNet.Kubernetes.Documents;

/// <summary>
/// Reading documents whose fields have the types of the schema: an absent field is null, empty or zero. Paths are names with dots, such as
/// "metadata.name".
/// </summary>
public static class DocumentAccess
{
    /// <summary>The node at a path, or null.</summary>
    public static JsonNode? At(this JsonObject document, string path)
    {
        JsonNode? node = document;
        foreach (Range part in path.AsSpan().Split('.'))
            node = (node as JsonObject)?[path[part]];
        return node;
    }

    /// <summary>The text at a path, or empty.</summary>
    public static string Text(this JsonObject document, string path) =>
        document.At(path) is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    /// <summary>The number at a path, or null.</summary>
    public static long? Number(this JsonObject document, string path) => document.At(path) is JsonValue value ? AsNumber(value) : null;

    /// <summary>True when the value at a path is true.</summary>
    public static bool Flag(this JsonObject document, string path) => document.At(path) is JsonValue value && value.TryGetValue(out bool flag) && flag;

    /// <summary>The object at a path, or null.</summary>
    public static JsonObject? Object(this JsonObject document, string path) => document.At(path) as JsonObject;

    /// <summary>The objects of a list, none when it is absent.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonObject document, string path) => (document.At(path) as JsonArray)?.OfType<JsonObject>() ?? [];

    /// <summary>The texts of a list, none when it is absent.</summary>
    public static IEnumerable<string> Texts(this JsonObject document, string path) =>
        (document.At(path) as JsonArray)?.OfType<JsonValue>().Select(value => value.TryGetValue(out string? text) ? text : "") ?? [];

    /// <summary>The texts of a map, none when it is absent.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Entries(this JsonObject document, string path) =>
        (document.At(path) as JsonObject)?.Select(each => KeyValuePair.Create(each.Key, each.Value is JsonValue value && value.TryGetValue(out string? text) ? text : "")) ?? [];

    /// <summary>The object at a path, made when it is absent.</summary>
    public static JsonObject Ensure(this JsonObject document, string path)
    {
        JsonObject current = document;
        foreach (Range part in path.AsSpan().Split('.'))
        {
            string name = path[part];
            if (current[name] is not JsonObject next)
                current[name] = next = [];
            current = next;
        }

        return current;
    }

    /// <summary>Sets a field that is absent or an empty text.</summary>
    public static void Default(this JsonObject document, string name, JsonNode value)
    {
        if (document[name] is null || (document[name] is JsonValue old && old.TryGetValue(out string? text) && text.Length == 0))
            document[name] = value;
    }

    /// <summary>A whole number, whatever type of .NET holds it; null when it is none.</summary>
    public static long? AsNumber(JsonValue value) =>
        value.TryGetValue(out long large) ? large : value.TryGetValue(out int small) ? small : null;

    /// <summary>A deep copy.</summary>
    public static JsonObject Copy(this JsonObject document) => document.DeepClone().AsObject();
}
