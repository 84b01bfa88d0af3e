using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Documents;

/// <summary>
/// The protobuf bodies that kubectl sends since 1.32 (apimachinery runtime/serializer/protobuf): four bytes "k8s\0", then a message Unknown
/// with apiVersion, kind and the object. Fields without a number here are left out, as Go does with fields it does not know.
/// </summary>
public static class ProtobufReader
{
    private const int MaxDepth = DocumentReader.MaxDepth;

    /// <summary>The bytes before the message.</summary>
    public static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>What the envelope says.</summary>
    /// <param name="ApiVersion">Group and version, or empty.</param>
    /// <param name="Kind">The kind, or empty.</param>
    /// <param name="Raw">The object's message.</param>
    public sealed record Envelope(string ApiVersion, string Kind, ReadOnlyMemory<byte> Raw);

    /// <summary>Opens the envelope.</summary>
    /// <exception cref="DocumentException">It is none.</exception>
    public static Envelope Open(ReadOnlyMemory<byte> body)
    {
        if (!body.Span.StartsWith(Magic))
            throw new DocumentException("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
        string apiVersion = "", kind = "";
        ReadOnlyMemory<byte> raw = default;
        var message = new Message(body[4..]);
        while (message.Next(out int number, out ulong _, out ReadOnlyMemory<byte> content))
        {
            if (number == 1)
                (apiVersion, kind) = TypeMeta(content);
            else if (number == 2)
                raw = content;
        }

        return new Envelope(apiVersion, kind, raw);
    }

    /// <summary>Reads an enveloped object.</summary>
    /// <param name="body">The whole body.</param>
    /// <param name="type">The fields it should have.</param>
    /// <exception cref="DocumentException">The bytes are no such message.</exception>
    public static JsonObject Read(ReadOnlyMemory<byte> body, TypeSchema type)
    {
        Envelope envelope = Open(body);
        Dictionary<string, JsonNode?> values = Values(envelope.Raw, type, 0);
        if (envelope.Kind.Length > 0)
            values["kind"] = envelope.Kind;
        if (envelope.ApiVersion.Length > 0)
            values["apiVersion"] = envelope.ApiVersion;
        return CanonicalForm.Of(type, values, true);
    }

    private static (string ApiVersion, string Kind) TypeMeta(ReadOnlyMemory<byte> bytes)
    {
        string apiVersion = "", kind = "";
        var message = new Message(bytes);
        while (message.Next(out int number, out ulong _, out ReadOnlyMemory<byte> content))
        {
            if (number == 1)
                apiVersion = Text(content.Span);
            else if (number == 2)
                kind = Text(content.Span);
        }

        return (apiVersion, kind);
    }

    private static Dictionary<string, JsonNode?> Values(ReadOnlyMemory<byte> bytes, TypeSchema type, int depth)
    {
        if (depth > MaxDepth)
            throw new DocumentException($"protobuf: the message is nested deeper than {MaxDepth}");
        var values = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        var message = new Message(bytes);
        while (message.Next(out int number, out ulong varint, out ReadOnlyMemory<byte> content))
        {
            if (!type.ByNumber.TryGetValue(number, out FieldSchema? field))
                continue;
            if (field.Name.Length == 0)
            {
                foreach ((string name, JsonNode? value) in Values(content, field.Type.Struct!, depth + 1))
                    values[name] = value;
            }
            else
            {
                Add(values, field, varint, content, depth);
            }
        }

        return values;
    }

    private static void Add(Dictionary<string, JsonNode?> values, FieldSchema field, ulong varint, ReadOnlyMemory<byte> content, int depth)
    {
        switch (field.Type.Shape)
        {
            case FieldShape.List:
                JsonArray list = values.GetValueOrDefault(field.Name) as JsonArray ?? [];
                list.Add(Single(field.Type.Element!, varint, content, depth));
                values[field.Name] = list;
                break;
            case FieldShape.Map:
                JsonObject map = values.GetValueOrDefault(field.Name) as JsonObject ?? [];
                (string key, JsonNode? value) = Entry(content, field.Type.Element!, depth);
                map[key] = value;
                values[field.Name] = map;
                break;
            default:
                values[field.Name] = Single(field.Type, varint, content, depth);
                break;
        }
    }

    private static (string Key, JsonNode? Value) Entry(ReadOnlyMemory<byte> bytes, FieldType element, int depth)
    {
        string key = "";
        JsonNode? value = DocumentReader.Zero(element);
        var message = new Message(bytes);
        while (message.Next(out int number, out ulong varint, out ReadOnlyMemory<byte> content))
        {
            if (number == 1)
                key = Text(content.Span);
            else if (number == 2)
                value = Single(element, varint, content, depth);
        }

        return (key, value);
    }

    private static JsonNode? Single(FieldType type, ulong varint, ReadOnlyMemory<byte> content, int depth) => type.Shape switch
    {
        FieldShape.String => JsonValue.Create(Text(content.Span)),
        FieldShape.Bool => JsonValue.Create(varint != 0),
        FieldShape.Int32 => JsonValue.Create(unchecked((int)(long)varint)),
        FieldShape.Int64 => JsonValue.Create(unchecked((long)varint)),
        FieldShape.Bytes => JsonValue.Create(Convert.ToBase64String(content.Span)),
        FieldShape.Time => Moment(content, ScalarReader.Time),
        FieldShape.MicroTime => Moment(content, ScalarReader.MicroTime),
        FieldShape.Duration => JsonValue.Create(Nanoseconds(content)),
        FieldShape.Quantity => QuantityOf(content),
        FieldShape.IntOrString => IntOrString(content),
        FieldShape.Raw => RawOf(content),
        FieldShape.Struct => CanonicalForm.Of(type.Struct!, Values(content, type.Struct!, depth + 1), false),
        // A list in a map (SelfSubjectReview's extra): a message with the items as field 1.
        FieldShape.List => Items(content, type.Element!, depth + 1),
        _ => null,
    };

    private static JsonArray Items(ReadOnlyMemory<byte> bytes, FieldType element, int depth)
    {
        var list = new JsonArray();
        var message = new Message(bytes);
        while (message.Next(out int number, out ulong varint, out ReadOnlyMemory<byte> content))
        {
            if (number == 1)
                list.Add(Single(element, varint, content, depth));
        }

        return list;
    }

    // The zero time is an empty message, which is no time at all in JSON.
    private static JsonValue? Moment(ReadOnlyMemory<byte> bytes, Func<DateTimeOffset, string> write)
    {
        long seconds = 0, nanoseconds = 0;
        var message = new Message(bytes);
        bool any = false;
        while (message.Next(out int number, out ulong varint, out ReadOnlyMemory<byte> _))
        {
            any = true;
            if (number == 1)
                seconds = unchecked((long)varint);
            else if (number == 2)
                nanoseconds = unchecked((int)(long)varint);
        }

        if (!any)
            return null;
        if (seconds is < -62_135_596_800 or > 253_402_300_799 || nanoseconds is < 0 or > 999_999_999)
            throw new DocumentException($"protobuf: {seconds} seconds and {nanoseconds} nanoseconds are no time");
        return JsonValue.Create(write(DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanoseconds / 100)));
    }

