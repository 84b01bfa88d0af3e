using ActorNet.Kubernetes.Kinds.Reviews;

namespace ActorNet.ApiServer.Front;

/// <summary>Says whose a token is. A request's is in <see cref="Microsoft.AspNetCore.Http.HttpContext.Features"/> where there are tokens.</summary>
internal interface ITokenJudge
{
    /// <summary>The user whose token it is.</summary>
    /// <param name="token">The token.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Null: it does not count, or what it is bound to is gone.</returns>
    ValueTask<UserInfo?> UserOfAsync(string token, CancellationToken cancel);
}
