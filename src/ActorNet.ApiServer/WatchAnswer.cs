using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Tables;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>Streams a watch: one JSON object a line. A client that does not read holds up its own stream only.</summary>
/// <param name="context">The request.</param>
/// <param name="kind">The kind.</param>
/// <param name="form">The form of the objects.</param>
/// <param name="include">What rows of tables carry.</param>
/// <param name="time">The clock, for ages.</param>
internal sealed class WatchAnswer(HttpContext context, KindDescriptor kind, AnswerForm form, IncludeObject include, TimeProvider time)
{
    private bool _columnsSent;

    public async Task WriteAsync(ResourceWatch watch)
    {
        Answer.Begin(context, StatusCodes.Status200OK, "application/json");
        PipeWriter writer = context.Response.BodyWriter;
        // The client learns that the watch stands before anything happens.
        await writer.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        try
        {
            await foreach (WatchEvent each in watch.ReadAsync(context.RequestAborted).ConfigureAwait(false))
            {
                Write(writer, each);
                await writer.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            }
        }
        catch (ApiException failure)
        {
            Line(writer, "ERROR", buffer => Answer.Write(buffer, failure.ToStatus()));
            await writer.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        }
    }

    private void Write(PipeWriter writer, WatchEvent told)
    {
        string type = told.Type.ToString().ToUpperInvariant();
        if (told.Object is null)
            Line(writer, type, buffer => Answer.Write(buffer, Bookmark(told)));
        else if (form == AnswerForm.Table)
            Line(writer, type, buffer => Answer.Write(buffer, Row(told.Object)));
        else if (form == AnswerForm.Metadata)
            Line(writer, type, buffer => Answer.Write(buffer, TableDocument.Partial(told.Object)));
        else
            Line(writer, type, told.Object.WriteTo);
    }

    private static void Line(PipeWriter writer, string type, Action<IBufferWriter<byte>> write)
    {
        writer.Write(Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":"));
        write(writer);
        writer.Write("}\n"u8);
    }

    private JsonObject Row(ApiObject each)
    {
        bool withColumns = !_columnsSent;
        _columnsSent = true;
        return TableDocument.Of(kind, [each], new JsonObject { ["resourceVersion"] = each.Revision.ToString(CultureInfo.InvariantCulture) }, time.GetUtcNow(), include, withColumns);
    }

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
}
