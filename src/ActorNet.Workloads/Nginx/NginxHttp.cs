using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ActorNet.Sockets.Kestrel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace ActorNet.Workloads.Nginx;

/// <summary>Answers requests as nginx does for static files.</summary>
internal sealed class NginxHttp(NginxSite site, NginxLog log)
{
    private const ushort HttpPort = 80;

    /// <summary>Answers one request and logs it.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        long sent = 0;
        // A request line that is none is answered, and logged, before the headers are read.
        bool isUnderstood = TryReadTarget(http, out NginxUri? uri);
        try
        {
            sent = await AnswerAsync(http, uri).ConfigureAwait(false);
        }
        finally
        {
            await log.AccessAsync(http, sent, withHeaders: isUnderstood).ConfigureAwait(false);
        }
    }

    // The authority that CONNECT has in a path's place is not looked at.
    private static bool TryReadTarget(HttpContext http, out NginxUri? uri)
    {
        uri = null;
        return HttpMethods.IsConnect(http.Request.Method) || NginxUri.TryParse(http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, out uri);
    }

    private async Task<long> AnswerAsync(HttpContext http, NginxUri? uri)
    {
        http.Response.Headers.Server = $"nginx/{NginxImage.Version}";
        http.Response.Headers.Connection = KeepsAlive(http.Request) ? "keep-alive" : "close";
        if (HttpMethods.IsConnect(http.Request.Method))
            return await PageAsync(http, StatusCodes.Status405MethodNotAllowed).ConfigureAwait(false);
        if (uri is null)
        {
            http.Response.Headers.Connection = "close";
            return await PageAsync(http, StatusCodes.Status400BadRequest).ConfigureAwait(false);
        }

        NginxFinding finding = site.Find(http.Request.Method, uri);
        using INginxContent? content = finding.Content;
        if (finding.Error is not null)
            await log.ErrorAsync(http, finding.Error).ConfigureAwait(false);
        if (finding.Location is not null)
            http.Response.Headers.Location = Absolute(http, finding.Location);
        return content is null
            ? await PageAsync(http, finding.Status).ConfigureAwait(false)
            : await ContentAsync(http, content).ConfigureAwait(false);
    }

    private static async Task<long> ContentAsync(HttpContext http, INginxContent content)
    {
        IHeaderDictionary headers = http.Response.Headers;
        int status = NginxConditions.Judge(http.Request.Headers, content);
        if (status == StatusCodes.Status412PreconditionFailed)
            return await PageAsync(http, status).ConfigureAwait(false);
        http.Response.StatusCode = status;
        if (status == StatusCodes.Status304NotModified)
        {
            SetValidators(headers, content);
            return 0;
        }

        IReadOnlyList<ByteRange> parts = [];
        RangeVerdict verdict = NginxConditions.AllowsRange(http.Request.Headers, content)
            ? NginxRanges.Read(http.Request.Headers.Range.ToString(), content.Length, out parts) : RangeVerdict.Whole;
        if (verdict == RangeVerdict.NotSatisfiable)
        {
            headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{content.Length}");
            return await PageAsync(http, StatusCodes.Status416RangeNotSatisfiable).ConfigureAwait(false);
        }

        SetValidators(headers, content);
        headers.ContentType = content.Type;
        if (verdict == RangeVerdict.Parts)
            return await PartsAsync(http, content, parts).ConfigureAwait(false);
        headers.AcceptRanges = "bytes";
        http.Response.ContentLength = content.Length;
        return HttpMethods.IsHead(http.Request.Method) ? 0 : await SendAsync(http, content, new ByteRange(0, content.Length)).ConfigureAwait(false);
    }

    private static void SetValidators(IHeaderDictionary headers, INginxContent content)
    {
        headers.LastModified = HeaderUtilities.FormatDate(content.Modified);
        headers.ETag = NginxConditions.EntityTag(content);
    }

    private static async Task<long> PartsAsync(HttpContext http, INginxContent content, IReadOnlyList<ByteRange> parts)
    {
        http.Response.StatusCode = StatusCodes.Status206PartialContent;
        bool isHead = HttpMethods.IsHead(http.Request.Method);
        if (parts.Count == 1)
        {
            http.Response.Headers.ContentRange = parts[0].Describe(content.Length);
            http.Response.ContentLength = parts[0].Length;
            return isHead ? 0 : await SendAsync(http, content, parts[0]).ConfigureAwait(false);
        }

        // multipart/byteranges (RFC 9110 14.6).
        string boundary = RandomNumberGenerator.GetString("0123456789", 20);
        http.Response.ContentType = $"multipart/byteranges; boundary={boundary}";
        byte[][] heads = [.. parts.Select(p => Encoding.ASCII.GetBytes($"\r\n--{boundary}\r\nContent-Type: {content.Type}\r\nContent-Range: {p.Describe(content.Length)}\r\n\r\n"))];
        byte[] end = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");
        http.Response.ContentLength = parts.Sum(static p => p.Length) + heads.Sum(static h => h.Length) + end.Length;
        long sent = 0;
        for (int i = 0; i < parts.Count && !isHead; i++)
            sent += await WriteAsync(http, heads[i]).ConfigureAwait(false) + await SendAsync(http, content, parts[i]).ConfigureAwait(false);
        return isHead ? 0 : sent + await WriteAsync(http, end).ConfigureAwait(false);
    }

    private static async Task<long> PageAsync(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        http.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = NginxPages.Reason(status);
        byte[] page = NginxPages.Make(status);
        http.Response.ContentType = "text/html";
        http.Response.ContentLength = page.Length;
        return HttpMethods.IsHead(http.Request.Method) ? 0 : await WriteAsync(http, page).ConfigureAwait(false);
    }

    private static async Task<long> SendAsync(HttpContext http, INginxContent content, ByteRange part)
    {
        (long sent, bool isCut) = await ContentWriter.WriteAsync(http.Response.BodyWriter, content, part, http.RequestAborted).ConfigureAwait(false);
        // The length that was promised cannot be kept any more: the connection has to end.
        if (isCut)
            http.Abort();
        return sent;
    }

    private static async Task<long> WriteAsync(HttpContext http, byte[] bytes)
    {
        if (http.RequestAborted.IsCancellationRequested)
            return 0;
        try
        {
            await http.Response.BodyWriter.WriteAsync(bytes, http.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client left, perhaps with all of it.
        }

        return bytes.Length;
    }

    // RFC 9112 9.3.
    private static bool KeepsAlive(HttpRequest request)
    {
        string connection = request.Headers.Connection.ToString();
        return HttpProtocol.IsHttp11(request.Protocol)
            ? !connection.Contains("close", StringComparison.OrdinalIgnoreCase)
            : connection.Contains("keep-alive", StringComparison.OrdinalIgnoreCase);
    }

    // absolute_redirect and port_in_redirect are on, server_name_in_redirect is off.
    private static string Absolute(HttpContext http, string path)
    {
        IPodConnectionFeature pod = http.Features.GetRequiredFeature<IPodConnectionFeature>();
        string host = http.Request.Host.Host.Length > 0 ? http.Request.Host.Host.ToLowerInvariant() : pod.Local.Address.ToString();
        string port = pod.Local.Port == HttpPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{pod.Local.Port}");
        int mark = path.IndexOf('?', StringComparison.Ordinal);
        string escaped = Uri.EscapeDataString(mark < 0 ? path : path[..mark]).Replace("%2F", "/", StringComparison.Ordinal);
        return $"http://{host}{port}{escaped}{(mark < 0 ? "" : path[mark..])}";
    }
}
