using ActorNet.Dataplane.Time;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Load;

/// <summary>Sends bytes over one connection as fast as its socket takes them, for a time, and closes it. Driven by its socket; it needs a turn only to start.</summary>
/// <param name="peer">Whom to send to.</param>
/// <param name="duration">How long, counted from the first turn.</param>
/// <param name="bytes">How much at most.</param>
public sealed class TcpLoadSender(Ipv4Endpoint peer, TimeSpan duration, long bytes = long.MaxValue) : ITurnProgram
{
    // What a program gives send(2).
    private const int WriteBytes = 128 * 1024;

    private readonly byte[] _data = new byte[WriteBytes];
    private SocketLayer? _sockets;
    private TcpSocket? _socket;
    private Instant _end;

    /// <summary>Bytes that the socket took.</summary>
    public long Sent { get; private set; }

    /// <summary>What is known of the connection at its end: retransmissions above all.</summary>
    public TcpInfo Info { get; private set; }

    /// <summary>The error that ended the load, or Ok.</summary>
    public SocketResult Failure { get; private set; }

    /// <summary>Whether the load is over; its socket is closed then.</summary>
    public bool IsFinished { get; private set; }

    /// <inheritdoc/>
    public bool Run(SocketLayer sockets, int budget)
    {
        ArgumentNullException.ThrowIfNull(sockets);
        if (_sockets is not null)
            return false;
        _sockets = sockets;
        _end = sockets.Stack.Now + duration;
        _socket = sockets.OpenTcp();
        _socket.Ready = Pump;
        SocketResult result = _socket.Connect(peer);
        if (result != SocketResult.InProgress)
            Finish(result);
        return false;
    }

    private void Pump()
    {
        SocketResult result = _socket!.TakePendingError();
        while (result == SocketResult.Ok)
        {
            if (Sent == bytes || _sockets!.Stack.Now >= _end)
            {
                Finish(SocketResult.Ok);
                return;
            }

            result = _socket.Send(_data.AsSpan(0, (int)Math.Min(_data.Length, bytes - Sent)), out int sent);
            Sent += sent;
        }

        if (result != SocketResult.WouldBlock)
            Finish(result);
    }

    private void Finish(SocketResult failure)
    {
        IsFinished = true;
        Failure = failure;
        Info = _socket!.Info;
        _socket.Close();
    }
}
