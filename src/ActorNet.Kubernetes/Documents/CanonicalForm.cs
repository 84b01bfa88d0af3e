using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Documents;

/// <summary>The one form in which an object is kept: what Go's encoder writes after its decoder has read.</summary>
internal static class CanonicalForm
{
    /// <summary>An object from the values that were read: fields in the order of the type, empty optional values left out.</summary>
    public static JsonObject Of(TypeSchema type, Dictionary<string, JsonNode?> values, bool isRoot)
    {
        var document = new JsonObject();
        if (isRoot)
        {
            AddText(document, "kind", values);
            AddText(document, "apiVersion", values);
        }

        foreach (FieldSchema field in type.Fields)
        {
            JsonNode? value = values.GetValueOrDefault(field.Name) ?? Absent(field);
            if (value is not null && !IsLeftOut(field, value))
                document.Add(field.Name, value);
        }

        return document;
    }

    /// <summary>True when Go writes nothing for this value: empty, optional and not a pointer. What is not of the field's type is not empty.</summary>
    public static bool IsLeftOut(FieldSchema field, JsonNode value)
    {
        if (field.IsAlwaysWritten)
            return false;
        return value switch
        {
            JsonArray list => list.Count == 0 && field.Type.Shape == FieldShape.List,
            JsonObject map => map.Count == 0 && field.Type.Shape == FieldShape.Map,
            JsonValue scalar => !field.IsPointer && IsZero(scalar, field.Type.Shape),
            _ => false,
        };
    }

    private static bool IsZero(JsonValue value, FieldShape shape) => shape switch
    {
        FieldShape.String or FieldShape.Bytes => value.TryGetValue(out string? text) && text.Length == 0,
        FieldShape.Bool => value.TryGetValue(out bool flag) && !flag,
        FieldShape.Int32 or FieldShape.Int64 => DocumentAccess.AsNumber(value) == 0,
        _ => false,
    };

    // A struct by value is always written, and so is a scalar without omitempty.
    private static JsonNode? Absent(FieldSchema field)
    {
        if (field.IsPointer)
            return null;
        return field.Type.Shape switch
        {
            FieldShape.Struct => Of(field.Type.Struct!, [], false),
            FieldShape.String when field.IsAlwaysWritten => JsonValue.Create(""),
            FieldShape.Bool when field.IsAlwaysWritten => JsonValue.Create(false),
            FieldShape.Int32 when field.IsAlwaysWritten => JsonValue.Create(0),
            FieldShape.Int64 when field.IsAlwaysWritten => JsonValue.Create(0L),
            _ => null,
        };
    }

    private static void AddText(JsonObject document, string name, Dictionary<string, JsonNode?> values)
    {
        if (values.GetValueOrDefault(name) is { } value)
            document.Add(name, value);
    }
}
