using ActorNet.Netstack;

namespace ActorNet.Sockets;

/// <summary>A listening socket for ordinary tasks. Connections that nobody has asked for wait in the listener's backlog, which is bounded.</summary>
public sealed class TcpAcceptor : IAsyncDisposable
{
    private readonly INamespaceExecutor _executor;
    private readonly TcpListener _listener;
    private readonly CancellationTokenRegistration _killed;
    private TaskCompletionSource? _waiting;

    private TcpAcceptor(INamespaceExecutor executor, TcpListener listener)
    {
        _executor = executor;
        _listener = listener;
        Local = listener.Local;
        _killed = executor.CloseWhenKilled(CloseListener);
    }

    /// <summary>The bound address and port.</summary>
    public Ipv4Endpoint Local { get; }

    /// <summary>Listens.</summary>
    /// <param name="executor">The door to the namespace.</param>
    /// <param name="local">What to bind; port 0 has one chosen.</param>
    /// <param name="backlog">Connections that may wait.</param>
    /// <param name="options">Options that accepted sockets inherit, or null for the defaults.</param>
    /// <returns>The result, and the acceptor when it is Ok.</returns>
    /// <exception cref="OperationCanceledException">The namespace is gone.</exception>
    public static Task<(SocketResult Result, TcpAcceptor? Acceptor)> ListenAsync(
        INamespaceExecutor executor, Ipv4Endpoint local, int backlog = 512, TcpOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(executor);
        return executor.RunAsync<(SocketResult, TcpAcceptor?)>(sockets =>
        {
            SocketResult result = sockets.ListenTcp(local, backlog, options, out TcpListener? listener);
            if (listener is null)
                return (result, null);
            var acceptor = new TcpAcceptor(executor, listener);
            listener.Ready = acceptor.Wake;
            return (result, acceptor);
        });
    }

    /// <summary>Waits for a connection. One caller at a time.</summary>
    /// <param name="cancellationToken">Gives up; no connection is lost by it.</param>
    /// <returns>The connection, or null when the acceptor was closed.</returns>
    /// <exception cref="OperationCanceledException">Given up, or the namespace is gone.</exception>
    public Task<TcpDuplexPipe?> AcceptAsync(CancellationToken cancellationToken = default) =>
        AcceptAsync(readsAhead: false, cancellationToken);

    /// <summary>Waits for a connection. One caller at a time.</summary>
    /// <param name="readsAhead">What <see cref="TcpDuplexPipe.Attach"/> says of it.</param>
    /// <param name="cancellationToken">Gives up; no connection is lost by it.</param>
    /// <returns>The connection, or null when the acceptor was closed.</returns>
    /// <exception cref="OperationCanceledException">Given up, or the namespace is gone.</exception>
    public Task<TcpDuplexPipe?> AcceptAsync(bool readsAhead, CancellationToken cancellationToken = default) =>
        AcceptAsync((_, socket) => TcpDuplexPipe.Attach(_executor, socket, readsAhead), cancellationToken);

    /// <summary>Waits for a connection, for a user that works in the owner's turns itself. One caller at a time.</summary>
    /// <param name="adopt">Takes the accepted socket over, in a turn of the owner.</param>
    /// <param name="cancellationToken">Gives up; no connection is lost by it.</param>
    /// <returns>What <paramref name="adopt"/> made, or null when the acceptor was closed.</returns>
    /// <exception cref="OperationCanceledException">Given up, or the namespace is gone.</exception>
    public async Task<T?> AcceptAsync<T>(Func<SocketLayer, TcpSocket, T> adopt, CancellationToken cancellationToken = default)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(adopt);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (T? connection, Task? more) = await _executor.RunAsync(sockets => TryAccept(sockets, adopt)).ConfigureAwait(false);
            if (more is null)
                return connection;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _executor.Closed);
            await more.WaitAsync(either.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Stops listening; connections that wait are reset.</summary>
    public async ValueTask DisposeAsync()
    {
        _killed.Unregister();
        if (_executor.Gone.IsCancellationRequested)
            return;
        try
        {
            await _executor.RunAsync(_ =>
            {
                CloseListener();
                return true;
            }).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The namespace went, and the listener with it; or the program was killed, and the owner closes it in a turn to come.
        }
    }

    private (T? Connection, Task? More) TryAccept<T>(SocketLayer sockets, Func<SocketLayer, TcpSocket, T> adopt)
        where T : class
    {
        if (_listener.TryAccept(out TcpSocket? socket))
            return (adopt(sockets, socket), null);
        return (null, _listener.IsClosed ? null : (_waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task);
    }

    private void CloseListener()
    {
        _listener.Close();
        Wake();
    }

    private void Wake()
    {
        _waiting?.TrySetResult();
        _waiting = null;
    }
}
