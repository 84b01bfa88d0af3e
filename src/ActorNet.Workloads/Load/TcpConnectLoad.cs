using ActorNet.Dataplane.Time;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Load;

/// <summary>
/// Opens connections to a peer that closes each at once (<see cref="TcpLoadReceiver"/>), closes its end and opens the next: so many at a time, for
/// a time. Driven by its sockets; it needs a turn only to start.
/// </summary>
/// <param name="peer">Whom to connect to.</param>
/// <param name="atOnce">Connections at a time, from 1.</param>
/// <param name="duration">How long, counted from the first turn.</param>
public sealed class TcpConnectLoad(Ipv4Endpoint peer, int atOnce, TimeSpan duration) : ITurnProgram
{
    private SocketLayer? _sockets;
    private Instant _end;
    private int _open;

    /// <summary>Connections that were opened and closed.</summary>
    public long Connections { get; private set; }

    /// <summary>When the load began.</summary>
    public Instant Start { get; private set; }

    /// <summary>When the last connection was closed.</summary>
    public Instant Last { get; private set; }

    /// <summary>The error that ended the load, or Ok.</summary>
    public SocketResult Failure { get; private set; }

    /// <summary>Whether the load is over; its sockets are closed then.</summary>
    public bool IsFinished => _sockets is not null && _open == 0;

    /// <inheritdoc/>
    public bool Run(SocketLayer sockets, int budget)
    {
        ArgumentNullException.ThrowIfNull(sockets);
        if (_sockets is not null)
            return false;
        _sockets = sockets;
        Start = Last = sockets.Stack.Now;
        _end = Start + duration;
        for (int i = 0; i < atOnce; i++)
            OpenNext();
        return false;
    }

    private void OpenNext()
    {
        if (Failure != SocketResult.Ok || _sockets!.Stack.Now >= _end)
            return;
        TcpSocket socket = _sockets.OpenTcp();
        socket.Ready = () => OnReady(socket);
        _open++;
        SocketResult result = socket.Connect(peer);
        if (result != SocketResult.InProgress)
            End(socket, result);
    }

    private void OnReady(TcpSocket socket)
    {
        SocketResult error = socket.TakePendingError();
        if (error != SocketResult.Ok)
            End(socket, error);
        else if (socket.IsEndOfStream)
            End(socket, SocketResult.Ok);
    }

    private void End(TcpSocket socket, SocketResult result)
    {
        socket.Close();
        _open--;
        if (result != SocketResult.Ok)
        {
            Failure = result;
            return;
        }

        Connections++;
        Last = _sockets!.Stack.Now;
        OpenNext();
    }
}
