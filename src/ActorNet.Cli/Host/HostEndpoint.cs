using System.Text.Json;
using ActorNet.Cli.Bench;
using ActorNet.Cli.Client;
using ActorNet.Kubernetes.Faults;
using ActorNet.Node;
using ActorNet.Node.Actors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ActorNet.Cli.Host;

/// <summary>
/// The host-local endpoint: HTTP over the socket in the state directory. It works with the cluster cut off, for it asks the `node` system only;
/// applying Nodes is the exception. The socket can be opened only by the user who started the host.
/// </summary>
internal sealed class HostEndpoint : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly WebApplication _app;
    private readonly HostService _service;
    private readonly ExecSessions _sessions = new();
    private readonly Action _stop;

    private HostEndpoint(WebApplication app, HostService service, string socket, Action stop)
    {
        _app = app;
        _service = service;
        _stop = stop;
        Socket = socket;
    }

    /// <summary>The socket's path.</summary>
    public string Socket { get; }

    /// <summary>Opens the socket and serves.</summary>
    /// <param name="service">What is served.</param>
    /// <param name="socket">The socket's path, from <see cref="ClaimAsync"/>.</param>
    /// <param name="stop">Ends the host, as SIGTERM does.</param>
    public static async Task<HostEndpoint> StartAsync(HostService service, string socket, Action stop)
    {
        // No settings are read from files: those of the directory that the host was started in are not its own, and all below it would be watched for changes.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.ListenUnixSocket(socket));
        WebApplication app = builder.Build();
        var endpoint = new HostEndpoint(app, service, socket, stop);
        endpoint.Map();
        await app.StartAsync().ConfigureAwait(false);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return endpoint;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _sessions.InterruptAll();
        await _app.StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        File.Delete(Socket);
    }

    // The route table of the host-local API.
    private void Map()
    {
        RouteGroupBuilder api = _app.MapGroup("/actornet/v1");
        api.MapGet("/status", (CancellationToken ct) => _service.StatusAsync(ct));
        api.MapPost("/stop", Stop);
        api.MapPost("/leave", (LeaveOrder order, HttpContext http) => LeaveAsync(order, http));
        api.MapGet("/resources", () => _service.MeasureResources());
        api.MapGet("/actors", (CancellationToken ct) => _service.ActorsAsync(ct));
        api.MapPost("/dns", (CancellationToken ct) => Answer(() => _service.InstallDnsAsync(ct)));
        api.MapGet("/tokens", () => Answer(_service.Joining.ListAsync));
        api.MapPost("/tokens", (TokenOrder order, CancellationToken ct) => Answer(() => _service.Joining.CreateAsync(order, ct)));
        api.MapDelete("/tokens/{id}", (string id, CancellationToken ct) => Answer(() => _service.Joining.DeleteAsync(id, ct)));
        api.MapGet("/nodes", () => _service.ListNodes());
        api.MapPost("/nodes", (ManifestBody body, CancellationToken ct) => Answer(() => _service.ApplyNodesAsync(body, ct)));
        api.MapDelete("/nodes/{name}", (string name, CancellationToken ct) => Answer(() => _service.DeleteNodeAsync(name, ct)));
        api.MapGet("/pods", (CancellationToken ct) => _service.ListPodsAsync(ct));
        api.MapPost("/pods", (ManifestBody body, CancellationToken ct) => Answer(() => _service.RunPodsAsync(body, ct)));
        api.MapDelete("/pods/{name}", (string name, int? gracePeriodSeconds, CancellationToken ct) => Answer(() => _service.DeletePodAsync(name, gracePeriodSeconds, ct)));
        api.MapGet("/pods/{name}/log", (string name, [AsParameters] LogQuery query, HttpContext http) => LogAsync(name, query, http));
        api.MapPost("/exec", (ExecRequest request, HttpContext http) => ExecAsync(request, http));
        api.MapPost("/exec/{session:int}/interrupt", (int session) => _sessions.Interrupt(session));
        api.MapPost("/capture", (CaptureRequest request, HttpContext http) => CaptureAsync(request, http));
        api.MapPost("/capture/{session:int}/stop", (int session) => _sessions.Interrupt(session));
        api.MapGet("/faults", (CancellationToken ct) => _service.Faults.ListAsync(ct));
        api.MapPost("/faults", (FaultOrder order, CancellationToken ct) => Answer(() => _service.AddFaultAsync(order, ct)));
        api.MapDelete("/faults", (CancellationToken ct) => _service.Faults.ClearAllAsync(ct));
        api.MapDelete("/faults/{id}", (string id, CancellationToken ct) => Answer(() => _service.Faults.ClearAsync(id, ct)));
        api.MapPost("/trace", (TraceRequest request, CancellationToken ct) => Answer(() => _service.StartTraceAsync(request, ct)));
        api.MapGet("/trace", (bool? goOn, CancellationToken ct) => _service.CollectTraceAsync(goOn == true, ct));
        api.MapPost("/bench/receive", (BenchReceive request, CancellationToken ct) => Answer(() => _service.BenchReceiveAsync(request, ct)));
        api.MapPost("/bench/send", (BenchSend request, CancellationToken ct) => Answer(() => _service.BenchSendAsync(request, ct)));
        api.MapPost("/bench/tcp/receive", (BenchTcpReceive request, CancellationToken ct) => Answer(() => _service.BenchTcpReceiveAsync(request, ct)));
        api.MapPost("/bench/tcp/send", (BenchTcpSend request, CancellationToken ct) => Answer(() => _service.BenchTcpSendAsync(request, ct)));
        api.MapPost("/bench/http/serve", (BenchHttpServe request, CancellationToken ct) => Answer(() => _service.BenchHttpServeAsync(request, ct)));
        api.MapPost("/bench/http/send", (BenchHttpSend request, CancellationToken ct) => Answer(() => _service.BenchHttpSendAsync(request, ct)));
    }

    private ThenStop Stop() => new(Results.Ok(), _stop);

    private async Task<IResult> LeaveAsync(LeaveOrder order, HttpContext http)
    {
        IResult answer = await Answer(() => _service.Departure.LeaveAsync(order, http.RequestAborted)).ConfigureAwait(false);
        return _service.Departure.HasLeft ? new ThenStop(answer, _stop) : answer;
    }

    private static async Task<IResult> Answer<T>(Func<Task<T>> action)
    {
        try
        {
            return Results.Json(await action().ConfigureAwait(false), Json);
        }
        catch (NotHereException e)
        {
            return Results.Text(e.Message, statusCode: StatusCodes.Status404NotFound);
        }
        catch (UsageException e)
        {
            return Results.Text(e.Message, statusCode: StatusCodes.Status422UnprocessableEntity);
        }
    }

    private async Task ExecAsync(ExecRequest request, HttpContext http)
    {
        Func<TextWriter, TextWriter, CancellationToken, Task<int>> run;
        try
        {
            run = await _service.PrepareExecAsync(request, http.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NotHereException or UsageException)
        {
            http.Response.StatusCode = e is NotHereException ? StatusCodes.Status404NotFound : StatusCodes.Status422UnprocessableEntity;
            await http.Response.WriteAsync(e.Message, http.RequestAborted).ConfigureAwait(false);
            return;
        }

        (int session, CancellationTokenSource interrupt) = _sessions.Open(http.RequestAborted);
        try
        {
            http.Response.ContentType = "application/x-ndjson";
            using var stream = new ExecStream(http.Response.BodyWriter);
            await stream.WriteAsync(new ExecEvent { Session = session }).ConfigureAwait(false);
            int exit = await run(stream.Stdout, stream.Stderr, interrupt.Token).ConfigureAwait(false);
            await stream.WriteAsync(new ExecEvent { Exit = exit }).ConfigureAwait(false);
        }
        finally
        {
            _sessions.Close(session);
        }
    }

    private async Task LogAsync(string pod, LogQuery query, HttpContext http)
    {
        (int session, CancellationTokenSource stop) = _sessions.Open(http.RequestAborted);
        try
        {
            ContainerLogPlace found = await _service.FindLogAsync(pod, query, stop.Token).ConfigureAwait(false);
            http.Response.ContentType = "text/plain";
            if (query.Container is null && found.Containers.Length > 1)
                http.Response.Headers[LogQuery.NoticeHeader] = $"Defaulted container \"{found.Containers[0]}\" out of: {string.Join(", ", found.Containers)}";
            await http.Response.StartAsync(stop.Token).ConfigureAwait(false);
            await found.Log!.CopyToAsync(http.Response.Body, query.ToOptions(TimeProvider.System), stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NotHereException or ServerRefusalException)
        {
            http.Response.StatusCode = e is NotHereException ? StatusCodes.Status404NotFound : StatusCodes.Status400BadRequest;
            await http.Response.WriteAsync(e.Message, http.RequestAborted).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The reader left, or the host stops: the answer ends with what was sent.
        }
        finally
        {
            _sessions.Close(session);
        }
    }

    private async Task CaptureAsync(CaptureRequest request, HttpContext http)
    {
        NodeCapture capture;
        try
        {
            capture = await _service.StartCaptureAsync(request, http.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NotHereException or UsageException)
        {
            http.Response.StatusCode = e is NotHereException ? StatusCodes.Status404NotFound : StatusCodes.Status422UnprocessableEntity;
            await http.Response.WriteAsync(e.Message, http.RequestAborted).ConfigureAwait(false);
            return;
        }

        (int session, CancellationTokenSource stop) = _sessions.Open(http.RequestAborted);
        try
        {
            http.Response.ContentType = "application/vnd.tcpdump.pcap";
            http.Response.Headers[CaptureStream.SessionHeader] = session.ToString(System.Globalization.CultureInfo.InvariantCulture);
            await CaptureStream.RunAsync(request.Target, capture, http.Response.Body, stop.Token).ConfigureAwait(false);
        }
        finally
        {
            _sessions.Close(session);
        }
    }

    /// <summary>First the answer, then the end.</summary>
    private sealed class ThenStop(IResult answer, Action stop) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.OnCompleted(() =>
            {
                stop();
                return Task.CompletedTask;
            });
            return answer.ExecuteAsync(httpContext);
        }
    }

    private static void MakeWritable(string directory)
    {
        bool isNew = !Directory.Exists(directory);
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--state-dir {directory} cannot be made: {e.Message}");
        }

        try
        {
            StateSpace.Require(directory, newHosts: HostIdentity.IsIn(directory) ? 0 : 1);
        }
        catch (UsageException) when (isNew)
        {
            Directory.Delete(directory);
            throw;
        }
    }

    /// <summary>Makes the state directory ready for a host: a socket left by one that was killed goes; one that answers belongs to a living host.</summary>
    /// <param name="directory">The state directory.</param>
    /// <returns>The path of the socket to open.</returns>
    /// <exception cref="UsageException">A host runs there, or the directory cannot be made or written or is full, or the path is too long for a socket.</exception>
    public static async Task<string> ClaimAsync(string directory)
    {
        string socket = Path.Combine(directory, HostClient.SocketName);
        if (System.Text.Encoding.UTF8.GetByteCount(socket) > 107)
            throw new UsageException($"--state-dir {directory}: the local socket's path would have more than 107 bytes, which a Unix socket cannot have. Choose a shorter directory.");
        MakeWritable(directory);
        await RequireFreeAsync(directory).ConfigureAwait(false);
        File.Delete(socket);
        return socket;
    }

    /// <summary>Looks whether a host runs in a directory; nothing is changed.</summary>
    /// <param name="directory">The state directory.</param>
    /// <exception cref="UsageException">One does.</exception>
    public static async Task RequireFreeAsync(string directory)
    {
        string socket = Path.Combine(directory, HostClient.SocketName);
        if (!File.Exists(socket))
            return;
        using var probe = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        try
        {
            await probe.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(socket)).ConfigureAwait(false);
        }
        catch (System.Net.Sockets.SocketException)
        {
            // Left by one that was killed.
            return;
        }

        throw new UsageException($"--state-dir {directory}: a host runs there already. Stop it, or give this one a directory of its own.");
    }
}
