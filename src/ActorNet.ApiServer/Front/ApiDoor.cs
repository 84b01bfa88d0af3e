using ActorNet.ApiServer.Telemetry;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds.Reviews;
using ActorNet.Kubernetes.ServiceAccounts;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Front;

/// <summary>The API port of a host: who asks, and then here or on to the host that has the API.</summary>
/// <param name="authentication">Says who asks.</param>
/// <param name="locator">Says where the API is.</param>
/// <param name="forwarder">Passes on.</param>
/// <param name="cached">Answers what this host's own copy may answer; null: nothing.</param>
/// <param name="own">Answers what this host says of itself.</param>
/// <param name="meter">Measures; null: nobody does.</param>
/// <param name="time">The clock.</param>
internal sealed class ApiDoor(Authentication authentication, IApiLocator locator, ApiForwarder forwarder, CachedReads? cached, OwnPages own, RequestMeter? meter, TimeProvider time)
{
    private readonly TokenVerdicts _verdicts = new(time);

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        using MeasuredRequest measured = meter?.Begin(context) ?? default;
        try
        {
            await AnswerAsync(context).ConfigureAwait(false);
        }
        catch (ApiException failure) when (!context.Response.HasStarted)
        {
            await Answer.FailureAsync(context, failure).ConfigureAwait(false);
        }
    }

    private Task AnswerAsync(HttpContext context)
    {
        Caller? caller = authentication.Judge(context);
        if (caller is null || (caller == Caller.Anonymous && !OwnPages.IsPublic(context.Request.Path)))
            throw ApiErrors.Unauthorized();
        context.Features.Set(caller);
        ApiPlace place = locator.Locate();
        if (own.Handle(context, () => IsValidAsync(place, caller, context.RequestAborted)) is { } answered)
            return answered;
        switch (place)
        {
            case ApiPlace.Local local:
                context.Features.Set<ITokenJudge>(new TokenJudge(authentication, local.Front));
                return caller.Token is { } token ? OfTokenAsync(context, local.Front, token) : local.Front.HandleAsync(context);
            case ApiPlace.Remote remote when !authentication.IsForwarded(context):
                return OfRemoteAsync(context, caller, remote.Address);
            case ApiPlace.Remote remote:
                // Two hosts that each think that the other has it would pass a request to and fro.
                throw ApiErrors.Unavailable($"the API has moved from this host to {remote.Address.Authority}");
            case ApiPlace.None none:
                throw ApiErrors.Unavailable(none.Why);
            default:
                throw new InvalidOperationException();
        }
    }

    // A token of which this host cannot know whether it still counts opens nothing here.
    private ValueTask<bool> IsValidAsync(ApiPlace place, Caller caller, CancellationToken cancel) => (caller.Token, place) switch
    {
        (null, _) => ValueTask.FromResult(true),
        ({ } token, ApiPlace.Local local) => _verdicts.CountsAsync(token, local.Front.CountsAsync, cancel),
        ({ } token, _) when cached is not null => _verdicts.CountsAsync(token, cached.CountsAsync, cancel),
        _ => ValueTask.FromResult(false),
    };

    private async Task OfRemoteAsync(HttpContext context, Caller caller, Uri address)
    {
        // A token whose account this host has not heard of is judged where the API is.
        bool isKnown = cached is not null && (caller.Token is not { } token || await _verdicts.CountsAsync(token, cached.CountsAsync, context.RequestAborted).ConfigureAwait(false));
        if (isKnown && cached!.Handle(context) is { } answered)
        {
            await answered.ConfigureAwait(false);
            return;
        }

        meter?.CountForwarded();
        await forwarder.ForwardAsync(context, caller, address).ConfigureAwait(false);
    }

    private async Task OfTokenAsync(HttpContext context, ApiFront front, TokenClaims token)
    {
        if (!await _verdicts.CountsAsync(token, front.CountsAsync, context.RequestAborted).ConfigureAwait(false))
            throw ApiErrors.Unauthorized();
        await front.HandleAsync(context).ConfigureAwait(false);
    }

    private sealed class TokenJudge(Authentication authentication, ApiFront front) : ITokenJudge
    {
        public async ValueTask<UserInfo?> UserOfAsync(string token, CancellationToken cancel) =>
            authentication.OfToken(token) is { Token: { } claims } caller && await front.CountsAsync(claims, cancel).ConfigureAwait(false) ? caller.ToUserInfo() : null;
    }
}
