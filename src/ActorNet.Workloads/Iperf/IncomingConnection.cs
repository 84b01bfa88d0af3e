using ActorNet.Netstack;

namespace ActorNet.Workloads.Iperf;

/// <summary>A connection that has yet to say by its cookie what it is. Made and driven in the owner's turns.</summary>
internal sealed class IncomingConnection
{
    private readonly TaskCompletionSource<string?> _cookie = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _bytes = new byte[Cookie.Length];
    private int _count;

    public IncomingConnection(SocketLayer sockets, TcpSocket socket)
    {
        Sockets = sockets;
        Socket = socket;
        socket.Ready = OnReady;
        OnReady();
    }

    public SocketLayer Sockets { get; }

    public TcpSocket Socket { get; }

    /// <summary>The cookie, or null when the connection ended before.</summary>
    public Task<string?> Identified => _cookie.Task;

    private void OnReady()
    {
        SocketResult result = SocketResult.WouldBlock;
        int received = 0;
        while (_count < _bytes.Length && (result = Socket.Receive(_bytes.AsSpan(_count), out received)) == SocketResult.Ok && received > 0)
            _count += received;
        if (_count == _bytes.Length)
            End(Cookie.FromBytes(_bytes));
        else if (result != SocketResult.WouldBlock)
            End(null);
    }

    private void End(string? cookie)
    {
        Socket.Ready = null;
        _cookie.TrySetResult(cookie);
    }
}
