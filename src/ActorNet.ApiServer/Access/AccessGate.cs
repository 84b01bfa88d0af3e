using ActorNet.ApiServer.Front;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Access;

/// <summary>
/// Lets requests pass that their user may make, and refuses the others with upstream's sentence (apiserver pkg/endpoints/filters/authorization.go). Nodes of
/// the cluster may do everything: each of them answers the API for others and speaks for them, and each may come to have it.
/// </summary>
/// <param name="authorizer">Says who may do what.</param>
internal sealed class AccessGate(IAuthorizer authorizer)
{
    /// <summary>Whether a caller may do everything, whatever the roles say.</summary>
    /// <param name="caller">The caller.</param>
    public static bool IsTrusted(Caller caller) => caller.IsMaster || caller.IsNode;

    /// <summary>Judges a request, and puts the user in whose name it is made into the caller's place.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="ApiException">403: it is refused.</exception>
    public async ValueTask CheckAsync(HttpContext context)
    {
        Caller caller = context.Features.Get<Caller>() ?? Caller.Anonymous;
        if (Impersonation.IsAsked(context.Request))
        {
            foreach (AccessRequest each in Impersonation.RequestsOf(context.Request, caller.ToUserInfo()))
                await CheckAsync(caller, each, context.RequestAborted).ConfigureAwait(false);
            caller = Impersonation.CallerOf(context.Request);
            context.Features.Set(caller);
        }

        if (!IsTrusted(caller))
            await CheckAsync(caller, RequestAccess.Of(context.Request, caller.ToUserInfo()), context.RequestAborted).ConfigureAwait(false);
    }

    private async ValueTask CheckAsync(Caller caller, AccessRequest request, CancellationToken cancel)
    {
        if (IsTrusted(caller))
            return;
        AccessDecision decision = await authorizer.DecideAsync(request, cancel).ConfigureAwait(false);
        if (!decision.IsAllowed)
            throw ApiErrors.AccessDenied(request, decision.Reason);
    }
}
