using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>
/// A stream socket with the behaviour of Linux's (linux net/ipv4/tcp.c). What is sent leaves at the end of the owner's turn, in
/// <see cref="SocketLayer.Poll"/>. Owned by the actor that owns the namespace; nothing here is thread-safe.
/// </summary>
public sealed class TcpSocket : IReadySource
{
    private readonly SocketLayer _layer;
    private readonly TcpDemultiplexer _tcp;
    private TcpOptions _options;
    private TcpConnection? _connection;
    private Ipv4Endpoint _bound;
    private SocketResult _pendingError;

    internal TcpSocket(SocketLayer layer, TcpDemultiplexer tcp, TcpOptions options)
    {
        _layer = layer;
        _tcp = tcp;
        _options = options;
    }

    /// <summary>The bound address and port; port 0 before bind and connect.</summary>
    public Ipv4Endpoint Local => _connection?.Local ?? _bound;

    /// <summary>The peer; port 0 before a connect.</summary>
    public Ipv4Endpoint Remote => _connection?.Remote ?? default;

    /// <summary>The connection's state.</summary>
    public TcpState State => _connection?.State ?? TcpState.Closed;

    /// <summary>
    /// Called once per turn in which the socket became readable, writable or connected, or an error came, from
    /// <see cref="SocketLayer.Poll"/>. Edge-triggered as EPOLLET: set it first, then look. Writable is told when a third of the send buffer
    /// is free after <see cref="Send"/> found no room (sk_stream_is_writeable).
    /// </summary>
    public Action? Ready { get; set; }

