using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>
/// A document as Go prints the struct that it is of, which is what upstream hashes (apimachinery pkg/util/dump, ForHash: go-spew's "%#v" with sorted
/// keys and without methods): every field of the type with its name and type, in the order of the declaration, whether or not it is set.
/// </summary>
internal static class GoPrint
{
    // What a struct's nil pointers, lists and maps print.
    private const string Nil = "<nil>";

    /// <summary>The text of a value of a type.</summary>
    /// <param name="type">The type.</param>
    /// <param name="document">The value, in canonical form.</param>
    public static string Of(TypeSchema type, JsonObject document)
    {
        var text = new StringBuilder(4096);
        text.Append('(').Append(type.GoName).Append(')');
        Struct(text, type, document);
        return text.ToString();
    }

    private static void Struct(StringBuilder text, TypeSchema type, JsonObject? value)
    {
        text.Append('{');
        bool isFirst = true;
        foreach (FieldSchema field in type.Declared)
        {
            if (!isFirst)
                text.Append(' ');
            isFirst = false;
            // An embedded struct lies flat in the JSON.
            JsonNode? own = field.Name.Length == 0 ? value : value?[field.Name];
            text.Append(GoNames.Of(type, field)).Append(":(").Append(field.IsPointer ? "*" : "").Append(GoNames.TypeOf(type, field)).Append(')');
            if (field.IsPointer && own is null)
                text.Append(Nil);
            else
                Value(text, field.Type, own);
        }

        text.Append('}');
    }

    private static void Value(StringBuilder text, FieldType type, JsonNode? value)
    {
        switch (type.Shape)
        {
            case FieldShape.Struct:
                Struct(text, type.Struct!, value as JsonObject);
                break;
            case FieldShape.List:
                List(text, type.Element!, value as JsonArray);
                break;
            case FieldShape.Map:
                Map(text, type.Element!, value as JsonObject);
                break;
            case FieldShape.Bool:
                text.Append(value?.GetValue<bool>() == true ? "true" : "false");
                break;
            case FieldShape.Int32 or FieldShape.Int64:
                text.Append(value is null ? "0" : value.ToJsonString());
                break;
            case FieldShape.Quantity:
                Quantity(text, value?.GetValue<string>());
                break;
            case FieldShape.IntOrString:
                IntOrString(text, value);
                break;
            case FieldShape.Time:
                // A template has no times.
                text.Append("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}");
                break;
            default:
                text.Append(value is JsonValue scalar ? scalar.ToString() : "");
                break;
        }
    }

    // An empty list comes out of the store as none.
    private static void List(StringBuilder text, FieldType element, JsonArray? values)
    {
        if (values is not { Count: > 0 })
        {
            text.Append(Nil);
            return;
        }

        char before = '[';
        foreach (JsonNode? each in values)
        {
            text.Append(before);
            Value(text, element, each);
            before = ' ';
        }

        text.Append(']');
    }

    private static void Map(StringBuilder text, FieldType element, JsonObject? values)
    {
        if (values is not { Count: > 0 })
        {
            text.Append(Nil);
            return;
        }

        text.Append("map[");
        bool isFirst = true;
        foreach ((string key, JsonNode? value) in values.OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            text.Append(isFirst ? "" : " ").Append(key).Append(':');
            isFirst = false;
            Value(text, element, value);
        }

        text.Append(']');
    }

    private static void IntOrString(StringBuilder text, JsonNode? value)
    {
        bool isText = value is JsonValue scalar && scalar.TryGetValue(out string? _);
        text.Append(CultureInfo.InvariantCulture, $"{{Type:(intstr.Type){(isText ? 1 : 0)} IntVal:(int32){(isText || value is null ? "0" : value.ToJsonString())} StrVal:(string){(isText ? value!.GetValue<string>() : "")}}}");
    }

    // What ParseQuantity makes of a canonical text with few digits (apimachinery pkg/api/resource/quantity.go): a number, its power of ten, the text.
    private static void Quantity(StringBuilder text, string? quantity)
    {
        (long value, int scale, string format) = quantity is null or "0" ? (0, 0, "") : GoQuantity.Parse(quantity);
        text.Append(CultureInfo.InvariantCulture, $"{{i:(resource.int64Amount){{value:(int64){value} scale:(resource.Scale){scale}}} d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){quantity} Format:(resource.Format){format}}}");
    }
}
