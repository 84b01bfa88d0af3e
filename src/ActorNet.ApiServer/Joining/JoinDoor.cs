using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using ActorNet.Cluster.Joining;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Joining;

/// <summary>The part of a host's API port at which hosts that are in no cluster yet may speak. What they send is bounded and judged by the desk behind it.</summary>
/// <param name="desk">Decides.</param>
internal sealed class JoinDoor(JoinDesk desk)
{
    private const string Bearer = "Bearer ";

    /// <summary>How long somebody may take to send what he wants.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Answers a request of this door; null: it is none.</summary>
    /// <param name="context">The request.</param>
    public Task? Handle(HttpContext context) => context.Request.Path.Value switch
    {
        JoinProtocol.AuthorityPath => AuthorityAsync(context),
        JoinProtocol.TermsPath => AnswerAsync(context, (host, token, cancel) => desk.HearAsync(host, token, From(context), cancel)),
        JoinProtocol.ReachPath => AnswerAsync(context, (host, token, cancel) => desk.ReachAsync(host, token, From(context), cancel)),
        JoinProtocol.CertificatePath => AnswerAsync(context, (host, token, cancel) => desk.AdmitAsync(host, token, From(context), cancel)),
        _ => null,
    };

    private Task AuthorityAsync(HttpContext context) => desk.Authority is { } certificate
        ? Answer.TextAsync(context, PemEncoding.WriteString("CERTIFICATE", certificate) + "\n")
        : Answer.TextAsync(context, "This host does not know its cluster's authority yet.\n", StatusCodes.Status503ServiceUnavailable);

    private async Task AnswerAsync<T>(HttpContext context, Func<JoinApplication, string?, CancellationToken, Task<T>> answer)
    {
        try
        {
            JoinApplication host = await ReadAsync(context).ConfigureAwait(false) ?? throw desk.BadRequest("This is no application to join: a JSON object with protocol, name, address and nodeIp was expected.");
            T said = await answer(host, TokenOf(context), context.RequestAborted).ConfigureAwait(false);
            Answer.Begin(context, StatusCodes.Status200OK, "application/json");
            await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(said, JoinJson.Options), context.RequestAborted).ConfigureAwait(false);
        }
        catch (JoinRefusedException refused)
        {
            if (refused.RetryAfterSeconds > 0)
                context.Response.Headers.RetryAfter = refused.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
            await Answer.TextAsync(context, refused.Message + "\n", CodeOf(refused.Why)).ConfigureAwait(false);
        }
    }

    private async Task<JoinApplication?> ReadAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || context.Request.ContentLength > JoinProtocol.MaxBytes)
            return null;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(Patience);
        byte[] body = new byte[JoinProtocol.MaxBytes + 1];
        try
        {
            int length = await context.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, limit.Token).ConfigureAwait(false);
            return length > JoinProtocol.MaxBytes ? null : JoinJson.Read(body.AsSpan(0, length));
        }
        catch (Exception e) when (e is IOException or BadHttpRequestException || (e is OperationCanceledException && !context.RequestAborted.IsCancellationRequested))
        {
            throw desk.BadRequest("The application did not come whole.");
        }
    }

    private static string? TokenOf(HttpContext context) =>
        context.Request.Headers.Authorization.ToString() is { } header && header.StartsWith(Bearer, StringComparison.Ordinal) ? header[Bearer.Length..] : null;

    private static IPAddress From(HttpContext context) => context.Connection.RemoteIpAddress ?? IPAddress.None;

    private static int CodeOf(JoinRefusal why) => why switch
    {
        JoinRefusal.BadRequest => StatusCodes.Status400BadRequest,
        JoinRefusal.NoToken or JoinRefusal.UnknownToken or JoinRefusal.ExpiredToken or JoinRefusal.UsedToken => StatusCodes.Status401Unauthorized,
        JoinRefusal.TooOften => StatusCodes.Status429TooManyRequests,
        JoinRefusal.NotNow => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status409Conflict,
    };
}
