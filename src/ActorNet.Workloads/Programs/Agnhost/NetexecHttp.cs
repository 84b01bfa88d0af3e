using System.Globalization;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>netexec's HTTP endpoints (netexec.go addRoutes); every other path is answered as /.</summary>
internal sealed class NetexecHttp(NetexecServer server)
{
    private readonly AgnhostRun _run = server.Run;

    public async Task HandleAsync(HttpContext http)
    {
        NetexecRequest request = await NetexecRequest.ReadAsync(http, server.Options.HttpOverride).ConfigureAwait(false);
        await (request.Path switch
        {
            "/clientip" => LoggedAsync(http, "GET /clientip", request.Remote),
            "/header" => HeaderAsync(request),
            "/dial" => new NetexecDial(server).AnswerAsync(request),
            "/echo" => EchoAsync(request),
            "/exit" => ExitAsync(request),
            "/healthz" => HealthAsync(http),
            "/readyz" => ReadyAsync(http),
            "/hostname" or "/hostName" => LoggedAsync(http, $"GET {request.Path}", _run.Context.HostName),
            "/redirect" => RedirectAsync(request),
            "/shell" => NetexecShell.AnswerAsync(server, request),
            "/shutdown" => ShutdownAsync(http),
            "/upload" => NetexecUpload.AnswerAsync(_run, request),
            _ => RootAsync(http),
        }).ConfigureAwait(false);
    }

    private async Task RootAsync(HttpContext http)
    {
        await _run.LogAsync("GET /").ConfigureAwait(false);
        DateTimeOffset now = _run.Context.Time.GetUtcNow();
        TimeSpan running = _run.Context.Time.GetElapsedTime(_run.Started);
        // time.Time's String: the wall clock, then the monotonic one.
        await HttpReply.TextAsync(http, string.Create(CultureInfo.InvariantCulture, $"NOW: {now:yyyy-MM-dd HH:mm:ss.FFFFFFF} +0000 UTC m=+{running.TotalSeconds:0.000000000}")).ConfigureAwait(false);
    }

    private async Task LoggedAsync(HttpContext http, string log, string text)
    {
        await _run.LogAsync(log).ConfigureAwait(false);
        await HttpReply.TextAsync(http, text).ConfigureAwait(false);
    }

    private async Task HeaderAsync(NetexecRequest request)
    {
        string key = request.Value("key");
        if (key.Length > 0)
        {
            await LoggedAsync(request.Http, $"GET /header?key={key}", request.Headers[key].FirstOrDefault() ?? "").ConfigureAwait(false);
            return;
        }

        // net/http takes the host's name and the transfer coding out of the headers.
        string json = GoText.JsonObject(request.Headers
            .Where(static h => !h.Key.Equals("Host", StringComparison.OrdinalIgnoreCase) && !h.Key.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
            .Select(static h => KeyValuePair.Create(GoText.CanonicalHeader(h.Key), GoText.Json(h.Value.Select(static v => v ?? "")))));
        await LoggedAsync(request.Http, "GET /header", json).ConfigureAwait(false);
    }

    private async Task EchoAsync(NetexecRequest request)
    {
        string message = request.Value("msg");
        string code = request.Value("code");
        await _run.LogAsync($"GET /echo?msg={message}&code={code}").ConfigureAwait(false);
        if (await TryTakeCodeAsync(request.Http, code).ConfigureAwait(false))
            await HttpReply.TextAsync(request.Http, message).ConfigureAwait(false);
    }

    private async Task RedirectAsync(NetexecRequest request)
    {
        string location = request.Value("location");
        string code = request.Value("code");
        HttpContext http = request.Http;
        await _run.LogAsync($"{http.Request.Method} /redirect?msg={location}&code={code}").ConfigureAwait(false);
        http.Response.StatusCode = StatusCodes.Status302Found;
        if (!await TryTakeCodeAsync(http, code).ConfigureAwait(false))
            return;
        // http.Redirect: a relative location is one of the root; what is no ASCII is escaped.
        if (!Uri.TryCreate(location, UriKind.Absolute, out _) && !location.StartsWith('/'))
            location = "/" + location;
        http.Response.Headers.Location = HttpReply.AsciiLocation(location);
        await HttpReply.TextAsync(
            http, $"<a href=\"{HtmlEncoder.Default.Encode(location)}\">{ReasonPhrases.GetReasonPhrase(http.Response.StatusCode)}</a>.\n\n", "text/html; charset=utf-8").ConfigureAwait(false);
    }

    // False when the code is none, which has been answered.
    private static async Task<bool> TryTakeCodeAsync(HttpContext http, string text)
    {
        if (text.Length == 0)
            return true;
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int code))
        {
            http.Response.StatusCode = StatusCodes.Status200OK;
            await HttpReply.TextAsync(http, $"argument 'code' must be an integer or empty, got {GoText.Quote(text)}\n").ConfigureAwait(false);
            return false;
        }

