using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Documents;

/// <summary>A body as an object of the API.</summary>
/// <param name="Document">The object, with known fields only, in the form in which Go would write it.</param>
/// <param name="Strict">What a strict reader complains about: unknown and duplicate fields, in upstream's words.</param>
public sealed record ReadDocument(JsonObject Document, IReadOnlyList<string> Strict);

/// <summary>
/// JSON to documents in one pass, as a round through Go's types gives them (sigs.k8s.io/json): unknown fields go, the last of two equal
/// fields stays, nulls and empty values of optional fields are left out, structs that Go holds by value are there even when empty.
/// </summary>
public static class DocumentReader
{
    /// <summary>The deepest nesting. Nothing in the API comes near it; Go's limit of 10,000 would let a body cost a stack.</summary>
    public const int MaxDepth = 128;

    /// <summary>The most complaints that are kept: upstream's limit of strict errors in an answer is one too.</summary>
    public const int MaxComplaints = 100;

    /// <summary>Reads an object with the fields of a type, and kind and apiVersion.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="type">The type.</param>
    /// <exception cref="DocumentException">It is no JSON, or a field has a value of the wrong type.</exception>
    public static ReadDocument Read(ReadOnlySpan<byte> json, TypeSchema type)
    {
        var complaints = new List<string>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth, CommentHandling = JsonCommentHandling.Disallow });
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new DocumentException($"json: cannot unmarshal {GoKind(reader.TokenType)} into Go value of type {type.GoName}");
            JsonObject document = ReadStruct(ref reader, type, new DocumentPath(), true, complaints);
            if (reader.Read())
                throw new DocumentException("invalid character after top-level value");
            return new ReadDocument(document, complaints);
        }
        catch (JsonException e)
        {
            throw new DocumentException($"couldn't get version/kind; json parse error: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            throw new DocumentException("json parse error: a string is not UTF-8");
        }
    }

    private static JsonObject ReadStruct(ref Utf8JsonReader reader, TypeSchema type, DocumentPath path, bool isRoot, List<string> complaints)
    {
        var values = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            path.Enter(name);
            reader.Read();
            FieldSchema? field = type.Field(name);
            if (field is null && !(isRoot && name is "kind" or "apiVersion"))
            {
                Complain(complaints, $"unknown field \"{path}\"");
                reader.Skip();
            }
            else
            {
                if (values.ContainsKey(name))
                    Complain(complaints, $"duplicate field \"{path}\"");
                values[name] = field is null ? ReadTypeMeta(ref reader, type, path) : ReadValue(ref reader, field.Type, type, path, complaints);
            }

            path.Leave();
        }

        return CanonicalForm.Of(type, values, isRoot);
    }

    private static JsonValue? ReadTypeMeta(ref Utf8JsonReader reader, TypeSchema type, DocumentPath path) => reader.TokenType switch
    {
        JsonTokenType.String => JsonValue.Create(reader.GetString()),
        JsonTokenType.Null => null,
        _ => throw Mismatch(ref reader, type, path, new FieldType(FieldShape.String)),
    };

    private static JsonNode? ReadValue(ref Utf8JsonReader reader, FieldType type, TypeSchema owner, DocumentPath path, List<string> complaints)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        switch (type.Shape)
        {
            case FieldShape.Raw:
                return JsonNode.Parse(ref reader);
            case FieldShape.Struct when reader.TokenType == JsonTokenType.StartObject:
                return ReadStruct(ref reader, type.Struct!, path, false, complaints);
            case FieldShape.List when reader.TokenType == JsonTokenType.StartArray:
                return ReadList(ref reader, type.Element!, owner, path, complaints);
            case FieldShape.Map when reader.TokenType == JsonTokenType.StartObject:
                return ReadMap(ref reader, type.Element!, owner, path, complaints);
            default:
                return ReadScalar(ref reader, type, owner, path);
        }
    }

    private static JsonArray ReadList(ref Utf8JsonReader reader, FieldType element, TypeSchema owner, DocumentPath path, List<string> complaints)
    {
        var list = new JsonArray();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            path.Enter(list.Count);
            list.Add(ReadValue(ref reader, element, owner, path, complaints) ?? Zero(element));
            path.Leave();
        }

        return list;
    }

    private static JsonObject ReadMap(ref Utf8JsonReader reader, FieldType element, TypeSchema owner, DocumentPath path, List<string> complaints)
    {
        var map = new JsonObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            path.Enter(key);
            reader.Read();
            JsonNode? value = ReadValue(ref reader, element, owner, path, complaints) ?? Zero(element);
            if (!map.TryAdd(key, value))
            {
                Complain(complaints, $"duplicate field \"{path}\"");
                map[key] = value;
            }

            path.Leave();
        }

        return map;
    }

    private static JsonValue ReadScalar(ref Utf8JsonReader reader, FieldType type, TypeSchema owner, DocumentPath path)
    {
        if (!type.IsScalar || reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            throw Mismatch(ref reader, owner, path, type);
        string text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : Encoding.UTF8.GetString(reader.ValueSpan);
        return ScalarReader.Read(reader.TokenType, text, type.Shape) ?? throw Mismatch(ref reader, owner, path, type);
    }

    /// <summary>What Go has where JSON has a null inside a list or map.</summary>
    internal static JsonNode? Zero(FieldType type) => type.Shape switch
    {
        FieldShape.String => JsonValue.Create(""),
        FieldShape.Struct => CanonicalForm.Of(type.Struct!, [], false),
        FieldShape.Quantity => JsonValue.Create("0"),
        _ => null,
    };

    private static DocumentException Mismatch(ref Utf8JsonReader reader, TypeSchema owner, DocumentPath path, FieldType expected)
    {
        string found = GoKind(reader.TokenType);
        if (reader.TokenType == JsonTokenType.Number && expected.Shape is FieldShape.Int32 or FieldShape.Int64)
            found += " " + Encoding.UTF8.GetString(reader.ValueSpan);
        return new DocumentException($"json: cannot unmarshal {found} into Go struct field {owner.Name}.{path.WithoutIndices()} of type {expected.GoName}");
    }

    private static string GoKind(JsonTokenType token) => token switch
    {
        JsonTokenType.String => "string",
        JsonTokenType.Number => "number",
        JsonTokenType.True or JsonTokenType.False => "bool",
        JsonTokenType.StartArray => "array",
        JsonTokenType.StartObject => "object",
        _ => "null",
    };

    private static void Complain(List<string> complaints, string what)
    {
        if (complaints.Count < MaxComplaints)
            complaints.Add(what);
    }
}
