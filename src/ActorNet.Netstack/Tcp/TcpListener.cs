using System.Diagnostics.CodeAnalysis;

namespace ActorNet.Netstack;

/// <summary>
/// A listening socket: its queue of half-open connections and its queue of finished ones, both bounded by the backlog
/// (linux net/ipv4/inet_connection_sock.c). Owned by the actor that owns the namespace.
/// </summary>
public sealed class TcpListener : IReadySource
{
    private readonly TcpDemultiplexer _tcp;
    private readonly Queue<TcpSocket> _accepted = new();

    internal TcpListener(TcpDemultiplexer tcp, Ipv4Endpoint local, int backlog, TcpOptions options)
    {
        _tcp = tcp;
        Local = local;
        Backlog = backlog;
        Options = options;
    }

    /// <summary>The bound address and port.</summary>
    public Ipv4Endpoint Local { get; }

    /// <summary>How many connections may wait to be accepted; Linux lets one more in, and so does this.</summary>
    public int Backlog { get; }

    /// <summary>Options that accepted sockets inherit.</summary>
    public TcpOptions Options { get; set; }

    /// <summary>Connections that wait to be accepted (ss Recv-Q of a listener).</summary>
    public int Pending => _accepted.Count;

    /// <summary>Connections whose handshake is under way.</summary>
    public int HalfOpen { get; internal set; }

    /// <summary>Called once per turn in which connections were finished, from <see cref="SocketLayer.Poll"/>; edge-triggered.</summary>
    public Action? Ready { get; set; }

    /// <summary>Whether <see cref="Close"/> was called.</summary>
    public bool IsClosed { get; private set; }

    bool IReadySource.IsSignalled { get; set; }

    Action? IReadySource.Callback => Ready;

    /// <summary>Whether the queue of finished connections takes no more (sk_acceptq_is_full).</summary>
    internal bool IsAcceptQueueFull => _accepted.Count > Backlog;

    /// <summary>Whether the queue of half-open connections takes no more (inet_csk_reqsk_queue_is_full).</summary>
    internal bool IsRequestQueueFull => HalfOpen >= Math.Max(Backlog, 1);

    /// <summary>Takes the next finished connection, which may have been reset since.</summary>
    /// <param name="socket">The connection's socket.</param>
    /// <returns>False when none waits.</returns>
    public bool TryAccept([NotNullWhen(true)] out TcpSocket? socket) => _accepted.TryDequeue(out socket);

    /// <summary>Stops listening: what waits to be accepted and what is half-open is reset (inet_csk_listen_stop). A second call does nothing.</summary>
    public void Close()
    {
        if (IsClosed)
            return;
        IsClosed = true;
        Ready = null;
        _tcp.Remove(this);
        while (_accepted.TryDequeue(out TcpSocket? socket))
            socket.Abort();
    }

    internal void Enqueue(TcpSocket socket)
    {
        _accepted.Enqueue(socket);
        _tcp.Layer.Signal(this);
    }
}
