using ActorNet.Dataplane.Time;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Load;

/// <summary>
/// Accepts connections at a port, copies out and counts what arrives, and closes each when its peer does. It says nothing itself, so the peer's
/// close ends a connection; with <c>closeAtOnce</c> it closes each as it comes. Driven by its sockets; it needs a turn only to start.
/// </summary>
/// <param name="local">Where to listen.</param>
/// <param name="closeAtOnce">Whether connections are closed as they are accepted.</param>
public sealed class TcpLoadReceiver(Ipv4Endpoint local, bool closeAtOnce = false) : ITurnProgram
{
    // What a program gives recv(2).
    private const int ReadBytes = 128 * 1024;
    private const int Backlog = 256;

    private readonly byte[] _buffer = new byte[ReadBytes];
    private TcpListener? _listener;
    private SocketLayer? _sockets;

    /// <summary>Connections accepted.</summary>
    public long Connections { get; private set; }

    /// <summary>Bytes received.</summary>
    public long Bytes { get; private set; }

    /// <summary>When the first bytes were read; meaningless while there are none.</summary>
    public Instant First { get; private set; }

    /// <summary>When the last bytes were read.</summary>
    public Instant Last { get; private set; }

    /// <summary>Why it could not listen, or Ok.</summary>
    public SocketResult Failure { get; private set; }

    /// <inheritdoc/>
    public bool Run(SocketLayer sockets, int budget)
    {
        ArgumentNullException.ThrowIfNull(sockets);
        if (_sockets is not null)
            return false;
        _sockets = sockets;
        Failure = sockets.ListenTcp(local, Backlog, new TcpOptions { ReuseAddress = true }, out _listener);
        if (_listener is not null)
            _listener.Ready = Accept;
        return false;
    }

    /// <summary>Stops listening. Connections that stand end with their peers.</summary>
    public void Stop() => _listener?.Close();

    private void Accept()
    {
        while (_listener!.TryAccept(out TcpSocket? socket))
        {
            Connections++;
            if (closeAtOnce)
            {
                socket.Close();
                continue;
            }

            TcpSocket accepted = socket;
            accepted.Ready = () => Drain(accepted);
            Drain(accepted);
        }
    }

    private void Drain(TcpSocket socket)
    {
        long before = Bytes;
        SocketResult result;
        int received;
        while ((result = socket.Receive(_buffer, out received)) == SocketResult.Ok && received > 0)
            Bytes += received;
        if (Bytes != before)
        {
            Last = _sockets!.Stack.Now;
            if (before == 0)
                First = Last;
        }

        if (result != SocketResult.WouldBlock)
            socket.Close();
    }
}
