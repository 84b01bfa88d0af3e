using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Documents;

/// <summary>
/// Writes a document in the form of <see cref="CanonicalForm"/> in one pass: the bytes are those that a document has which was written, read by
/// <see cref="DocumentReader"/> and written again.
/// </summary>
/// <param name="writer">Takes the fields.</param>
internal readonly ref struct CanonicalWriter(Utf8JsonWriter writer)
{
    /// <summary>Writes the fields of an object, those without a name in the schema left out.</summary>
    /// <param name="type">The type.</param>
    /// <param name="value">The object; null: an empty one.</param>
    /// <param name="without">A field that is left out; empty: none.</param>
    /// <returns>False when something in it is not of the type: what was written is then worth nothing, and reading it says what is wrong.</returns>
    public bool TryWriteFields(TypeSchema type, JsonObject? value, string without)
    {
        foreach (FieldSchema field in type.Fields)
        {
            if (field.Name != without && !TryWriteField(field, value?[field.Name]))
                return false;
        }

        return true;
    }

    private bool TryWriteField(FieldSchema field, JsonNode? value)
    {
        if (value is null)
        {
            WriteAbsent(field);
            return true;
        }

        if (CanonicalForm.IsLeftOut(field, value))
            return true;
        writer.WritePropertyName(field.Name);
        return TryWriteValue(field.Type, value);
    }

    private bool TryWriteValue(FieldType type, JsonNode value)
    {
        switch (type.Shape, value)
        {
            case (FieldShape.Raw, _):
                value.WriteTo(writer);
                return true;
            case (FieldShape.Struct, JsonObject fields):
                writer.WriteStartObject();
                if (!TryWriteFields(type.Struct!, fields, ""))
                    return false;
                writer.WriteEndObject();
                return true;
            case (FieldShape.Map, JsonObject map):
                return TryWriteMap(type.Element!, map);
            case (FieldShape.List, JsonArray list):
                return TryWriteList(type.Element!, list);
            case (_, JsonValue scalar) when type.IsScalar:
                return TryWriteScalar(type.Shape, scalar);
            default:
                return false;
        }
    }

    private bool TryWriteMap(FieldType element, JsonObject map)
    {
        writer.WriteStartObject();
        foreach ((string key, JsonNode? value) in map)
        {
            writer.WritePropertyName(key);
            if (!TryWriteElement(element, value))
                return false;
        }

        writer.WriteEndObject();
        return true;
    }

    private bool TryWriteList(FieldType element, JsonArray list)
    {
        writer.WriteStartArray();
        foreach (JsonNode? value in list)
        {
            if (!TryWriteElement(element, value))
                return false;
        }

        writer.WriteEndArray();
        return true;
    }

    private bool TryWriteElement(FieldType element, JsonNode? value)
    {
        if ((value ?? DocumentReader.Zero(element)) is { } written)
            return TryWriteValue(element, written);
        writer.WriteNullValue();
        return true;
    }

    private bool TryWriteScalar(FieldShape shape, JsonValue value)
    {
        if (value.TryGetValue(out string? text))
            return TryWriteText(shape, text);
        switch (shape)
        {
            case FieldShape.Bool when value.TryGetValue(out bool flag):
                writer.WriteBooleanValue(flag);
                return true;
            case FieldShape.Int64 when DocumentAccess.AsNumber(value) is { } large:
                writer.WriteNumberValue(large);
                return true;
            case FieldShape.Int32 or FieldShape.IntOrString when DocumentAccess.AsNumber(value) is { } small and >= int.MinValue and <= int.MaxValue:
                writer.WriteNumberValue(small);
                return true;
            default:
                return false;
        }
    }

    private bool TryWriteText(FieldShape shape, string text)
    {
        if (shape is FieldShape.String)
        {
            writer.WriteStringValue(text);
            return true;
        }

        try
        {
            if (ScalarReader.Read(JsonTokenType.String, text, shape) is not { } read)
                return false;
            read.WriteTo(writer);
            return true;
        }
        catch (DocumentException)
        {
            return false;
        }
    }

    // As CanonicalForm: a struct by value is always written, and so is a scalar without omitempty.
    private void WriteAbsent(FieldSchema field)
    {
        if (field.IsPointer)
            return;
        switch (field.Type.Shape)
        {
            case FieldShape.Struct:
                writer.WritePropertyName(field.Name);
                writer.WriteStartObject();
                TryWriteFields(field.Type.Struct!, null, "");
                writer.WriteEndObject();
                break;
            case FieldShape.String when field.IsAlwaysWritten:
                writer.WriteString(field.Name, "");
                break;
            case FieldShape.Bool when field.IsAlwaysWritten:
                writer.WriteBoolean(field.Name, false);
                break;
            case FieldShape.Int32 or FieldShape.Int64 when field.IsAlwaysWritten:
                writer.WriteNumber(field.Name, 0);
                break;
        }
    }
}
