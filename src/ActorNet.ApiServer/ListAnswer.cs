using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Tables;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>Writes lists in the form that the client wants. A client that does not read one holds up its own connection, and that not for ever.</summary>
internal static class ListAnswer
{
    // So much is written before the client must take it.
    private const int FlushBytes = 256 * 1024;

    public static async Task WriteAsync(HttpContext context, KindDescriptor kind, ObjectList list, AnswerForm form, IncludeObject include, DateTimeOffset now, ApiLoad load)
    {
        JsonObject metadata = Metadata(list);
        Answer.Begin(context, StatusCodes.Status200OK, "application/json");
        PipeWriter writer = context.Response.BodyWriter;
        switch (form)
        {
            case AnswerForm.Table:
                Answer.Write(writer, TableDocument.Of(kind, list.Items, metadata, now, include));
                break;
            case AnswerForm.MetadataList:
                Answer.Write(writer, new JsonObject
                {
                    ["kind"] = "PartialObjectMetadataList",
                    ["apiVersion"] = "meta.k8s.io/v1",
                    ["metadata"] = metadata,
                    ["items"] = new JsonArray([.. list.Items.Select(TableDocument.Partial)]),
                });
                break;
            default:
                await WritePlainAsync(context, writer, kind, list, metadata, load).ConfigureAwait(false);
                break;
        }

        await load.FlushAsync(writer, context).ConfigureAwait(false);
    }

    private static async Task WritePlainAsync(HttpContext context, PipeWriter writer, KindDescriptor kind, ObjectList list, JsonObject metadata, ApiLoad load)
    {
        writer.Write(Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind.Kind}List\",\"apiVersion\":\"{kind.ApiVersion}\",\"metadata\":{metadata.ToJsonString()},\"items\":["));
        for (int i = 0; i < list.Items.Count; i++)
        {
            if (i > 0)
                writer.Write(","u8);
            list.Items[i].WriteTo(writer);
            if (writer.UnflushedBytes > FlushBytes)
                await load.FlushAsync(writer, context).ConfigureAwait(false);
        }

        writer.Write("]}"u8);
    }

    private static JsonObject Metadata(ObjectList list)
    {
        var metadata = new JsonObject { ["resourceVersion"] = list.Revision.ToString(CultureInfo.InvariantCulture) };
        if (list.Continue.Length > 0)
            metadata["continue"] = list.Continue;
        if (list.Remaining is long remaining)
            metadata["remainingItemCount"] = remaining;
        return metadata;
    }
}
