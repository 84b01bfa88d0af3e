using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using ActorNet.Sockets.Http;
using ActorNet.Workloads.Http;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Curl;

/// <summary>One URL: its request, the redirects, and the body to where it goes. The HttpClient and its connections stay for the next.</summary>
internal sealed class CurlTransfer : IDisposable
{
    private const int BufferSize = 64 * 1024;
    private const int MaxInitialData = 64 * 1024;

    // KiB of response head: CURL_MAX_HTTP_HEADER of curl.
    private const int MaxHead = 100;

    private readonly ProgramContext _context;
    private readonly CurlOptions _options;
    private readonly CurlConsole _console;
    private readonly CurlConnector _connector;
    private readonly WireLog _wire;
    private readonly HttpClient _client;
    private readonly byte[] _buffer = new byte[BufferSize];
    private CurlFacts _facts = null!;

    public CurlTransfer(ProgramContext context, CurlOptions options, CurlConsole console, CurlConnector connector)
    {
        _context = context;
        _options = options;
        _console = console;
        _connector = connector;
        _wire = new WireLog
        {
            HeadSending = SendingHeadAsync,
            HeadReceived = head => console.ShowHeadAsync("< ", head),
            BodySending = count => options.Verbose ? console.WriteAsync($"}} [{count} bytes data]\n") : ValueTask.CompletedTask,
        };
        SocketsHttpHandler handler = NamespaceHttp.CreateHandler(connector.ConnectAsync);
        handler.ConnectTimeout = Timeout.InfiniteTimeSpan;
        handler.MaxResponseHeadersLength = MaxHead;
        handler.AutomaticDecompression = options.Compressed ? System.Net.DecompressionMethods.All : System.Net.DecompressionMethods.None;
        handler.PlaintextStreamFilter = Tap;
        if (options.Insecure)
            AcceptAnyCertificate(handler);
        else if (options.AuthorityFile is { } file)
            handler.SslOptions.CertificateChainPolicy = CurlTrust.Read(context, file);
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Transfers.</summary>
    /// <param name="facts">What is noted.</param>
    /// <param name="url">URL.</param>
    /// <param name="upload">File to upload, or null.</param>
    /// <param name="output">Where the body goes.</param>
    /// <param name="heads">Where heads are dumped (-D), or null.</param>
    /// <param name="progress">The meter.</param>
    /// <exception cref="CurlFailure">It failed.</exception>
    public async Task RunAsync(CurlFacts facts, CurlUrl url, string? upload, CurlOutput output, CurlOutput? heads, CurlProgress progress)
    {
        _facts = facts;
        CurlBody body = await CurlBody.CreateAsync(_context, _options, upload, _console).ConfigureAwait(false);
        using var timeout = CurlTimer.Start(_options.MaxTime, _context.Time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _context.Cancellation);
        var course = new CurlRedirects(_options, url.WithQuery(body.Query), body);
        try
        {
            while (true)
            {
                using HttpResponseMessage response = await SendAsync(course, end.Token).ConfigureAwait(false);
                await ShowHeadsAsync(response, output, heads, end.Token).ConfigureAwait(false);
                bool follows = course.Take(response, facts);
                if (!follows && _options.Fail && facts.Status >= 400)
                    throw Refused();
                await CopyAsync(response, follows ? null : output, progress, end.Token).ConfigureAwait(false);
                if (!follows)
                    break;
                NoteSent();
                facts.Redirect = facts.Elapsed;
                await _console.NoteAsync($"Issue another request to this URL: '{course.Url}'").ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !_context.Cancellation.IsCancellationRequested)
        {
            throw _connector.Failure ?? CurlDiagnosis.Explain(e, facts, _wire, timeout.IsCancellationRequested);
        }
        finally
        {
            NoteSent();
            facts.Total = facts.Elapsed;
        }

        if (_options.FailWithBody && facts.Status >= 400)
            throw Refused();
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    [SuppressMessage("Security", "CA5359", Justification = "What -k asks for.")]
    private static void AcceptAnyCertificate(SocketsHttpHandler handler) => handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;

    private CurlFailure Refused() => new(CurlCode.HttpReturnedError, $"The requested URL returned error: {_facts.Status}");

    private async Task<HttpResponseMessage> SendAsync(CurlRedirects course, CancellationToken cancellationToken)
    {
        _wire.Begin();
        _connector.Begin(_facts, cancellationToken);
        _facts.Url = course.Url;
        _facts.Method = course.Method;
        HttpContent? content = course.Body.Make?.Invoke();
        _facts.ToUpload = content?.Headers.ContentLength;
        using HttpRequestMessage request = CurlRequest.Create(_options, course.Url, course.Method, content, course.SendsUser, course.Referer);
        if (content is not null && _options.LimitRate > 0)
            request.Content = new ThrottledContent(content, _options.LimitRate, _context.Time);
        HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        _facts.StartTransfer = _facts.Elapsed;
        _facts.Status = (int)response.StatusCode;
        _facts.HttpVersion = response.Version;
        _facts.Head = _wire.Heads.Count > 0 ? _wire.Heads[^1] : null;
        _facts.ContentType = response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type) ? type.ToString() : null;
        _facts.Expected = course.Method == "HEAD" ? null : response.Content.Headers.ContentLength;
        return response;
    }

    private async ValueTask SendingHeadAsync(ReadOnlyMemory<byte> head)
    {
        _facts.PreTransfer = _facts.Elapsed;
        (_facts.Local, _facts.Remote) = (_wire.Connection!.Local, _wire.Connection.Remote);
        if (!_connector.HasOpened)
            await _console.NoteAsync($"Re-using existing connection #0 with host {_facts.Url!.Host}").ConfigureAwait(false);
        await _console.ShowHeadAsync("> ", head).ConfigureAwait(false);
    }

    private async ValueTask<Stream> Tap(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken)
    {
        if (context.PlaintextStream is SslStream)
            _facts.AppConnect = _facts.Elapsed;
        await ValueTask.CompletedTask.ConfigureAwait(false);
        return new WireTap(context.PlaintextStream, _wire, _connector.Connection!.Local, _connector.Connection.Remote);
    }

    private async Task ShowHeadsAsync(HttpResponseMessage response, CurlOutput output, CurlOutput? heads, CancellationToken cancellationToken)
    {
        foreach (byte[] head in _wire.Heads)
        {
            _facts.HeadBytes += head.Length;
            if (heads is not null)
                await heads.WriteAsync(head, cancellationToken).ConfigureAwait(false);
            if ((_options.Include || _options.Head) && !(_options.Fail && (int)response.StatusCode >= 400))
                await output.WriteAsync(head, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CopyAsync(HttpResponseMessage response, CurlOutput? output, CurlProgress progress, CancellationToken cancellationToken)
    {
        if (output is null)
            await _console.NoteAsync("Ignoring the response-body").ConfigureAwait(false);
        var pace = new CurlPace(_options.LimitRate, _context.Time);
        Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        Memory<byte> buffer = _buffer.AsMemory(0, pace.PieceWithin(BufferSize));
        int count;
        while ((count = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (_options.Verbose)
                await _console.WriteAsync($"{{ [{count} bytes data]\n").ConfigureAwait(false);
            if (output is not null)
            {
                _facts.Downloaded += count;
                await output.WriteAsync(buffer[..count], cancellationToken).ConfigureAwait(false);
            }

            await progress.StepAsync().ConfigureAwait(false);
            await pace.WaitAsync(count, cancellationToken).ConfigureAwait(false);
        }

        await _console.NoteAsync($"Connection #0 to host {_facts.Url!.Host} left intact").ConfigureAwait(false);
    }

    // %{size_request} has the head, and small data that leave in the same piece (lib/http.c MAX_INITIAL_POST_SIZE, Curl_buffer_send).
    private void NoteSent()
    {
        _facts.Uploaded += _wire.RequestBodyBytes;
        _facts.RequestBytes += _wire.RequestHeadBytes;
        if (_options.Data.Count > 0 && _wire.RequestBodyBytes < MaxInitialData)
            _facts.RequestBytes += _wire.RequestBodyBytes;
    }
}
