using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;

namespace ActorNet.Cli.Host;

/// <summary>
/// The API's port in the node's root namespace: what pods and nodes send there goes on to this host's own front, byte for byte, so that TLS is
/// between the two ends. A connection costs two buffers; beyond a bound new ones are reset.
/// </summary>
internal sealed class NodeApiPort : IAsyncDisposable
{
    private const int MaxConnections = 2048, BufferSize = 16 * 1024;

    private readonly TcpAcceptor _acceptor;
    private readonly IPEndPoint _front;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly Task _accepting;

    private NodeApiPort(TcpAcceptor acceptor, IPEndPoint front)
    {
        (_acceptor, _front) = (acceptor, front);
        _accepting = AcceptAsync();
    }

    /// <summary>Connections that were reset because there were too many.</summary>
    public long Refused { get; private set; }

    /// <summary>Listens.</summary>
    /// <param name="root">The node's root namespace.</param>
    /// <param name="port">The port there.</param>
    /// <param name="front">The host's front.</param>
    /// <exception cref="UsageException">The port is taken.</exception>
    public static async Task<NodeApiPort> StartAsync(INamespaceExecutor root, ushort port, Uri front)
    {
        (SocketResult result, TcpAcceptor? acceptor) = await TcpAcceptor.ListenAsync(root, new Ipv4Endpoint(Ipv4Address.Any, port)).ConfigureAwait(false);
        return acceptor is null
            ? throw new UsageException($"the API cannot listen on port {port} of the node's namespace: {result.Describe()}")
            : new NodeApiPort(acceptor, new IPEndPoint(IPAddress.Parse(front.Host), front.Port));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _acceptor.DisposeAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(_connections.Keys).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (await _acceptor.AcceptAsync(_stop.Token).ConfigureAwait(false) is { } connection)
            {
                if (_connections.Count >= MaxConnections)
                {
                    Refused++;
                    connection.Abort();
                    continue;
                }

                Task pumping = PumpAsync(connection);
                _connections[pumping] = 0;
                _ = pumping.ContinueWith(done => _connections.TryRemove(done, out _), TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task PumpAsync(TcpDuplexPipe connection)
    {
        var inner = new TcpStream(connection);
        using var outer = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        bool isWhole = false;
        try
        {
            await outer.ConnectAsync(_front, broken.Token).ConfigureAwait(false);
            using var stream = new NetworkStream(outer, ownsSocket: false);
            await Task.WhenAll(
                CopyAsync(inner, stream, () => EndAsync(outer), broken),
                CopyAsync(stream, inner, inner.ShutdownSendAsync, broken)).ConfigureAwait(false);
            isWhole = true;
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Either end broke, or the host stops: the other is told below.
        }
        finally
        {
            if (!isWhole)
                inner.Abort();
            await inner.DisposeAsync().ConfigureAwait(false);
        }
    }

    // The end of one direction goes on as such; what breaks ends both.
    private static async Task CopyAsync(Stream from, Stream to, Func<ValueTask> end, CancellationTokenSource broken)
    {
        try
        {
            byte[] buffer = new byte[BufferSize];
            int read;
            while ((read = await from.ReadAsync(buffer, broken.Token).ConfigureAwait(false)) > 0)
                await to.WriteAsync(buffer.AsMemory(0, read), broken.Token).ConfigureAwait(false);
            await end().ConfigureAwait(false);
        }
        catch
        {
            await broken.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static ValueTask EndAsync(Socket socket)
    {
        socket.Shutdown(SocketShutdown.Send);
        return ValueTask.CompletedTask;
    }
}
