using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using ActorNet.Cli.Host;

namespace ActorNet.Cli.Client;

/// <summary>Talks to a host process on this machine through the socket in its state directory. Whoever may write that directory may order the host.</summary>
public sealed class HostClient : IDisposable
{
    /// <summary>The socket's file name in the state directory.</summary>
    public const string SocketName = "actornet.sock";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly HttpClient _http;

    private HostClient(string socket)
    {
        Socket = socket;
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, ct) =>
            {
                var s = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await s.ConnectAsync(new UnixDomainSocketEndPoint(socket), ct).ConfigureAwait(false);
                    return new NetworkStream(s, ownsSocket: true);
                }
                catch
                {
                    s.Dispose();
                    throw;
                }
            },
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://host/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The socket's path.</summary>
    public string Socket { get; }

    /// <summary>Every host whose state lies in a directory or in its sub-directories: a host's own, or a lab's. Of a lab those that have ended are passed over.</summary>
    /// <param name="stateDirectory">The host's directory, or the lab's.</param>
    /// <exception cref="UsageException">There is none.</exception>
    public static IReadOnlyList<HostClient> Find(string stateDirectory)
    {
        IReadOnlyList<string> sockets = SocketsIn(stateDirectory);
        if (sockets.Count == 0)
            throw new UsageException($"no host runs in {stateDirectory}: no {SocketName} in it or in its sub-directories. Start a lab with `actornet up`, or give --state-dir (and --name) of the hosts that you mean.");
        string[] answering = sockets.Count == 1 ? [] : [.. sockets.Where(IsListening)];
        return [.. (answering.Length > 0 ? answering : sockets).Select(static s => new HostClient(s))];
    }

    /// <summary>The sockets of hosts, of living ones and of those that were killed.</summary>
    /// <param name="stateDirectory">The host's directory, or the lab's.</param>
    public static IReadOnlyList<string> SocketsIn(string stateDirectory) => !Directory.Exists(stateDirectory)
        ? []
        : [.. Directory.EnumerateDirectories(stateDirectory).Order(StringComparer.Ordinal).Prepend(stateDirectory).Select(static d => Path.Combine(d, SocketName)).Where(File.Exists)];

    /// <summary>Orders the host to stop.</summary>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">It does not listen.</exception>
    public async Task StopAsync(CancellationToken ct)
    {
        using HttpResponseMessage response = await CallAsync(() => _http.PostAsync(new Uri("actornet/v1/stop", UriKind.Relative), null, ct)).ConfigureAwait(false);
    }

    /// <summary>Orders the host to install the cluster's DNS.</summary>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">The API refuses a part of it.</exception>
    public async Task InstallDnsAsync(CancellationToken ct)
    {
        using HttpResponseMessage response = await CallAsync(() => _http.PostAsync(new Uri("actornet/v1/dns", UriKind.Relative), null, ct)).ConfigureAwait(false);
    }

    /// <summary>Gets and reads JSON.</summary>
    /// <typeparam name="T">The answer's type.</typeparam>
    /// <param name="path">Path.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<T> GetAsync<T>(string path, CancellationToken ct)
    {
        using HttpResponseMessage response = await CallAsync(() => _http.GetAsync(new Uri(path, UriKind.Relative), ct)).ConfigureAwait(false);
        return (await response.Content.ReadFromJsonAsync<T>(Json, ct).ConfigureAwait(false))!;
    }

    /// <summary>Posts JSON and reads JSON.</summary>
    /// <typeparam name="TBody">The body's type.</typeparam>
    /// <typeparam name="T">The answer's type.</typeparam>
    /// <param name="path">Path.</param>
    /// <param name="body">Body.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<T> PostAsync<TBody, T>(string path, TBody body, CancellationToken ct)
    {
        using HttpResponseMessage response = await CallAsync(() => _http.PostAsJsonAsync(path, body, Json, ct)).ConfigureAwait(false);
        return (await response.Content.ReadFromJsonAsync<T>(Json, ct).ConfigureAwait(false))!;
    }

    /// <summary>Deletes and reads JSON.</summary>
    /// <typeparam name="T">The answer's type.</typeparam>
    /// <param name="path">Path.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<T> DeleteAsync<T>(string path, CancellationToken ct)
    {
        using HttpResponseMessage response = await CallAsync(() => _http.DeleteAsync(new Uri(path, UriKind.Relative), ct)).ConfigureAwait(false);
        return (await response.Content.ReadFromJsonAsync<T>(Json, ct).ConfigureAwait(false))!;
    }

    /// <summary>Runs a command and hands its output on as it comes.</summary>
    /// <param name="request">What to run.</param>
    /// <param name="stdout">Standard output.</param>
    /// <param name="stderr">Standard error.</param>
    /// <param name="interrupt">Cancelled when the user presses Ctrl-C: the command is interrupted, its last words still come.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> ExecAsync(ExecRequest request, TextWriter stdout, TextWriter stderr, CancellationToken interrupt)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "actornet/v1/exec") { Content = JsonContent.Create(request, options: Json) };
        using HttpResponseMessage response = await CallAsync(() => _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None)).ConfigureAwait(false);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(CancellationToken.None).ConfigureAwait(false));
        CancellationTokenRegistration registration = default;
        try
        {
            while (await reader.ReadLineAsync(CancellationToken.None).ConfigureAwait(false) is { } line)
            {
                ExecEvent e = JsonSerializer.Deserialize<ExecEvent>(line, Json)!;
                if (e.Session is { } session)
                    registration = interrupt.Register(() => _ = _http.PostAsync(new Uri($"actornet/v1/exec/{session}/interrupt", UriKind.Relative), null, CancellationToken.None));
                if (e.Stdout is { } o)
                    await stdout.WriteAsync(o).ConfigureAwait(false);
                if (e.Stderr is { } err)
                    await stderr.WriteAsync(err).ConfigureAwait(false);
                if (e.Exit is { } exit)
                    return exit;
            }
        }
        finally
        {
            await registration.DisposeAsync().ConfigureAwait(false);
            await stdout.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }

        throw new UsageException($"the host behind {Socket} ended while `{string.Join(' ', request.Command)}` ran in {request.Target}.");
    }

    /// <summary>Hands a container's log on as it comes.</summary>
    /// <param name="path">Path with its query.</param>
    /// <param name="stdout">Standard output.</param>
    /// <param name="stderr">Standard error, for notices.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="NotHereException">The pod is on another host.</exception>
    /// <exception cref="ServerRefusalException">There is no such log.</exception>
    public async Task<int> CopyLogAsync(string path, Stream stdout, TextWriter stderr, CancellationToken ct)
    {
        using HttpResponseMessage response = await CallAsync(() => _http.GetAsync(new Uri(path, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, ct)).ConfigureAwait(false);
        if (response.Headers.TryGetValues(LogQuery.NoticeHeader, out IEnumerable<string>? notices))
            await stderr.WriteLineAsync(notices.First()).ConfigureAwait(false);
        await response.Content.CopyToAsync(stdout, ct).ConfigureAwait(false);
        return 0;
    }

    /// <summary>Starts a capture on this host.</summary>
    /// <param name="request">Where.</param>
    /// <param name="ct">Cancellation of the start.</param>
    /// <exception cref="NotHereException">The namespace is on another host.</exception>
    public async Task<RunningCapture> CaptureAsync(CaptureRequest request, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "actornet/v1/capture") { Content = JsonContent.Create(request, options: Json) };
        HttpResponseMessage response = await CallAsync(() => _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, ct)).ConfigureAwait(false);
        string session = response.Headers.GetValues(CaptureStream.SessionHeader).Single();
        return new RunningCapture(
            response,
            await response.Content.ReadAsStreamAsync(ct).ConfigureAwait(false),
            () => _http.PostAsync(new Uri($"actornet/v1/capture/{session}/stop", UriKind.Relative), null, CancellationToken.None));
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static bool IsListening(string socket)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(socket));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<HttpResponseMessage> CallAsync(Func<Task<HttpResponseMessage>> call)
    {
        HttpResponseMessage response;
        try
        {
            response = await call().ConfigureAwait(false);
        }
        catch (HttpRequestException e)
        {
            throw new UsageException($"no host answers on {Socket}: {(e.InnerException ?? e).Message}. The process that made it has ended; start it again, or remove the file.");
        }

        if (response.IsSuccessStatusCode)
            return response;
        using (response)
        {
            string text = await response.Content.ReadAsStringAsync(CancellationToken.None).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.NotFound)
                throw new NotHereException(text);
            if (response.StatusCode == HttpStatusCode.BadRequest)
                throw new ServerRefusalException(text);
            throw new UsageException(text.Length > 0 ? text : $"the host behind {Socket} answered {(int)response.StatusCode}.");
        }
    }
}

/// <summary>The host refuses what was asked in the words of the Kubernetes tool whose question it was.</summary>
/// <param name="message">What the tool prints.</param>
public sealed class ServerRefusalException(string message) : Exception(message);

/// <summary>The host asked does not have the object; another may.</summary>
/// <param name="message">What the host said.</param>
public sealed class NotHereException(string message) : Exception(message);
