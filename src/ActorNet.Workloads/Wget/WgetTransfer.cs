using System.Text;
using ActorNet.Sockets.Http;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Http;
using ActorNet.Workloads.Programs;
using Microsoft.AspNetCore.Connections;

namespace ActorNet.Workloads.Wget;

/// <summary>One URL: requests by the real HttpClient, redirects, and the document to where it goes (busybox networking/wget.c download_one_url).</summary>
internal sealed class WgetTransfer : IDisposable
{
    private const int MaxRequests = 16;
    private const int BufferSize = 64 * 1024;

    private readonly ProgramContext _context;
    private readonly WgetOptions _options;
    private readonly Func<string, ValueTask> _tell;
    private readonly WgetConnector _connector;
    private readonly WireLog _wire;
    private readonly HttpClient _client;
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _end;

    public WgetTransfer(ProgramContext context, WgetOptions options, Func<string, ValueTask> tell)
    {
        _context = context;
        _options = options;
        _tell = tell;
        _connector = new WgetConnector(context);
        _wire = new WireLog { HeadReceived = ShowAsync };
        SocketsHttpHandler handler = NamespaceHttp.CreateHandler(_connector.ConnectAsync);
        handler.ConnectTimeout = Timeout.InfiniteTimeSpan;
        handler.PlaintextStreamFilter = (filter, _) => new ValueTask<Stream>(new WireTap(filter.PlaintextStream, _wire, _connector.Connection!.Local, _connector.Connection.Remote));
        handler.RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8;
        if (options.Insecure)
            AcceptAnyCertificate(handler);
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _silence = new CancellationTokenSource(Timeout.InfiniteTimeSpan, context.Time);
        _end = CancellationTokenSource.CreateLinkedTokenSource(_silence.Token, context.Cancellation);
    }

