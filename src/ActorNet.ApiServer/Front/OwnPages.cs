using ActorNet.ApiServer.Access;
using ActorNet.ApiServer.Health;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Front;

/// <summary>
/// What a host says of itself at its API port, wherever the API is: its health, and pages such as /metrics. The sums of its health are for everybody, as
/// upstream's role system:public-info-viewer has it; the rest is for those whose roles name the path (nonResourceURLs).
/// </summary>
/// <param name="health">Its health.</param>
/// <param name="pages">Its pages, by path.</param>
/// <param name="authorizer">Says who may see what; null: everybody everything.</param>
internal sealed class OwnPages(HealthEndpoints health, IReadOnlyDictionary<string, RequestDelegate> pages, IAuthorizer? authorizer)
{
    private readonly AccessGate? _gate = authorizer is null ? null : new AccessGate(authorizer);

    /// <summary>Whether a path is shown to whoever asks (kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, system:public-info-viewer).</summary>
    /// <param name="path">The path.</param>
    public static bool IsPublic(PathString path) => path.Value is "/healthz" or "/livez" or "/readyz" or "/version" or "/version/";

    /// <summary>Answers, when the path is one of the host's own.</summary>
    /// <param name="context">The request; its caller is known.</param>
    /// <param name="isValid">Whether the caller's credentials still count; asked only for what is not public.</param>
    /// <returns>Null when it is not.</returns>
    public Task? Handle(HttpContext context, Func<ValueTask<bool>> isValid)
    {
        PathString path = context.Request.Path;
        if (pages.TryGetValue(path.Value ?? "", out RequestDelegate? page))
            return GuardedAsync(context, isValid, page);
        if (!HealthEndpoints.IsHealth(path))
            return null;
        return IsPublic(path) ? health.AnswerAsync(context) : GuardedAsync(context, isValid, health.AnswerAsync);
    }

    private async Task GuardedAsync(HttpContext context, Func<ValueTask<bool>> isValid, RequestDelegate answer)
    {
        if (!await isValid().ConfigureAwait(false))
            throw ApiErrors.Unauthorized();
        if (_gate is not null)
            await _gate.CheckAsync(context).ConfigureAwait(false);
        await answer(context).ConfigureAwait(false);
    }
}
