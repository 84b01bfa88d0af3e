using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ActorNet.ApiServer.Streaming;

/// <summary>The SPDY/3.1 upgrade and its choice of a protocol (apimachinery pkg/util/httpstream).</summary>
internal static class SpdyUpgrade
{
    /// <summary>The header in which both sides name protocols; each may stand on a line of its own.</summary>
    public const string ProtocolHeader = "X-Stream-Protocol-Version";

    private const string Spdy = "SPDY/3.1";

    /// <summary>Whether a request asks for it.</summary>
    public static bool IsAsked(HttpRequest request) =>
        request.Headers.Upgrade.ToString().Equals(Spdy, StringComparison.OrdinalIgnoreCase)
        && request.HttpContext.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true;

    /// <summary>The first of the client's protocols that the server knows.</summary>
    /// <param name="request">The request.</param>
    /// <param name="known">What the server knows.</param>
    /// <param name="unnamed">What a client means that names none.</param>
    /// <exception cref="ApiException">403: there is none.</exception>
    public static string Negotiate(HttpRequest request, IReadOnlyList<string> known, string unnamed)
    {
        string[] offered = [.. request.Headers[ProtocolHeader].SelectMany(static line => (line ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        if (offered.Length == 0)
            return unnamed;
        return offered.FirstOrDefault(known.Contains)
            ?? throw new ApiException(StatusCodes.Status403Forbidden, "Forbidden", $"unable to upgrade: unable to negotiate protocol: client supports [{string.Join(' ', offered)}], server accepts [{string.Join(' ', known)}]");
    }

    /// <summary>Answers the upgrade.</summary>
    public static Task<Stream> AcceptAsync(HttpContext context, string protocol)
    {
        context.Response.Headers.Upgrade = Spdy;
        if (protocol.Length > 0)
            context.Response.Headers[ProtocolHeader] = protocol;
        return context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }
}
