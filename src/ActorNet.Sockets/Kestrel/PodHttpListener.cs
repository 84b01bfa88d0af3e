using ActorNet.Netstack;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Sockets.Kestrel;

/// <summary>A listening port of one pod, served by the process's <see cref="PodHttpServer"/>.</summary>
public sealed class PodHttpListener : IAsyncDisposable
{
    private readonly TcpAcceptor _acceptor;
    private readonly Func<PodHttpListener, TcpDuplexPipe, CancellationToken, ValueTask> _offer;
    private readonly Action<PodHttpListener> _removed;
    private readonly CancellationTokenSource _stopping = new();
    private Task _accepting = Task.CompletedTask;
    private int _open;

    internal PodHttpListener(
        TcpAcceptor acceptor,
        string podName,
        RequestDelegate application,
        Func<PodHttpListener, TcpDuplexPipe, CancellationToken, ValueTask> offer,
        Action<PodHttpListener> removed)
    {
        _acceptor = acceptor;
        PodName = podName;
        Application = application;
        _offer = offer;
        _removed = removed;
    }

    /// <summary>The bound address and port.</summary>
    public Ipv4Endpoint Local => _acceptor.Local;

    /// <summary>The pod's name.</summary>
    public string PodName { get; }

    /// <summary>Connections that are open.</summary>
    public int OpenConnections => Volatile.Read(ref _open);

    internal RequestDelegate Application { get; }

    /// <summary>Stops listening. Connections that were accepted go on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
            return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _acceptor.DisposeAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        _removed(this);
        _stopping.Dispose();
    }

    internal void Start() => _accepting = AcceptAsync();

    internal void ConnectionEnded() => Interlocked.Decrement(ref _open);

    private async Task AcceptAsync()
    {
        try
        {
            while (await _acceptor.AcceptAsync(_stopping.Token).ConfigureAwait(false) is { } connection)
            {
                Interlocked.Increment(ref _open);
                await HandOnAsync(connection).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping, or the pod is gone.
        }
    }

    private async Task HandOnAsync(TcpDuplexPipe connection)
    {
        try
        {
            await _offer(this, connection, _stopping.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or System.Threading.Channels.ChannelClosedException)
        {
            connection.Abort();
            ConnectionEnded();
            throw new OperationCanceledException("The server is stopping.", e);
        }
    }
}
