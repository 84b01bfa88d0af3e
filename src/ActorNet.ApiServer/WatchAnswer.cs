using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Watches;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Tables;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>
/// Streams a watch: one JSON object a line. A line is made once for all watches of the same form. What is there is sent together, so that a burst
/// costs each watch one TLS record and one system call. A client that does not read holds up its own stream only, and that not for ever.
/// </summary>
/// <param name="context">The request.</param>
/// <param name="kind">The kind.</param>
/// <param name="form">The form of the objects.</param>
/// <param name="include">What rows of tables carry.</param>
/// <param name="time">The clock, for ages.</param>
/// <param name="load">Bounds how long a client may not read.</param>
internal sealed class WatchAnswer(HttpContext context, KindDescriptor kind, AnswerForm form, IncludeObject include, TimeProvider time, ApiLoad load)
{
    // So much is written before the client must take it.
    private const int FlushBytes = 64 * 1024;

    private bool _columnsSent;

    public async Task WriteAsync(ResourceWatch watch)
    {
        Answer.Begin(context, StatusCodes.Status200OK, "application/json");
        PipeWriter writer = context.Response.BodyWriter;
        // The client learns that the watch stands before anything happens.
        await load.FlushAsync(writer, context).ConfigureAwait(false);
        await using WatchReader reader = watch.Open(context.RequestAborted);
        try
        {
            while (await reader.WaitAsync().ConfigureAwait(false))
            {
                while (writer.UnflushedBytes < FlushBytes && reader.TryRead(out WatchEvent? told))
                    Write(writer, told);
                await load.FlushAsync(writer, context).ConfigureAwait(false);
            }
        }
        catch (ApiException failure)
        {
            writer.Write(LineOf("ERROR", buffer => Answer.Write(buffer, failure.ToStatus())).Span);
            await load.FlushAsync(writer, context).ConfigureAwait(false);
        }
    }

    private void Write(PipeWriter writer, WatchEvent told)
    {
        bool withColumns = form == AnswerForm.Table && told.Object is not null && !_columnsSent;
        _columnsSent |= withColumns;
        // Ages are those of the second in which the line is made.
        long second = form == AnswerForm.Table ? time.GetUtcNow().ToUnixTimeSeconds() : 0;
        var asked = new WatchLine(told.Type, form, include, withColumns, second);
        writer.Write((told.Bytes is { } shared ? shared.Get(asked, (this, told), static (line, state) => state.Item1.Make(line, state.told)) : Make(asked, told)).Span);
    }

    private ReadOnlyMemory<byte> Make(WatchLine line, WatchEvent told) => LineOf(told.Type.ToString().ToUpperInvariant(), buffer =>
    {
        if (told.Object is null)
            Answer.Write(buffer, Bookmark(told));
        else if (form == AnswerForm.Table)
            Answer.Write(buffer, Row(told.Object, line));
        else if (form == AnswerForm.Metadata)
            Answer.Write(buffer, TableDocument.Partial(told.Object));
        else
            told.Object.WriteTo(buffer);
    });

    private static ReadOnlyMemory<byte> LineOf(string type, Action<IBufferWriter<byte>> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        buffer.Write(Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":"));
        write(buffer);
        buffer.Write("}\n"u8);
        return buffer.WrittenMemory;
    }

    private JsonObject Row(ApiObject each, WatchLine line) => TableDocument.Of(
        kind, [each], new JsonObject { ["resourceVersion"] = each.Revision.ToString(CultureInfo.InvariantCulture) }, DateTimeOffset.FromUnixTimeSeconds(line.Second), include, line.WithColumns);

    private JsonObject Bookmark(WatchEvent told)
    {
        var metadata = new JsonObject { ["resourceVersion"] = told.Revision.ToString(CultureInfo.InvariantCulture), ["creationTimestamp"] = null };
        if (told.EndsInitialEvents)
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        if (form == AnswerForm.Table)
            return TableDocument.Of(kind, [], metadata, time.GetUtcNow(), include, false);
        return form == AnswerForm.Metadata
            ? new JsonObject { ["kind"] = "PartialObjectMetadata", ["apiVersion"] = "meta.k8s.io/v1", ["metadata"] = metadata }
            : new JsonObject { ["kind"] = kind.Kind, ["apiVersion"] = kind.ApiVersion, ["metadata"] = metadata };
    }

    /// <summary>What makes two lines of the same change the same bytes.</summary>
    private readonly record struct WatchLine(WatchEventType Type, AnswerForm Form, IncludeObject Include, bool WithColumns, long Second);
}