    /// <summary>The options; assign changed ones with a `with` expression. They take effect at once.</summary>
    public TcpOptions Options
    {
        get => _options;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _options = value;
            _connection?.OptionsChanged(value);
        }
    }

    /// <summary>Whether <see cref="Close"/> or <see cref="Abort"/> was called.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Bytes that can be read now (FIONREAD).</summary>
    public int Available => _connection?.Available ?? 0;

    /// <summary>Whether the peer finished and everything was read.</summary>
    public bool IsEndOfStream => _connection?.IsEndOfStream ?? false;

    /// <summary>Bytes that <see cref="Send"/> would take now.</summary>
    public int SendRoom => _connection?.SendRoom ?? 0;

    /// <summary>Bytes sent or queued that the peer has not acknowledged (SIOCOUTQ).</summary>
    public int Unacknowledged => _connection?.SendQueueLength ?? 0;

    /// <summary>What ss -i shows.</summary>
    public TcpInfo Info => _connection?.Info ?? default;

    bool IReadySource.IsSignalled { get; set; }

    Action? IReadySource.Callback => Ready;

    /// <summary>Binds to a local address and port.</summary>
    /// <param name="local">0.0.0.0 or an address of the namespace; port 0 has one chosen, at connect.</param>
    /// <returns><see cref="SocketResult.AddressInUse"/>, <see cref="SocketResult.AddressNotAvailable"/>, <see cref="SocketResult.InvalidArgument"/> for a second bind.</returns>
    public SocketResult Bind(Ipv4Endpoint local)
    {
        if (IsClosed)
            return SocketResult.Closed;
        if (_connection is not null || _bound.Port != 0)
            return SocketResult.InvalidArgument;
        if (!local.Address.IsAny && !_layer.Stack.IsLocal(local.Address))
            return SocketResult.AddressNotAvailable;
        SocketResult result = local.Port == 0 ? SocketResult.Ok : _tcp.BindPort(local, _options.ReuseAddress);
        if (result == SocketResult.Ok)
            _bound = local;
        return result;
    }

    /// <summary>Opens a connection. Binds when not bound.</summary>
    /// <param name="remote">The peer; 0.0.0.0 means this namespace itself.</param>
    /// <returns>
    /// <see cref="SocketResult.InProgress"/>; <see cref="Ready"/> is called when the handshake ended, and <see cref="TakePendingError"/> tells
    /// how: Ok, ConnectionRefused, TimedOut, HostUnreachable, NetworkUnreachable. A second call answers as connect(2) does.
    /// </returns>
    public SocketResult Connect(Ipv4Endpoint remote)
    {
        if (IsClosed)
            return SocketResult.Closed;
        if (_connection is { State: TcpState.SynSent or TcpState.SynReceived })
            return SocketResult.AlreadyInProgress;
        if (_connection is { State: not TcpState.Closed })
            return SocketResult.AlreadyConnected;
        SocketResult error = TakePendingError();
        if (error != SocketResult.Ok)
            return error;
        if (remote.Port == 0)
            return SocketResult.InvalidArgument;
        if (remote.Address.IsAny)
            remote = remote with { Address = Ipv4Address.Loopback };
        if (remote.Address.IsMulticast || remote.Address.IsLimitedBroadcast)
            return SocketResult.NetworkUnreachable;
        return _tcp.Connect(this, _bound, remote, out _connection);
    }

    /// <summary>Queues data to be sent.</summary>
    /// <param name="data">The data; as much as there is room for is copied.</param>
    /// <param name="sent">How much that was.</param>
    /// <returns>Ok when at least a byte was taken; <see cref="SocketResult.WouldBlock"/> without room or before the connection stands; the pending error once; then BrokenPipe.</returns>
    public SocketResult Send(ReadOnlySpan<byte> data, out int sent)
    {
        sent = 0;
        if (IsClosed)
            return SocketResult.Closed;
        SocketResult error = TakePendingError();
        if (error != SocketResult.Ok)
            return error;
        return _connection is null ? SocketResult.BrokenPipe : _connection.Send(data, out sent);
    }

    /// <summary>Copies received data out.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="received">How much; 0 with Ok is the end of the stream.</param>
    /// <returns><see cref="SocketResult.WouldBlock"/> when nothing waits; a pending error once, after what was received before it.</returns>
    public SocketResult Receive(Span<byte> buffer, out int received)
    {
        received = 0;
        if (IsClosed)
            return SocketResult.Closed;
        if (_connection is null)
            return SocketResult.NotConnected;
        received = _connection.Receive(buffer);
        if (received > 0)
            return SocketResult.Ok;
        SocketResult error = TakePendingError();
        if (error != SocketResult.Ok)
            return error;
        // A reset connection answers its error once and end of stream from then on (tcp_recvmsg_locked).
        bool ended = _connection.IsEndOfStream || _connection.State == TcpState.Closed;
        return ended || buffer.IsEmpty ? SocketResult.Ok : SocketResult.WouldBlock;
    }

    /// <summary>The first piece of the received data where it lies, without copying; empty when nothing waits. Valid until the next call on the socket.</summary>
    public ReadOnlySpan<byte> Peek() => _connection is null ? default : _connection.Peek();

    /// <summary>Removes received data that was looked at with <see cref="Peek"/>.</summary>
    /// <param name="bytes">How much; at most <see cref="Available"/>.</param>
    public void Consume(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Available);
        _connection?.Consume(bytes);
    }

    /// <summary>Ends sending: a FIN goes out behind the queued data (SHUT_WR).</summary>
    /// <returns><see cref="SocketResult.NotConnected"/> without a connection.</returns>
    public SocketResult ShutdownSend()
    {
        if (IsClosed)
            return SocketResult.Closed;
        if (_connection is null or { State: TcpState.Closed or TcpState.SynSent })
            return SocketResult.NotConnected;
        _connection.ShutdownSend();
        return SocketResult.Ok;
    }

    /// <summary>Ends receiving (SHUT_RD): nothing is said to the peer; reading answers end of stream once the queue is empty.</summary>
    /// <returns><see cref="SocketResult.NotConnected"/> without a connection.</returns>
    public SocketResult ShutdownReceive()
    {
        if (IsClosed)
            return SocketResult.Closed;
        if (_connection is null or { State: TcpState.Closed or TcpState.SynSent })
            return SocketResult.NotConnected;
        _connection.ShutdownReceive();
        return SocketResult.Ok;
    }

    /// <summary>
    /// Gives the socket up. What is queued is still sent and the connection ends in the background; with unread data, or a zero
    /// <see cref="TcpOptions.Linger"/>, it is reset instead (RFC 2525 2.17, tcp_close). A second call does nothing.
    /// </summary>
    /// <param name="unread">Whether what the caller took out of the socket for its user was not read either.</param>
    public void Close(bool unread = false) => End(abort: false, unread);

    /// <summary>Gives the socket up and resets the connection (RFC 9293, 3.10.5).</summary>
    public void Abort() => End(abort: true, unread: false);

    /// <summary>Takes the pending error (SO_ERROR).</summary>
    public SocketResult TakePendingError()
    {
        SocketResult error = _pendingError;
        _pendingError = SocketResult.Ok;
        return error;
    }

    internal void Adopt(TcpConnection connection) => _connection = connection;

    internal void Signal() => _layer.Signal(this);

    internal void ReportError(SocketResult error)
    {
        _pendingError = error;
        _layer.Signal(this);
    }

    private void End(bool abort, bool unread)
    {
        if (IsClosed)
            return;
        IsClosed = true;
        Ready = null;
        if (_bound.Port != 0)
            _tcp.ReleasePort(_bound);
        if (_connection is null)
            return;
        if (abort)
            _connection.Abort();
        else
            _connection.Close(unread);
    }
}
