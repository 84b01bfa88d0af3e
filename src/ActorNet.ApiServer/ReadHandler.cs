using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.ApiServer.Front;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Tables;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>The verbs of stored resources that write nothing, over HTTP.</summary>
/// <param name="reads">What they read.</param>
/// <param name="load">Bounds what clients have under way.</param>
internal sealed class ReadHandler(ApiReads reads, ApiLoad load)
{
    /// <summary>Answers GET of a collection.</summary>
    public async Task ListOrWatchAsync(HttpContext context, KindDescriptor kind, ResourcePath path)
    {
        var query = new RequestQuery(context.Request.Query);
        string user = (context.Features.Get<Caller>() ?? Caller.Anonymous).User;
        if (query.IsWatch)
        {
            AnswerForm each = Negotiation.FormOfObject(context.Request.Headers.Accept, kind);
            using IDisposable open = load.BeginWatch(user);
            ResourceWatch watch = await reads.WatchAsync(kind, path.Namespace, query.ToWatch(), context.RequestAborted).ConfigureAwait(false);
            await new WatchAnswer(context, kind, each, query.Include, reads.Time, load).WriteAsync(watch).ConfigureAwait(false);
            return;
        }

        AnswerForm form = Negotiation.FormOfList(context.Request.Headers.Accept, kind);
        ObjectList list = await reads.ListAsync(kind, path.Namespace, query.ToList(), context.RequestAborted).ConfigureAwait(false);
        using IDisposable seats = load.BeginList(user, list.Items.Count);
        await ListAnswer.WriteAsync(context, kind, list, form, query.Include, reads.Time.GetUtcNow(), load).ConfigureAwait(false);
    }

    /// <summary>Answers GET of an object or of a part of it.</summary>
    public async Task GetAsync(HttpContext context, KindDescriptor kind, ResourcePath path)
    {
        var view = ObjectView.Of(kind, path.Subresource);
        ApiObject found = await reads.GetAsync(kind, path.Namespace, path.Name, context.RequestAborted).ConfigureAwait(false);
        await AnswerAsync(context, found, view, StatusCodes.Status200OK, reads.Time).ConfigureAwait(false);
    }

    /// <summary>Answers with an object in the form that is asked for.</summary>
    public static Task AnswerAsync(HttpContext context, ApiObject each, ObjectView view, int code, TimeProvider time)
    {
        var query = new RequestQuery(context.Request.Query);
        return Negotiation.FormOfObject(context.Request.Headers.Accept, each.Kind) switch
        {
            AnswerForm.Table => Answer.DocumentAsync(context, TableDocument.Of(each.Kind, [each], Version(each), time.GetUtcNow(), query.Include), code),
            AnswerForm.Metadata => Answer.DocumentAsync(context, TableDocument.Partial(each), code),
            _ when view.Name == "scale" => Answer.DocumentAsync(context, view.Show(each.Kind, each.Document), code),
            _ => Answer.ObjectAsync(context, each, code),
        };
    }

    private static JsonObject Version(ApiObject each) =>
        each.Revision == 0 ? [] : new JsonObject { ["resourceVersion"] = each.Revision.ToString(CultureInfo.InvariantCulture) };
}
