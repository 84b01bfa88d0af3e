using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Apply;

/// <summary>The texts of path elements (structured-merge-diff fieldpath/serialize-pe.go), and paths for people (fieldpath/element.go).</summary>
internal static class PathElement
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A field.</summary>
    public static string Field(string name) => "f:" + name;

    /// <summary>An element of a list.</summary>
    /// <param name="list">The list's place.</param>
    /// <param name="item">The element.</param>
    /// <param name="index">Where it stands: what names it when it has no keys.</param>
    public static string Item(Place list, JsonNode? item, int index)
    {
        if (list.Nature == Nature.Set)
            return "v:" + Json(item);
        var keys = new JsonObject();
        foreach (string key in ListKeys.Of(list.Declared!).Order(StringComparer.Ordinal))
        {
            // The one key that the schema has a default for (core/v1 types.go: +default="TCP").
            JsonNode? value = (item as JsonObject)?[key]?.DeepClone() ?? (key == "protocol" ? JsonValue.Create("TCP") : null);
            if (value is not null)
                keys[key] = value;
        }

        return keys.Count == 0 ? $"i:{index}" : "k:" + Json(keys);
    }

    /// <summary>A path as conflicts name it, such as .spec.ports[port=80,protocol="TCP"].</summary>
    public static string Show(IReadOnlyList<string> path)
    {
        var text = new StringBuilder();
        foreach (string element in path)
        {
            string rest = element[2..];
            text.Append(element[0] switch
            {
                'f' => "." + rest,
                'k' => $"[{string.Join(',', Keys(rest).Select(key => $"{key.Key}={Json(key.Value)}"))}]",
                'v' => $"[={rest}]",
                _ => $"[{rest}]",
            });
        }

        return text.ToString();
    }

    private static JsonObject Keys(string json)
    {
        try
        {
            return JsonNode.Parse(json) as JsonObject ?? [];
        }
        catch (JsonException)
        {
            // A client wrote it into managedFields.
            return [];
        }
    }

    private static string Json(JsonNode? value) => value?.ToJsonString(Compact) ?? "null";
}
