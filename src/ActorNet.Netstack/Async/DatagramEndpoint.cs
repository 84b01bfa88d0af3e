namespace ActorNet.Netstack;

/// <summary>A datagram brought out of its namespace.</summary>
/// <param name="Result">Ok, or the error that the socket reported instead of a datagram.</param>
/// <param name="Data">The data.</param>
/// <param name="Sender">Who sent it.</param>
public readonly record struct ReceivedDatagram(SocketResult Result, byte[] Data, Ipv4Endpoint Sender);

/// <summary>
/// A UDP socket for ordinary tasks. What nobody has asked for stays in the socket's receive buffer, which is bounded; nothing queues here.
/// </summary>
public sealed class DatagramEndpoint : IAsyncDisposable
{
    private readonly INamespaceExecutor _executor;
    private readonly UdpSocket _socket;
    private readonly ReadinessGate _gate;
    private readonly CancellationTokenRegistration _killed;

    private DatagramEndpoint(INamespaceExecutor executor, UdpSocket socket, ReadinessGate gate, Ipv4Endpoint local)
    {
        _executor = executor;
        _socket = socket;
        _gate = gate;
        Local = local;
        _killed = executor.CloseWhenKilled(Close);
    }

    /// <summary>The bound address and port, as they were after opening.</summary>
    public Ipv4Endpoint Local { get; }

    /// <summary>Opens, binds and, when asked, connects a socket.</summary>
    /// <param name="executor">The namespace's door.</param>
    /// <param name="local">What to bind; port 0 has one chosen.</param>
    /// <param name="remote">The peer to connect to, or null.</param>
    /// <param name="configure">Sets the fresh socket's options, in a turn of the owner; null leaves the defaults.</param>
    /// <returns>The result, and the endpoint when it is Ok.</returns>
    public static Task<(SocketResult Result, DatagramEndpoint? Endpoint)> OpenAsync(
        INamespaceExecutor executor, Ipv4Endpoint local, Ipv4Endpoint? remote = null, Action<UdpSocket>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(executor);
        return executor.RunAsync<(SocketResult, DatagramEndpoint?)>(sockets =>
        {
            UdpSocket socket = sockets.OpenUdp();
            configure?.Invoke(socket);
            var gate = new ReadinessGate();
            socket.Readable = gate.Open;
            SocketResult result = socket.Bind(local);
            if (result == SocketResult.Ok && remote is { } peer)
                result = socket.Connect(peer);
            if (result == SocketResult.Ok)
                return (result, new DatagramEndpoint(executor, socket, gate, socket.Local));
            socket.Close();
            return (result, null);
        });
    }

    /// <summary>Sends a datagram to the connected peer.</summary>
    /// <param name="data">The data; not to be changed until the task ends.</param>
    public Task<SocketResult> SendAsync(ReadOnlyMemory<byte> data) => _executor.RunAsync(_ => _socket.Send(data.Span));

    /// <summary>Sends a datagram.</summary>
    /// <param name="data">The data; not to be changed until the task ends.</param>
    /// <param name="destination">Where to.</param>
    public Task<SocketResult> SendToAsync(ReadOnlyMemory<byte> data, Ipv4Endpoint destination) =>
        _executor.RunAsync(_ => _socket.SendTo(data.Span, destination));

    /// <summary>Waits for a datagram or a reported error.</summary>
    /// <param name="cancellation">Gives up; no datagram is lost by it.</param>
    /// <exception cref="OperationCanceledException">Given up, or the namespace is gone.</exception>
    public async Task<ReceivedDatagram> ReceiveAsync(CancellationToken cancellation = default)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            (ReceivedDatagram datagram, Task? ready) = await _executor.RunAsync(_ => TryReceive()).ConfigureAwait(false);
            if (ready is null)
                return datagram;
            await WaitAsync(ready, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Closes the socket.</summary>
    public ValueTask DisposeAsync()
    {
        _killed.Unregister();
        if (!_executor.Gone.IsCancellationRequested)
            _executor.Post(_ => Close());
        return ValueTask.CompletedTask;
    }

    private void Close()
    {
        _socket.Close();
        _gate.Open();
    }

    private async Task WaitAsync(Task ready, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _executor.Closed);
        await ready.WaitAsync(either.Token).ConfigureAwait(false);
    }

    private (ReceivedDatagram Datagram, Task? Ready) TryReceive()
    {
        SocketResult error = _socket.IsClosed ? SocketResult.Closed : _socket.TakePendingError();
        if (error != SocketResult.Ok)
            return (new ReceivedDatagram(error, [], default), null);
        if (!_socket.TryDequeue(out Dataplane.Frames.Frame frame, out DatagramInfo info))
            return (default, _gate.Arm());
        byte[] data = frame.Span.ToArray();
        _socket.Frames.Release(ref frame);
        return (new ReceivedDatagram(SocketResult.Ok, data, info.Sender), null);
    }
}