    private static string Nanoseconds(ReadOnlyMemory<byte> bytes)
    {
        long value = 0;
        var message = new Message(bytes);
        while (message.Next(out int number, out ulong varint, out ReadOnlyMemory<byte> _))
        {
            if (number == 1)
                value = unchecked((long)varint);
        }

        return (value / 1e9).ToString(CultureInfo.InvariantCulture) + "s";
    }

    private static JsonValue QuantityOf(ReadOnlyMemory<byte> bytes)
    {
        string text = "0";
        var message = new Message(bytes);
        while (message.Next(out int number, out ulong _, out ReadOnlyMemory<byte> content))
        {
            if (number == 1)
                text = Text(content.Span);
        }

        return JsonValue.Create(ScalarReader.Quantity(text));
    }

    private static JsonValue IntOrString(ReadOnlyMemory<byte> bytes)
    {
        long type = 0, value = 0;
        string text = "";
        var message = new Message(bytes);
        while (message.Next(out int number, out ulong varint, out ReadOnlyMemory<byte> content))
        {
            if (number == 1)
                type = unchecked((long)varint);
            else if (number == 2)
                value = unchecked((int)(long)varint);
            else if (number == 3)
                text = Text(content.Span);
        }

        return type == 0 ? JsonValue.Create((int)value) : JsonValue.Create(text);
    }

    // RawExtension and FieldsV1 are {1: JSON bytes}.
    private static JsonNode? RawOf(ReadOnlyMemory<byte> bytes)
    {
        var message = new Message(bytes);
        while (message.Next(out int number, out ulong _, out ReadOnlyMemory<byte> content))
        {
            if (number != 1 || content.IsEmpty)
                continue;
            try
            {
                return JsonNode.Parse(content.Span, null, new System.Text.Json.JsonDocumentOptions { MaxDepth = MaxDepth });
            }
            catch (System.Text.Json.JsonException e)
            {
                throw new DocumentException($"json parse error: {e.Message}");
            }
        }

        return null;
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new DocumentException("protobuf: a string is not UTF-8");
        }
    }

    private static UTF8Encoding Strict => new(false, true);

    /// <summary>The fields of a message, one after the other (protobuf encoding, wire types 0, 1, 2 and 5).</summary>
    private struct Message(ReadOnlyMemory<byte> bytes)
    {
        private ReadOnlyMemory<byte> _rest = bytes;

        public bool Next(out int number, out ulong varint, out ReadOnlyMemory<byte> content)
        {
            (number, varint, content) = (0, 0, default);
            if (_rest.IsEmpty)
                return false;
            ulong tag = Varint();
            number = tag >> 3 is > 0 and < int.MaxValue ? (int)(tag >> 3) : throw new DocumentException($"proto: illegal tag {tag}");
            switch (tag & 7)
            {
                case 0:
                    varint = Varint();
                    break;
                case 1:
                    varint = BinaryPrimitives.ReadUInt64LittleEndian(Take(8).Span);
                    break;
                case 2:
                    ulong length = Varint();
                    content = Take(length > int.MaxValue ? int.MaxValue : (int)length);
                    break;
                case 5:
                    varint = BinaryPrimitives.ReadUInt32LittleEndian(Take(4).Span);
                    break;
                default:
                    throw new DocumentException($"proto: illegal wireType {tag & 7}");
            }

            return true;
        }

        private ulong Varint()
        {
            ulong value = 0;
            for (int shift = 0; shift < 64; shift += 7)
            {
                byte next = Take(1).Span[0];
                value |= (ulong)(next & 0x7f) << shift;
                if (next < 0x80)
                    return value;
            }

            throw new DocumentException("proto: integer overflow");
        }

        private ReadOnlyMemory<byte> Take(int count)
        {
            if (count > _rest.Length)
                throw new DocumentException("unexpected EOF");
            ReadOnlyMemory<byte> taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }
}
