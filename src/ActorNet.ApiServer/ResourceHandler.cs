using System.Text.Json.Nodes;
using ActorNet.ApiServer.Access;
using ActorNet.ApiServer.Front;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Reviews;
using ActorNet.Kubernetes.Schema;
using ActorNet.Kubernetes.ServiceAccounts;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>The verbs of stored resources over HTTP (apiserver pkg/endpoints/handlers).</summary>
/// <param name="api">The API.</param>
/// <param name="tokens">Answers what asks for tokens; null: none are issued.</param>
/// <param name="load">Bounds what clients have under way.</param>
/// <param name="authorizer">Says who may do what.</param>
internal sealed class ResourceHandler(KubernetesApi api, TokenRequests? tokens, ApiLoad load, IAuthorizer authorizer)
{
    private const string PatchTypes = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml";

    private readonly ReadHandler _reads = new(api.Reads, load);

    /// <summary>Answers a request for a resource that is served.</summary>
    public Task HandleAsync(HttpContext context, KindDescriptor kind, ResourcePath path)
    {
        if (!kind.IsNamespaced && path.Namespace.Length > 0)
            throw ApiErrors.NoSuchResource();
        bool isCollection = path.Name.Length == 0;
        if (kind is ReviewKind review)
        {
            return (context.Request.Method, isCollection, path.Namespace.Length > 0 == kind.IsNamespaced) switch
            {
                ("POST", true, true) => ReviewAsync(context, review, path.Namespace),
                _ => throw ApiErrors.MethodNotAllowed(kind.Plural, context.Request.Method),
            };
        }

        // An object in a namespace has no path without it.
        if (!isCollection && kind.IsNamespaced && path.Namespace.Length == 0)
            throw ApiErrors.NoSuchResource();
        return (context.Request.Method, isCollection, path.Subresource) switch
        {
            ("GET", true, _) => _reads.ListOrWatchAsync(context, kind, path),
            ("POST", true, _) when !kind.IsNamespaced || path.Namespace.Length > 0 => CreateAsync(context, kind, path),
            ("DELETE", true, _) => DeleteCollectionAsync(context, kind, path),
            ("GET", false, _) => _reads.GetAsync(context, kind, path),
            ("PUT", false, _) => UpdateAsync(context, kind, path),
            ("PATCH", false, _) => PatchAsync(context, kind, path),
            ("DELETE", false, "") => DeleteAsync(context, kind, path),
            ("POST", false, "binding") when kind.Kind == "Pod" => BindAsync(context, path),
            ("POST", false, "token") when kind.Kind == "ServiceAccount" && tokens is not null => RequestTokenAsync(context, path, tokens),
            ("POST", false, "eviction") when kind.Kind == "Pod" => EvictAsync(context, kind, path),
            _ => throw ApiErrors.MethodNotAllowed(kind.Plural, context.Request.Method),
        };
    }

    private async Task CreateAsync(HttpContext context, KindDescriptor kind, ResourcePath path)
    {
        var query = new RequestQuery(context.Request.Query);
        var warnings = new List<string>();
        WriteOptions options = Guarded(context, kind, query.ToWrite(context.Request.Headers.UserAgent));
        JsonObject body = await RequestBody.ReadObjectAsync(context.Request, kind.Type, kind.Kind, query.Validation, warnings).ConfigureAwait(false);
        ApiObject made = await api.CreateAsync(kind, path.Namespace, body, options, context.RequestAborted).ConfigureAwait(false);
        Answer.Warn(context, warnings);
        await AnswerAsync(context, made, ObjectView.Of(kind, ""), StatusCodes.Status201Created).ConfigureAwait(false);
    }

    // Roles and bindings are looked at for what their writer would give away.
    private WriteOptions Guarded(HttpContext context, KindDescriptor kind, WriteOptions options) =>
        kind.Group == RbacPolicy.Group && authorizer is RbacAuthorizer rbac && context.Features.Get<Caller>() is { } caller && !AccessGate.IsTrusted(caller)
            ? options with { Guard = new RoleGuard(caller.ToUserInfo(), rbac) }
            : options;

