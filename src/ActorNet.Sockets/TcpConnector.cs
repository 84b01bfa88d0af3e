using ActorNet.Netstack;

namespace ActorNet.Sockets;

/// <summary>Opens connections from a namespace.</summary>
public static class TcpConnector
{
    /// <summary>Connects.</summary>
    /// <param name="executor">The door to the namespace.</param>
    /// <param name="remote">The peer.</param>
    /// <param name="options">Socket options, or null for the defaults.</param>
    /// <param name="local">What to bind; null leaves address and port to the route and to chance.</param>
    /// <param name="cancellationToken">Gives up; the attempt ends at once.</param>
    /// <returns>The result, and the connection when it is Ok.</returns>
    /// <exception cref="OperationCanceledException">Given up, or the namespace is gone.</exception>
    public static Task<(SocketResult Result, TcpDuplexPipe? Connection)> ConnectAsync(
        INamespaceExecutor executor, Ipv4Endpoint remote, TcpOptions? options = null, Ipv4Endpoint? local = null, CancellationToken cancellationToken = default) =>
        ConnectAsync(executor, remote, (_, socket) => TcpDuplexPipe.Attach(executor, socket), options, local, cancellationToken);

    /// <summary>Connects, for a user that works in the owner's turns itself.</summary>
    /// <param name="executor">The door to the namespace.</param>
    /// <param name="remote">The peer.</param>
    /// <param name="adopt">Takes the connected socket over, in a turn of the owner.</param>
    /// <param name="options">Socket options, or null for the defaults.</param>
    /// <param name="local">What to bind; null leaves address and port to the route and to chance.</param>
    /// <param name="cancellationToken">Gives up; the attempt ends at once.</param>
    /// <returns>The result, and what <paramref name="adopt"/> made when it is Ok.</returns>
    /// <exception cref="OperationCanceledException">Given up, or the namespace is gone.</exception>
    public static async Task<(SocketResult Result, T? Connection)> ConnectAsync<T>(
        INamespaceExecutor executor, Ipv4Endpoint remote, Func<SocketLayer, TcpSocket, T> adopt, TcpOptions? options = null, Ipv4Endpoint? local = null,
        CancellationToken cancellationToken = default)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(executor);
        ArgumentNullException.ThrowIfNull(adopt);
        cancellationToken.ThrowIfCancellationRequested();
        var attempt = new Attempt<T>(adopt);
        executor.Post(sockets => attempt.Start(sockets, remote, options, local));
        await using CancellationTokenRegistration killed = executor.CloseWhenKilled(() => attempt.GiveUp(executor.Closed));
        await using CancellationTokenRegistration cancelled = cancellationToken.UnsafeRegister(_ => executor.Post(_ => attempt.GiveUp(cancellationToken)), null);
        return await attempt.Outcome.WaitAsync(executor.Closed).ConfigureAwait(false);
    }

    /// <summary>Connects, and throws when that fails.</summary>
    /// <param name="executor">The door to the namespace.</param>
    /// <param name="remote">The peer.</param>
    /// <param name="options">Socket options, or null for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="System.Net.Sockets.SocketException">It failed; the code says why.</exception>
    public static async Task<TcpStream> OpenStreamAsync(
        INamespaceExecutor executor, Ipv4Endpoint remote, TcpOptions? options = null, CancellationToken cancellationToken = default)
    {
        (SocketResult result, TcpDuplexPipe? connection) =
            await ConnectAsync(executor, remote, options, null, cancellationToken).ConfigureAwait(false);
        return connection is not null ? new TcpStream(connection) : throw SocketErrors.ToException(result, $"connect to {remote}");
    }

    /// <summary>One attempt; its methods run in the owner's turns.</summary>
    private sealed class Attempt<T>(Func<SocketLayer, TcpSocket, T> adopt)
        where T : class
    {
        private readonly TaskCompletionSource<(SocketResult, T?)> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TcpSocket? _socket;
        private SocketLayer? _sockets;

        public Task<(SocketResult Result, T? Connection)> Outcome => _outcome.Task;

        public void Start(SocketLayer sockets, Ipv4Endpoint remote, TcpOptions? options, Ipv4Endpoint? local)
        {
            if (_outcome.Task.IsCompleted)
                return;
            _sockets = sockets;
            _socket = sockets.OpenTcp(options);
            _socket.Ready = OnReady;
            SocketResult result = local is { } bound ? _socket.Bind(bound) : SocketResult.Ok;
            if (result == SocketResult.Ok)
                result = _socket.Connect(remote);
            if (result == SocketResult.InProgress)
                OnReady();
            else
                Fail(result);
        }

        public void GiveUp(CancellationToken token)
        {
            if (_outcome.TrySetCanceled(token))
                _socket?.Abort();
        }

        private void OnReady()
        {
            if (_socket!.State is TcpState.SynSent or TcpState.SynReceived)
                return;
            SocketResult error = _socket.TakePendingError();
            if (error != SocketResult.Ok || _socket.State == TcpState.Closed)
                Fail(error == SocketResult.Ok ? SocketResult.ConnectionAborted : error);
            else
                Adopt();
        }

        private void Adopt()
        {
            _socket!.Ready = null;
            _outcome.TrySetResult((SocketResult.Ok, adopt(_sockets!, _socket)));
        }

        private void Fail(SocketResult result)
        {
            _socket!.Abort();
            _outcome.TrySetResult((result, null));
        }
    }
}
