using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Api;

/// <summary>
/// Objects as the store keeps them: JSON that begins with kind, apiVersion and metadata and has no resourceVersion, since the store's
/// revision is that. All objects of a kind begin with the same bytes, so a revision is put in by copying, and a list of ten thousand objects
/// is written without reading one.
/// </summary>
public static class ObjectCodec
{
    // {"kind":"  ","apiVersion":"  ","metadata":{
    private const int HeadWithoutNames = 9 + 16 + 14;

    // Of a 64-bit number.
    private const int MaxDigits = 20;

    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The bytes of a document.</summary>
    public static ReadOnlyMemory<byte> Encode(KindDescriptor kind, JsonObject document)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer, Compact);
        writer.WriteStartObject();
        writer.WriteString("kind", kind.Kind);
        writer.WriteString("apiVersion", kind.ApiVersion);
        writer.WriteStartObject("metadata");
        WriteFields(writer, document["metadata"] as JsonObject, "resourceVersion");
        writer.WriteEndObject();
        WriteFields(writer, document, "kind", "apiVersion", "metadata");
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>The bytes of a document in the one form in which the store keeps an object, whatever path it came by.</summary>
    /// <exception cref="DocumentException">Something in it is not of its type.</exception>
    public static ReadOnlyMemory<byte> EncodeCanonical(KindDescriptor kind, JsonObject document)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(document);
        using var buffer = new PooledBuffer();
        using var writer = new Utf8JsonWriter(buffer, Compact);
        var canonical = new CanonicalWriter(writer);
        writer.WriteStartObject();
        writer.WriteString("kind", kind.Kind);
        writer.WriteString("apiVersion", kind.ApiVersion);
        writer.WriteStartObject("metadata");
        bool isWritten = canonical.TryWriteFields(kind.Type.Field("metadata")!.Type.Struct!, document["metadata"] as JsonObject, "resourceVersion");
        writer.WriteEndObject();
        isWritten = isWritten && canonical.TryWriteFields(kind.Type, document, "metadata");
        writer.WriteEndObject();
        writer.Flush();
        // What is not of its type, reading explains, or takes as Go would.
        return isWritten ? buffer.ToArray() : Encode(kind, DocumentReader.Read(Encode(kind, document).Span, kind.Type).Document);
    }

    /// <summary>Writes stored bytes with a revision; 0: without.</summary>
    public static void Write(KindDescriptor kind, ReadOnlySpan<byte> stored, long revision, IBufferWriter<byte> writer)
    {
        if (revision <= 0)
        {
            writer.Write(stored);
            return;
        }

        int head = HeadOf(kind);
        writer.Write(stored[..head]);
        writer.Write(VersionField);
        Span<byte> digits = stackalloc byte[MaxDigits];
        Utf8Formatter.TryFormat(revision, digits, out int length);
        writer.Write(digits[..length]);
        writer.Write(BehindVersion(stored, head));
        writer.Write(stored[head..]);
    }

    /// <summary>How many bytes <see cref="Write"/> writes.</summary>
    public static int LengthOf(KindDescriptor kind, ReadOnlySpan<byte> stored, long revision)
    {
        if (revision <= 0)
            return stored.Length;
        Span<byte> digits = stackalloc byte[MaxDigits];
        Utf8Formatter.TryFormat(revision, digits, out int length);
        return stored.Length + VersionField.Length + length + BehindVersion(stored, HeadOf(kind)).Length;
    }

    private static int HeadOf(KindDescriptor kind) => HeadWithoutNames + kind.Kind.Length + kind.ApiVersion.Length;

    private static ReadOnlySpan<byte> VersionField => "\"resourceVersion\":\""u8;

    private static ReadOnlySpan<byte> BehindVersion(ReadOnlySpan<byte> stored, int head) => stored[head] == (byte)'}' ? "\""u8 : "\","u8;

    /// <summary>Writes stored bytes without metadata.managedFields; only the metadata is looked at.</summary>
    public static void WriteWithoutManagers(ReadOnlySpan<byte> stored, IBufferWriter<byte> writer)
    {
        if (ManagersIn(stored) is not { } managers)
        {
            writer.Write(stored);
            return;
        }

        (int start, int end) = managers;
        // One of the commas around the field goes with it.
        if (stored[end] == (byte)',')
            end++;
        else if (stored[start - 1] == (byte)',')
            start--;
        writer.Write(stored[..start]);
        writer.Write(stored[end..]);
    }

    /// <summary>Stored bytes in the form of a kind.</summary>
    public static ReadOnlyMemory<byte> FromKept(KindDescriptor kind, ReadOnlyMemory<byte> kept) =>
        kind.KeptAs is null ? kept : EncodeCanonical(kind, kind.FromKept(JsonNode.Parse(kept.Span)!.AsObject()));

    /// <summary>Bytes in the form of a kind as the store keeps them.</summary>
    public static ReadOnlyMemory<byte> ToKept(KindDescriptor kind, ReadOnlyMemory<byte> bytes) =>
        kind.KeptAs is { } kept ? EncodeCanonical(kept, kind.ToKept(JsonNode.Parse(bytes.Span)!.AsObject())) : bytes;

    /// <summary>Whether bytes from elsewhere begin as stored ones of the kind do; whether the rest is JSON, reading tells.</summary>
    public static bool IsStoredForm(KindDescriptor kind, ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith(System.Text.Encoding.UTF8.GetBytes($$"""{"kind":"{{kind.Kind}}","apiVersion":"{{kind.ApiVersion}}","metadata":{"""));

    /// <summary>The labels in stored bytes, or null; only the metadata is looked at.</summary>
    public static JsonObject? ReadLabels(ReadOnlySpan<byte> stored)
    {
        var reader = new Utf8JsonReader(stored);
        if (!FindMetadata(ref reader, "labels"u8))
            return null;
        reader.Read();
        return JsonNode.Parse(ref reader) as JsonObject;
    }

    // From the quote before its name to behind its value.
    private static (int Start, int End)? ManagersIn(ReadOnlySpan<byte> stored)
    {
        var reader = new Utf8JsonReader(stored);
        if (!FindMetadata(ref reader, "managedFields"u8))
            return null;
        int start = (int)reader.TokenStartIndex;
        reader.Read();
        reader.Skip();
        return (start, (int)reader.BytesConsumed);
    }

    // To the name of a field of the metadata; false: it has none of that name.
    private static bool FindMetadata(ref Utf8JsonReader reader, ReadOnlySpan<byte> field)
    {
        // Past the opening brace, kind and apiVersion to the metadata, which every object has.
        while (reader.Read() && !(reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("metadata"u8)))
        {
        }

        while (reader.Read() && !(reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.EndObject))
        {
            if (reader.CurrentDepth != 2 || reader.TokenType != JsonTokenType.PropertyName)
                continue;
            if (reader.ValueTextEquals(field))
                return true;
            reader.Read();
            reader.Skip();
        }

        return false;
    }

    private static void WriteFields(Utf8JsonWriter writer, JsonObject? fields, params ReadOnlySpan<string> without)
    {
        foreach ((string name, JsonNode? value) in fields ?? [])
        {
            if (without.Contains(name))
                continue;
            writer.WritePropertyName(name);
            if (value is null)
                writer.WriteNullValue();
            else
                value.WriteTo(writer);
        }
    }
}
