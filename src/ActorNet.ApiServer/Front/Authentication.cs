using System.Net.Http.Headers;
using ActorNet.Cluster.Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ActorNet.ApiServer.Front;

/// <summary>
/// Who asks, by the client certificate (kubernetes: authentication/request/x509) or, when that is a node's, by the X-Remote headers in
/// which the node passes on whom it answers (authentication/request/headerrequest).
/// </summary>
/// <param name="credentials">What is trusted.</param>
/// <param name="time">The clock.</param>
internal sealed class Authentication(HostCredentials credentials, TimeProvider time)
{
    /// <summary>Carries the user that a node asks for, escaped as in a URL.</summary>
    public const string UserHeader = "X-Remote-User";

    /// <summary>Carries the user's groups, each escaped as in a URL: HttpClient puts several values on one line, with commas.</summary>
    public const string GroupHeader = "X-Remote-Group";

    /// <summary>What the connection's certificate came to is kept with the connection: judging a chain costs more than a request.</summary>
    private static readonly object Key = new();

    /// <summary>Says who asks.</summary>
    /// <param name="context">The request.</param>
    /// <returns>Null when wrong credentials came; <see cref="Caller.Anonymous"/> when none did.</returns>
    public Caller? Judge(HttpContext context)
    {
        if (context.Connection.ClientCertificate is null)
            return StringValues.IsNullOrEmpty(context.Request.Headers.Authorization) ? Caller.Anonymous : null;
        if (OfConnection(context) is not { } caller)
            return null;
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

    private Caller? OfConnection(HttpContext context)
    {
        DateTimeOffset now = time.GetUtcNow();
        IDictionary<object, object?>? items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items is not null && items.TryGetValue(Key, out object? kept) && kept is Judged judged)
            return now < judged.Until ? judged.Caller : null;
        System.Security.Cryptography.X509Certificates.X509Certificate2 certificate = context.Connection.ClientCertificate!;
        Caller? caller = credentials.AcceptsClient(certificate, now) ? Caller.Of(certificate) : null;
        if (items is not null)
            items[Key] = new Judged(caller, certificate.NotAfter.ToUniversalTime());
        return caller;
    }

    private sealed record Judged(Caller? Caller, DateTimeOffset Until);
}