    /// <summary>Transfers.</summary>
    /// <param name="text">URL.</param>
    /// <exception cref="WgetExit">It failed.</exception>
    public async Task RunAsync(string text)
    {
        try
        {
            await FollowAsync(WgetUrl.Parse(text)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or ConnectionAbortedException or ConnectionResetException or HttpIOException)
        {
            _context.Cancellation.ThrowIfCancellationRequested();
            throw Explain(e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _end.Dispose();
        _silence.Dispose();
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5359", Justification = "What --no-check-certificate asks for.")]
    private static void AcceptAnyCertificate(SocketsHttpHandler handler) => handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;

    private async Task FollowAsync(WgetUrl url)
    {
        WgetOutput output = new(_context, _options, url);
        long present = output.Present;
        string? told = null;
        for (int left = MaxRequests; ; left--)
        {
            if (await _connector.DescribeAsync(url).ConfigureAwait(false) is var line && line != told)
                await _tell(told = line).ConfigureAwait(false);
            using HttpRequestMessage request = await CreateAsync(url, present).ConfigureAwait(false);
            _wire.Begin();
            _connector.Begin();
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Watch()).ConfigureAwait(false);
            if (!Redirects(response, out string? location))
            {
                await TakeAsync(response, output, present).ConfigureAwait(false);
                return;
            }

            if (left == 1)
                throw new WgetExit("too many redirections");
            url = url.Resolve(location!);
        }
    }

    // The silence that -T allows begins anew.
    private CancellationToken Watch()
    {
        if (_options.Timeout is { } timeout && timeout > TimeSpan.Zero)
            _silence.CancelAfter(timeout);
        return _end.Token;
    }

    private async Task<HttpRequestMessage> CreateAsync(WgetUrl url, long present)
    {
        byte[]? data = _options.PostData is { } post ? Encoding.UTF8.GetBytes(post) : _options.PostFile is { } file ? await ReadAsync(file).ConfigureAwait(false) : null;
        var request = new HttpRequestMessage(data is null ? HttpMethod.Get : HttpMethod.Post, url.Uri)
        {
            Version = new Version(1, 1),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = data is null ? null : new ByteArrayContent(data),
        };
        request.Headers.TryAddWithoutValidation("Host", Given("Host") ?? url.Authority);
        request.Headers.TryAddWithoutValidation("User-Agent", Given("User-Agent") ?? _options.UserAgent);
        request.Headers.ConnectionClose = true;
        if (url.User is { } user && Given("Authorization") is null)
            request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(user)));
        if (present > 0)
            request.Headers.TryAddWithoutValidation("Range", $"bytes={present}-");
        request.Content?.Headers.TryAddWithoutValidation("Content-Type", Given("Content-Type") ?? "application/x-www-form-urlencoded");
        foreach (string header in _options.Headers)
        {
            string[] parts = header.Split(':', 2);
            bool isSet = parts[0].ToUpperInvariant() is "HOST" or "USER-AGENT" or "CONTENT-TYPE" or "CONTENT-LENGTH";
            if (parts.Length == 2 && !isSet)
                request.Headers.TryAddWithoutValidation(parts[0].Trim(), parts[1].Trim());
        }

        return request;
    }

    private string? Given(string name) => _options.Headers.Find(header => header.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?.Split(':', 2)[1].Trim();

    private async Task<byte[]> ReadAsync(string file)
    {
        try
        {
            Stream stream = file == "-" ? _context.Input : _context.OpenRead(file);
            using var data = new MemoryStream();
            await stream.CopyToAsync(data, _context.Cancellation).ConfigureAwait(false);
            return data.ToArray();
        }
        catch (FileException e)
        {
            throw new WgetExit($"can't open '{file}': {e.Message}");
        }
    }

    private static bool Redirects(HttpResponseMessage response, out string? location)
    {
        location = response.Headers.NonValidated.TryGetValues("Location", out var values) ? values.ToString() : null;
        return (int)response.StatusCode is 300 or 301 or 302 or 303 or 307 or 308 && location is not null;
    }

    // -S: every line of the head; of a redirect what stands before the place that it names.
    private async ValueTask ShowAsync(ReadOnlyMemory<byte> head)
    {
        if (!_options.ShowResponse)
            return;
        string[] lines = Encoding.Latin1.GetString(head.Span).Replace("\r", "", StringComparison.Ordinal).TrimEnd('\n').Split('\n');
        string status = lines[0].Split(' ').ElementAtOrDefault(1) ?? "";
        bool isRedirect = status is "300" or "301" or "302" or "303" or "307" or "308";
        bool isError = !isRedirect && !status.StartsWith('2') && !status.StartsWith('1');
        int end = isError ? 0 : isRedirect ? Array.FindIndex(lines, static line => line.StartsWith("Location:", StringComparison.OrdinalIgnoreCase)) : -1;
        string shown = string.Concat((end < 0 ? [.. lines, ""] : lines.Take(end + 1)).Select(static line => $"  {line}\n"));
        await _tell(shown).ConfigureAwait(false);
    }

    private async Task TakeAsync(HttpResponseMessage response, WgetOutput output, long present)
    {
        int status = (int)response.StatusCode;
        bool isRedirect = status is 300 or 301 or 302 or 303 or 307 or 308;
        if ((status is < 200 or > 206 && !isRedirect) || (status == 206 && present == 0))
            throw new WgetExit($"server returned error: {StatusLine()}");
        if (_options.Spider)
        {
            await _tell("remote file exists\n").ConfigureAwait(false);
            return;
        }

        bool append = status == 206;
        if (present > 0 && !append)
            await _tell("wget: restart failed\n").ConfigureAwait(false);
        Stream file = output.Open(append);
        try
        {
            await _tell(output.IsStandardOutput ? "writing to stdout\n" : $"saving to '{output.Name}'\n").ConfigureAwait(false);
            long count = await CopyAsync(response, file).ConfigureAwait(false);
            string meter = count > 0 && _options.LogFile is null ? WgetText.Meter(output.ShortName, count + (append ? present : 0)) : "";
            await _tell(meter + (output.IsStandardOutput ? "written to stdout\n" : $"'{output.Name}' saved\n")).ConfigureAwait(false);
        }
        finally
        {
            if (!output.IsStandardOutput)
                await file.DisposeAsync().ConfigureAwait(false);
        }
    }

    private string StatusLine() => _wire.Heads.Count == 0 ? "" : Encoding.Latin1.GetString(_wire.Heads[^1]).Split('\r', '\n')[0];

    private async Task<long> CopyAsync(HttpResponseMessage response, Stream file)
    {
        Stream body = await response.Content.ReadAsStreamAsync(Watch()).ConfigureAwait(false);
        byte[] buffer = new byte[BufferSize];
        long total = 0;
        int count;
        while ((count = await ReadBodyAsync(body, buffer, response.Content.Headers.ContentLength is not null).ConfigureAwait(false)) > 0)
        {
            await file.WriteAsync(buffer.AsMemory(0, count), _context.Cancellation).ConfigureAwait(false);
            total += count;
        }

        return total;
    }

    private async ValueTask<int> ReadBodyAsync(Stream body, byte[] buffer, bool hasLength)
    {
        try
        {
            return await body.ReadAsync(buffer, Watch()).ConfigureAwait(false);
        }
        catch (HttpIOException e) when (e.HttpRequestError == HttpRequestError.ResponseEnded)
        {
            throw new WgetExit(hasLength ? "connection closed prematurely" : "error getting response");
        }
    }

    private WgetExit Explain(Exception exception)
    {
        if (_connector.Failure is { } failure)
            return failure;
        if (exception is OperationCanceledException)
            return new WgetExit("download timed out");
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is ConnectionResetException)
                return new WgetExit("read error: Connection reset by peer");
            if (e is System.Security.Authentication.AuthenticationException)
                return new WgetExit($"TLS error: {e.Message}");
            if (e is WgetExit exit)
                return exit;
        }

        return new WgetExit("error getting response");
    }
}
