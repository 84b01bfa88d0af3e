using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets.Kestrel;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>A running netexec: its servers, whether they are ready, and how it ends (netexec.go main, startServer).</summary>
internal sealed class NetexecServer
{
    private readonly AgnhostRun _run;
    private readonly NetexecOptions _options;
    private readonly TaskCompletionSource<int> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ended;
    private PodHttpListener? _listener;
    private int _openUdp;

    public NetexecServer(AgnhostRun run, NetexecOptions options)
    {
        _run = run;
        _options = options;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(run.Context.Namespace.Closed);
        Ended = _ended.Token;
    }

    public AgnhostRun Run => _run;

    public NetexecOptions Options => _options;

    /// <summary>Whether the UDP server runs: what /healthz says, also where there is to be none.</summary>
    public bool IsReady => Volatile.Read(ref _openUdp) > 0;

    /// <summary>Whether SIGTERM came: what /readyz says.</summary>
    public bool IsTerminating => _run.Context.Cancellation.IsCancellationRequested;

    /// <summary>Cancelled when the program has ended: what its requests still do ends too.</summary>
    public CancellationToken Ended { get; }

    /// <summary>os.Exit.</summary>
    public void Exit(int code) => _exit.TrySetResult(code & 0xFF);

    /// <summary>Stops listening, lets connections end for a time, and exits.</summary>
    public async Task ExitGracefullyAsync(int code, TimeSpan timeout)
    {
        using var patience = new CancellationTokenSource(timeout, _run.Context.Time);
        bool isDone = await _listener!.ShutdownAsync(patience.Token).ConfigureAwait(false);
        await _run.LogAsync($"Graceful shutdown completed with: {(isDone ? "<nil>" : "context deadline exceeded")}").ConfigureAwait(false);
        Exit(code);
    }

    public async Task<int> RunAsync()
    {
        var udp = new List<DatagramEndpoint>();
        var serving = new List<Task>();
        await using CancellationTokenRegistration killed = _run.Context.Namespace.Closed.Register(() => Exit(ProgramTable.KilledExitCode));
        try
        {
            if (await OpenUdpAsync(udp).ConfigureAwait(false) is { } udpError)
                return await _run.FatalAsync(udpError).ConfigureAwait(false);
            serving.AddRange(udp.Select(ServeUdpAsync));
            if (await OpenHttpAsync().ConfigureAwait(false) is { } httpError)
                return await _run.FatalAsync(httpError).ConfigureAwait(false);
            await using CancellationTokenRegistration terminated = _run.Context.Cancellation.Register(() => serving.Add(TerminateAsync()));
            return await _exit.Task.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return ProgramTable.KilledExitCode;
        }
        finally
        {
            await _ended.CancelAsync().ConfigureAwait(false);
            if (_listener is not null)
                await _listener.DisposeAsync().ConfigureAwait(false);
            foreach (DatagramEndpoint endpoint in udp)
                await endpoint.DisposeAsync().ConfigureAwait(false);
            await Task.WhenAll(serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TerminateAsync()
    {
        if (_options.DelayShutdown > TimeSpan.Zero)
        {
            await _run.LogAsync($"Sleeping {(int)_options.DelayShutdown.TotalSeconds} seconds before terminating...").ConfigureAwait(false);
            await _run.DelayAsync(_options.DelayShutdown, Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Exit(0);
    }

    private async Task<string?> OpenHttpAsync()
    {
        ProgramContext context = _run.Context;
        await _run.LogAsync($"Started HTTP server on port {_options.HttpPort}").ConfigureAwait(false);
        if (context.Http is null)
            return $"listen tcp :{_options.HttpPort}: there is no HTTP server for programs here";
        (SocketResult result, _listener) = await context.Http.ListenAsync(
            context.Namespace, context.HostName, new Ipv4Endpoint(Ipv4Address.Any, (ushort)_options.HttpPort), new NetexecHttp(this).HandleAsync).ConfigureAwait(false);
        return _listener is null ? $"listen tcp :{_options.HttpPort}: bind: {Lower(result)}" : null;
    }

    private async Task<string?> OpenUdpAsync(List<DatagramEndpoint> endpoints)
    {
        foreach (Ipv4Address address in _options.UdpPort < 0 ? [] : _options.UdpAddresses)
        {
            (SocketResult result, DatagramEndpoint? endpoint) =
                await DatagramEndpoint.OpenAsync(_run.Context.Namespace, new Ipv4Endpoint(address, (ushort)_options.UdpPort)).ConfigureAwait(false);
            string host = address.IsAny ? "" : address.ToString();
            if (endpoint is null)
                return $"Error occurred: failed to create listener for UDP address {host}:{_options.UdpPort}:listen udp {host}:{_options.UdpPort}: bind: {Lower(result)}";
            endpoints.Add(endpoint);
            Interlocked.Increment(ref _openUdp);
            await _run.LogAsync($"Started UDP server on port {host} {_options.UdpPort}").ConfigureAwait(false);
        }

        return null;
    }

    private async Task ServeUdpAsync(DatagramEndpoint endpoint)
    {
        while (true)
        {
            ReceivedDatagram datagram = await endpoint.ReceiveAsync(Ended).ConfigureAwait(false);
            if (datagram.Result == SocketResult.Closed)
                return;
            if (datagram.Result == SocketResult.Ok && await NetexecUdp.AnswerAsync(_run, datagram).ConfigureAwait(false) is { } reply)
                await endpoint.SendToAsync(reply, datagram.Sender).ConfigureAwait(false);
        }
    }

    // Go prints errno texts in lower case.
    private static string Lower(SocketResult result) => result.Describe().ToLowerInvariant();
}
