using System.Net.Http.Headers;
using ActorNet.Cluster.Certificates;
using ActorNet.Kubernetes.ServiceAccounts;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ActorNet.ApiServer.Front;

/// <summary>
/// Who asks, by the client certificate (kubernetes: authentication/request/x509) or, when that is a node's, by the X-Remote headers in
/// which the node passes on whom it answers (authentication/request/headerrequest); without one, by a service account's token.
/// </summary>
/// <param name="credentials">What is trusted.</param>
/// <param name="time">The clock.</param>
internal sealed class Authentication(LiveCredentials credentials, TimeProvider time)
{
    private const string Bearer = "Bearer ";

    /// <summary>Carries the user that a node asks for, escaped as in a URL.</summary>
    public const string UserHeader = "X-Remote-User";

    /// <summary>Carries the user's groups, each escaped as in a URL: HttpClient puts several values on one line, with commas.</summary>
    public const string GroupHeader = "X-Remote-Group";

    /// <summary>What the connection's certificate came to is kept with the connection: judging a chain costs more than a request.</summary>
    private static readonly object Key = new();

    /// <summary>So is the last token that came by it.</summary>
    private static readonly object TokenKey = new();

    // The authority stays the same when a host's own certificate is renewed.
    private readonly TokenVerifier _tokens = new(credentials.Now);

    /// <summary>Says who asks.</summary>
    /// <param name="context">The request.</param>
    /// <returns>Null when wrong credentials came; <see cref="Caller.Anonymous"/> when none did.</returns>
    public Caller? Judge(HttpContext context)
    {
        if (context.Connection.ClientCertificate is null)
            return StringValues.IsNullOrEmpty(context.Request.Headers.Authorization) ? Caller.Anonymous : OfToken(context);
        if (OfConnection(context) is not { } caller)
            return null;
        // A node passes a token on as it came: what it is bound to is looked up where the API is.
        if (IsForwarded(context) && !StringValues.IsNullOrEmpty(context.Request.Headers.Authorization))
            return OfToken(context);
        string? user = context.Request.Headers[UserHeader];
        return caller.IsNode && !string.IsNullOrEmpty(user)
            ? new Caller(Uri.UnescapeDataString(user), [.. context.Request.Headers[GroupHeader].OfType<string>().SelectMany(line => line.Split(',', StringSplitOptions.TrimEntries)).Select(Uri.UnescapeDataString)])
            : caller;
    }

    /// <summary>Says in a request to another host whom this one answers.</summary>
    public static void Write(HttpRequestHeaders headers, Caller caller)
    {
        headers.Add(UserHeader, Uri.EscapeDataString(caller.User));
        headers.Add(GroupHeader, caller.Groups.Select(Uri.EscapeDataString));
    }

    /// <summary>Whether a node passes the request on for somebody else.</summary>
    /// <param name="context">A request whose caller was judged.</param>
    public bool IsForwarded(HttpContext context) =>
        context.Request.Headers.ContainsKey(UserHeader) && context.Connection.ClientCertificate is not null && OfConnection(context) is { IsNode: true };

    /// <summary>Whose a token for the API is that is in order by itself; null: nobody's.</summary>
    /// <param name="token">The token.</param>
    public Caller? OfToken(string token) => Verified(token, time.GetUtcNow());

    private Caller? OfConnection(HttpContext context)
    {
        DateTimeOffset now = time.GetUtcNow();
        IDictionary<object, object?>? items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items is not null && items.TryGetValue(Key, out object? kept) && kept is Judged judged)
            return now < judged.Until ? judged.Caller : null;
        System.Security.Cryptography.X509Certificates.X509Certificate2 certificate = context.Connection.ClientCertificate!;
        Caller? caller = credentials.Now.AcceptsClient(certificate, now) ? Caller.Of(certificate) : null;
        if (items is not null)
            items[Key] = new Judged(caller, certificate.NotAfter.ToUniversalTime());
        return caller;
    }

    private Caller? OfToken(HttpContext context)
    {
        if (context.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return null;
        DateTimeOffset now = time.GetUtcNow();
        string token = header[Bearer.Length..].Trim();
        IDictionary<object, object?>? items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items is null)
            return Verified(token, now);
        if (!items.TryGetValue(TokenKey, out object? kept) || kept is not Shown shown || shown.Token != token || now >= shown.Until)
            items[TokenKey] = shown = new Shown(token, Verified(token, now), now + TokenVerifier.Recheck);
        return shown.Caller?.Token is { } claims && claims.Expires <= now ? null : shown.Caller;
    }

    private Caller? Verified(string token, DateTimeOffset now) =>
        _tokens.Verify(token, now) is { } claims && claims.Audiences.Contains(TokenClaims.Issuer) ? Caller.Of(claims) : null;

    private sealed record Shown(string Token, Caller? Caller, DateTimeOffset Until);

    private sealed record Judged(Caller? Caller, DateTimeOffset Until);
}
