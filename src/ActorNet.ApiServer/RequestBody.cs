using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Schema;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>Bodies of requests as documents.</summary>
internal static class RequestBody
{
    /// <summary>The largest body, in bytes: upstream's MaxRequestBodyBytes.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    /// <summary>So much of a body that is too large is still taken in, so that its sender gets to read why it was refused.</summary>
    public const int MaxDrainedBytes = 16 * 1024 * 1024;

    private const string Json = "application/json", Yaml = "application/yaml", Protobuf = "application/vnd.kubernetes.protobuf";

    /// <summary>All bytes of the body.</summary>
    /// <exception cref="ApiException">There are too many: 413.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request)
    {
        PipeReader reader = request.BodyReader;
        while (true)
        {
            ReadResult read = await ReadOnceAsync(reader, request.HttpContext.RequestAborted).ConfigureAwait(false);
            if (read.Buffer.Length > MaxBytes)
            {
                // A read that stands open could not be gone on with to drain the rest, and the connection would be reset before the answer is read.
                reader.AdvanceTo(read.Buffer.End);
                throw ApiErrors.RequestTooLarge(MaxBytes);
            }

            if (read.IsCompleted)
            {
                byte[] bytes = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>The body as an object of a type.</summary>
    /// <param name="request">The request.</param>
    /// <param name="type">The type.</param>
    /// <param name="kind">The kind, for messages.</param>
    /// <param name="validation">What happens to fields that are not known.</param>
    /// <param name="warnings">Takes what the client should hear.</param>
    /// <exception cref="ApiException">It is none: 400, 413 or 415.</exception>
    public static async ValueTask<JsonObject> ReadObjectAsync(HttpRequest request, TypeSchema type, string kind, FieldValidation validation, List<string> warnings)
    {
        ReadOnlyMemory<byte> bytes = await ReadAsync(request).ConfigureAwait(false);
        try
        {
            switch (Negotiation.MediaType(request.ContentType))
            {
                case "" or Json:
                    return Checked(DocumentReader.Read(bytes.Span, type), kind, type, validation, warnings);
                case Yaml:
                    byte[] json = JsonSerializer.SerializeToUtf8Bytes(YamlBody.Read(Encoding.UTF8.GetString(bytes.Span)));
                    return Checked(DocumentReader.Read(json, type), kind, type, validation, warnings);
                case Protobuf:
                    return ProtobufReader.Read(bytes, type);
                default:
                    throw ApiErrors.UnsupportedMediaType($"{Json}, {Yaml}, {Protobuf}");
            }
        }
        catch (DocumentException e)
        {
            throw CannotHandle(kind, type, e.Message);
        }
    }

    /// <summary>The DeleteOptions in the body, or null when there is none.</summary>
    public static async ValueTask<JsonObject?> ReadDeleteOptionsAsync(HttpRequest request)
    {
        ReadOnlyMemory<byte> bytes = await ReadAsync(request).ConfigureAwait(false);
        if (bytes.IsEmpty)
            return null;
        TypeSchema type = ApiTypes.Kubernetes["meta/v1.DeleteOptions"];
        try
        {
            return bytes.Span.StartsWith(ProtobufReader.Magic) ? ProtobufReader.Read(bytes, type) : DocumentReader.Read(bytes.Span, type).Document;
        }
        catch (DocumentException e)
        {
            throw CannotHandle("DeleteOptions", type, e.Message);
        }
    }

    /// <summary>The body as any JSON: a patch.</summary>
    public static async ValueTask<JsonNode?> ReadJsonAsync(HttpRequest request)
    {
        ReadOnlyMemory<byte> bytes = await ReadAsync(request).ConfigureAwait(false);
        try
        {
            return JsonNode.Parse(bytes.Span, null, new JsonDocumentOptions { MaxDepth = DocumentReader.MaxDepth, AllowDuplicateProperties = false });
        }
        catch (JsonException e)
        {
            throw ApiErrors.BadRequest($"error decoding patch: {e.Message}");
        }
    }

    /// <summary>The body as any YAML, of which JSON is a part: a configuration to apply.</summary>
    public static async ValueTask<JsonNode?> ReadYamlAsync(HttpRequest request)
    {
        ReadOnlyMemory<byte> bytes = await ReadAsync(request).ConfigureAwait(false);
        try
        {
            return IsJson(bytes.Span)
                ? JsonNode.Parse(bytes.Span, null, new JsonDocumentOptions { MaxDepth = DocumentReader.MaxDepth, AllowDuplicateProperties = false })
                : YamlBody.Read(Encoding.UTF8.GetString(bytes.Span));
        }
        catch (Exception e) when (e is JsonException or DocumentException)
        {
            throw ApiErrors.BadRequest($"error decoding YAML: {e.Message}");
        }
    }

    private static bool IsJson(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> text = bytes.TrimStart(" \t\r\n"u8);
        return text.Length > 0 && text[0] == (byte)'{';
    }

    private static async ValueTask<ReadResult> ReadOnceAsync(PipeReader reader, CancellationToken cancel)
    {
        try
        {
            return await reader.ReadAsync(cancel).ConfigureAwait(false);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw ApiErrors.RequestTooLarge(MaxBytes);
        }
    }

    private static JsonObject Checked(ReadDocument read, string kind, TypeSchema type, FieldValidation validation, List<string> warnings)
    {
        if (read.Strict.Count > 0 && validation == FieldValidation.Strict)
            throw CannotHandle(kind, type, $"strict decoding error: {string.Join(", ", read.Strict)}");
        if (validation == FieldValidation.Warn)
            warnings.AddRange(read.Strict);
        return read.Document;
    }

    private static ApiException CannotHandle(string kind, TypeSchema type, string why) =>
        ApiErrors.BadRequest($"{kind} in version \"{type.GoName.Split('.')[0]}\" cannot be handled as a {kind}: {why}");
}