        // net/http panics at any other, which closes the connection without an answer.
        if (code is < 100 or > 999)
        {
            http.Abort();
            return false;
        }

        // An informational one is followed by 200.
        if (code >= 200)
            http.Response.StatusCode = code;
        return true;
    }

    private async Task HealthAsync(HttpContext http)
    {
        await _run.LogAsync("GET /healthz").ConfigureAwait(false);
        http.Response.StatusCode = server.IsReady ? StatusCodes.Status200OK : StatusCodes.Status412PreconditionFailed;
    }

    private async Task ReadyAsync(HttpContext http)
    {
        await _run.LogAsync("GET /readyz").ConfigureAwait(false);
        (http.Response.StatusCode, string text) = server.IsTerminating
            ? (StatusCodes.Status503ServiceUnavailable, "shutting down")
            : server.IsReady ? (StatusCodes.Status200OK, "ok") : (StatusCodes.Status412PreconditionFailed, "");
        if (text.Length > 0)
            await HttpReply.TextAsync(http, text).ConfigureAwait(false);
    }

    private async Task ShutdownAsync(HttpContext http)
    {
        await _run.LogAsync("GET /shutdown").ConfigureAwait(false);
        await DieAsync(http, 0).ConfigureAwait(false);
    }

    private async Task ExitAsync(NetexecRequest request)
    {
        string waitText = request.Value("wait");
        string timeoutText = request.Value("timeout");
        string codeText = request.Value("code");
        await _run.LogAsync($"GET /exit?code={codeText}&timeout={timeoutText}&wait={waitText}").ConfigureAwait(false);
        TimeSpan timeout = default;
        TimeSpan wait = default;
        int code = 0;
        string? wrong = null;
        if (timeoutText.Length > 0 && !GoDuration.TryParse(timeoutText, out timeout))
            wrong = $"argument 'timeout' must be a valid golang duration or empty, got {GoText.Quote(timeoutText)}\n";
        else if (waitText.Length > 0 && !GoDuration.TryParse(waitText, out wait))
            wrong = $"argument 'wait' must be a valid golang duration or empty, got {GoText.Quote(waitText)}\n";
        else if (codeText.Length > 0 && !int.TryParse(codeText, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out code))
            wrong = $"argument 'code' must be an integer [0-127] or empty, got {GoText.Quote(codeText)}\n";
        if (wrong is not null)
        {
            await HttpReply.TextAsync(request.Http, wrong).ConfigureAwait(false);
            return;
        }

        await _run.LogAsync($"Will begin shutdown in {GoDuration.Format(wait)}, allowing {GoDuration.Format(timeout)} for connections to close, then will exit with {code}").ConfigureAwait(false);
        // A client that goes away meanwhile changes nothing.
        await _run.DelayAsync(wait, server.Ended).ConfigureAwait(false);
        if (timeout == TimeSpan.Zero)
            await DieAsync(request.Http, code).ConfigureAwait(false);
        else
            _ = server.ExitGracefullyAsync(code, timeout);
    }

    // os.Exit in a handler: the client never gets an answer.
    private async Task DieAsync(HttpContext http, int code)
    {
        server.Exit(code);
        await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