    private async Task ReviewAsync(HttpContext context, ReviewKind kind, string space)
    {
        var query = new RequestQuery(context.Request.Query);
        JsonObject question = await RequestBody.ReadObjectAsync(context.Request, kind.Type, kind.Kind, query.Validation, []).ConfigureAwait(false);
        UserInfo user = context.Features.Get<Caller>()?.ToUserInfo() ?? UserInfo.Anonymous;
        ITokenJudge? judge = context.Features.Get<ITokenJudge>();
        var asked = new ReviewPlace(user, space, authorizer, judge is null ? null : judge.UserOfAsync);
        await Answer.DocumentAsync(context, await kind.AnswerAsync(question, asked, context.RequestAborted).ConfigureAwait(false), StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private async Task UpdateAsync(HttpContext context, KindDescriptor kind, ResourcePath path)
    {
        var query = new RequestQuery(context.Request.Query);
        var view = ObjectView.Of(kind, path.Subresource);
        var warnings = new List<string>();
        WriteOptions options = Guarded(context, kind, query.ToWrite(context.Request.Headers.UserAgent));
        JsonObject body = await RequestBody.ReadObjectAsync(context.Request, view.TypeOf(kind), view.Speaks(kind).Kind, query.Validation, warnings).ConfigureAwait(false);
        WriteResult result = await api.UpdateAsync(kind, path.Namespace, path.Name, view, body, options, context.RequestAborted).ConfigureAwait(false);
        Answer.Warn(context, warnings);
        await AnswerAsync(context, result.Object, view, result.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private async Task PatchAsync(HttpContext context, KindDescriptor kind, ResourcePath path)
    {
        var query = new RequestQuery(context.Request.Query);
        var view = ObjectView.Of(kind, path.Subresource);
        PatchForm form = Negotiation.MediaType(context.Request.ContentType) switch
        {
            "application/json-patch+json" => PatchForm.Json,
            "application/merge-patch+json" => PatchForm.Merge,
            "application/strategic-merge-patch+json" => PatchForm.Strategic,
            "application/apply-patch+yaml" => PatchForm.Apply,
            _ => throw ApiErrors.UnsupportedMediaType(PatchTypes),
        };
        WriteOptions options = Guarded(context, kind, form == PatchForm.Apply ? query.ToApply() : query.ToWrite(context.Request.Headers.UserAgent));
        if (form != PatchForm.Apply && query.Force is not null)
            throw ForceOfApplyOnly();
        JsonNode? body = form == PatchForm.Apply ? await RequestBody.ReadYamlAsync(context.Request).ConfigureAwait(false) : await RequestBody.ReadJsonAsync(context.Request).ConfigureAwait(false);
        var patch = new PatchRequest(form, body, query.Validation, query.Force);
        WriteResult result = await api.PatchAsync(kind, path.Namespace, path.Name, view, patch, options, context.RequestAborted).ConfigureAwait(false);
        Answer.Warn(context, result.Warnings);
        await AnswerAsync(context, result.Object, view, result.IsNew ? StatusCodes.Status201Created : StatusCodes.Status200OK).ConfigureAwait(false);
    }

    // meta/v1/validation ValidatePatchOptions.
    private static ApiException ForceOfApplyOnly()
    {
        var errors = new FieldErrors();
        errors.Forbidden("force", "may not be specified for non-apply patch");
        return ApiErrors.Invalid("meta.k8s.io", "PatchOptions", "", errors);
    }

    private async Task DeleteAsync(HttpContext context, KindDescriptor kind, ResourcePath path)
    {
        DeleteOptions options = new RequestQuery(context.Request.Query).ToDelete(await RequestBody.ReadDeleteOptionsAsync(context.Request).ConfigureAwait(false));
        DeleteResult result = await api.DeleteAsync(kind, path.Namespace, path.Name, options, context.RequestAborted).ConfigureAwait(false);
        if (result.IsGone && !kind.ReturnsDeletedObject)
            await Answer.DocumentAsync(context, Success(kind, result.Object)).ConfigureAwait(false);
        else
            await AnswerAsync(context, result.Object, ObjectView.Of(kind, ""), StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private async Task DeleteCollectionAsync(HttpContext context, KindDescriptor kind, ResourcePath path)
    {
        var query = new RequestQuery(context.Request.Query);
        DeleteOptions options = query.ToDelete(await RequestBody.ReadDeleteOptionsAsync(context.Request).ConfigureAwait(false));
        AnswerForm form = Negotiation.FormOfList(context.Request.Headers.Accept, kind);
        ObjectList list = await api.DeleteCollectionAsync(kind, path.Namespace, query.ToList(), options, context.RequestAborted).ConfigureAwait(false);
        await ListAnswer.WriteAsync(context, kind, list, form, query.Include, api.Time.GetUtcNow(), load).ConfigureAwait(false);
    }

    private async Task BindAsync(HttpContext context, ResourcePath path)
    {
        var query = new RequestQuery(context.Request.Query);
        WriteOptions options = query.ToWrite(context.Request.Headers.UserAgent);
        JsonObject binding = await RequestBody.ReadObjectAsync(context.Request, ApiTypes.Kubernetes["core/v1.Binding"], "Binding", query.Validation, []).ConfigureAwait(false);
        await PodBinding.BindAsync(api, path.Namespace, path.Name, binding, options.DryRun, context.RequestAborted).ConfigureAwait(false);
        await Answer.DocumentAsync(context, Success(), StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private static async Task RequestTokenAsync(HttpContext context, ResourcePath path, TokenRequests tokens)
    {
        var query = new RequestQuery(context.Request.Query);
        bool dryRun = query.ToWrite(context.Request.Headers.UserAgent).DryRun;
        JsonObject request = await RequestBody.ReadObjectAsync(context.Request, ApiTypes.Kubernetes["authentication/v1.TokenRequest"], "TokenRequest", query.Validation, []).ConfigureAwait(false);
        JsonObject answer = await tokens.CreateAsync(path.Namespace, path.Name, request, dryRun, context.RequestAborted).ConfigureAwait(false);
        await Answer.DocumentAsync(context, answer, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    // Without disruption budgets every eviction is granted.
    private async Task EvictAsync(HttpContext context, KindDescriptor kind, ResourcePath path)
    {
        var query = new RequestQuery(context.Request.Query);
        JsonObject eviction = await RequestBody.ReadObjectAsync(context.Request, ApiTypes.Kubernetes["policy/v1.Eviction"], "Eviction", query.Validation, []).ConfigureAwait(false);
        await api.DeleteAsync(kind, path.Namespace, path.Name, query.ToDelete(eviction.Object("deleteOptions")), context.RequestAborted).ConfigureAwait(false);
        await Answer.DocumentAsync(context, Success(), StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private Task AnswerAsync(HttpContext context, ApiObject each, ObjectView view, int code) => ReadHandler.AnswerAsync(context, each, view, code, api.Time);

    private static JsonObject Success(KindDescriptor kind, ApiObject gone)
    {
        var details = new JsonObject { ["name"] = gone.Name, ["kind"] = kind.Plural, ["uid"] = gone.Document.Text("metadata.uid") };
        if (kind.Group.Length > 0)
            details["group"] = kind.Group;
        JsonObject status = Success();
        status["details"] = details;
        return status;
    }

    private static JsonObject Success() => new() { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success" };
}
