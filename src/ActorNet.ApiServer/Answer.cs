using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>Writes answers as JSON.</summary>
internal static class Answer
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>A document.</summary>
    public static Task DocumentAsync(HttpContext context, JsonNode document, int code = StatusCodes.Status200OK, string contentType = "application/json")
    {
        Begin(context, code, contentType);
        Write(context.Response.BodyWriter, document);
        return context.Response.BodyWriter.FlushAsync(context.RequestAborted).AsTask();
    }

    /// <summary>
    /// An object as it is stored. Its length is said and nothing is flushed: the server sends head and body together when the request ends, one TLS record
    /// instead of two, as Go's does with an answer that fits its buffer (net/http, response.finishRequest).
    /// </summary>
    public static Task ObjectAsync(HttpContext context, ApiObject each, int code = StatusCodes.Status200OK)
    {
        Begin(context, code, "application/json");
        context.Response.ContentLength = each.Length;
        each.WriteTo(context.Response.BodyWriter);
        return Task.CompletedTask;
    }

    /// <summary>A failure.</summary>
    public static Task FailureAsync(HttpContext context, ApiException failure)
    {
        if (failure.RetryAfterSeconds > 0)
            context.Response.Headers.RetryAfter = failure.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        return DocumentAsync(context, failure.ToStatus(), failure.Code);
    }

    /// <summary>Text.</summary>
    public static Task TextAsync(HttpContext context, string text, int code = StatusCodes.Status200OK)
    {
        Begin(context, code, "text/plain; charset=utf-8");
        return context.Response.WriteAsync(text, context.RequestAborted);
    }

    /// <summary>What the client should hear: kubectl prints each as "Warning: ...".</summary>
    public static void Warn(HttpContext context, IEnumerable<string> warnings)
    {
        foreach (string warning in warnings)
            context.Response.Headers.Append("Warning", $"299 - \"{Quoted(warning)}\"");
    }

    /// <summary>Code and type of the answer.</summary>
    public static void Begin(HttpContext context, int code, string contentType)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = contentType;
        context.Response.Headers.CacheControl = "no-cache, private";
    }

    /// <summary>A node's JSON.</summary>
    public static void Write(IBufferWriter<byte> buffer, JsonNode node)
    {
        using var writer = new Utf8JsonWriter(buffer, Compact);
        node.WriteTo(writer);
    }

    // A header holds ASCII without control characters.
    private static string Quoted(string text) =>
        string.Concat(text.Select(c => c is < ' ' or > '~' ? "?" : c is '"' or '\\' ? $"\\{c}" : c.ToString()));
}
