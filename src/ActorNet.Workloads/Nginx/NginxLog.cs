using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using ActorNet.Workloads.Programs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ActorNet.Workloads.Nginx;

/// <summary>
/// nginx's logs: one line for each request to standard output in the `combined` format, errors and notices to standard error, as the links of
/// the image's /var/log/nginx lead there. Requests that end at the same time write one after the other.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Its semaphore has no handle, and requests that are still being answered may come after the program's end.")]
internal sealed class NginxLog(ProgramContext context)
{
    private const string None = "-";

    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>A line of the error log about the program.</summary>
    public Task NoticeAsync(string text) => WriteAsync(context.Error, string.Create(CultureInfo.InvariantCulture, $"{Now:yyyy/MM/dd HH:mm:ss} [notice] 1#1: {text}\n"));

    /// <summary>A line of the error log about a request.</summary>
    public Task ErrorAsync(HttpContext http, string text)
    {
        string connection = http.Connection.Id;
        string referrer = http.Request.Headers.Referer.ToString();
        return WriteAsync(context.Error, string.Create(
            CultureInfo.InvariantCulture,
            $"{Now:yyyy/MM/dd HH:mm:ss} [error] 1#1: *{connection[(connection.LastIndexOf('-') + 1)..]} {Escape(text, quotes: false)}, client: {http.Connection.RemoteIpAddress}, server: localhost, request: \"{Escape(RequestLine(http))}\", host: \"{Escape(http.Request.Host.Value ?? "")}\"{(referrer.Length > 0 ? $", referrer: \"{Escape(referrer)}\"" : "")}\n"));
    }

    /// <summary>A line of the access log.</summary>
    /// <param name="http">The request and its answer.</param>
    /// <param name="bodyBytes">Bytes of the answer's body that were sent.</param>
    /// <param name="withHeaders">Whether the request's headers were looked at.</param>
    public Task AccessAsync(HttpContext http, long bodyBytes, bool withHeaders)
    {
        IHeaderDictionary headers = withHeaders ? http.Request.Headers : new HeaderDictionary();
        return WriteAsync(context.Output, string.Create(
            CultureInfo.InvariantCulture,
            $"{http.Connection.RemoteIpAddress} - {User(headers.Authorization.ToString())} [{Now:dd/MMM/yyyy:HH:mm:ss} +0000] \"{Escape(RequestLine(http))}\" {http.Response.StatusCode} {bodyBytes} \"{Header(headers.Referer.ToString())}\" \"{Header(headers.UserAgent.ToString())}\"\n"));
    }

    private DateTimeOffset Now => context.Time.GetUtcNow();

    private static string RequestLine(HttpContext http) =>
        $"{http.Request.Method} {http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget} {http.Request.Protocol}";

    private static string Header(string value) => value.Length == 0 ? None : Escape(value);

    // The user of Basic authentication (RFC 7617), which nginx names whether it asked for it or not.
    private static string User(string authorization)
    {
        const string scheme = "Basic ";
        Span<byte> decoded = stackalloc byte[256];
        if (!authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) || !Convert.TryFromBase64String(authorization[scheme.Length..].Trim(), decoded, out int length))
            return None;
        int colon = decoded[..length].IndexOf((byte)':');
        return colon <= 0 ? None : Escape(Encoding.UTF8.GetString(decoded[..colon]));
    }

    // log_format's default escaping: quotes, backslashes and whatever is not printable ASCII, byte by byte.
    private static string Escape(string value, bool quotes = true)
    {
        if (!value.AsSpan().ContainsAnyExceptInRange(' ', '~') && (!quotes || !value.AsSpan().ContainsAny('"', '\\')))
            return value;
        var escaped = new StringBuilder();
        foreach (byte b in Encoding.UTF8.GetBytes(value))
        {
            if (b is < 0x20 or > 0x7E || (quotes && b is (byte)'"' or (byte)'\\'))
                escaped.Append("\\x").Append(b.ToString("X2", CultureInfo.InvariantCulture));
            else
                escaped.Append((char)b);
        }

        return escaped.ToString();
    }

    private async Task WriteAsync(Stream stream, string line)
    {
        await _turn.WaitAsync(context.Namespace.Closed).ConfigureAwait(false);
        try
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(line), context.Namespace.Closed).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // Where the log cannot be written, nginx goes on serving.
        }
        finally
        {
            _turn.Release();
        }
    }
}
