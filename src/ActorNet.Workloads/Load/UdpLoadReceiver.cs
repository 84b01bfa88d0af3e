using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Load;

/// <summary>Counts the datagrams that arrive at a port, without copying them. Driven by its socket; it needs a turn only to start.</summary>
/// <param name="local">Where to listen.</param>
public sealed class UdpLoadReceiver(Ipv4Endpoint local) : ITurnProgram
{
    private UdpSocket? _socket;
    private SocketLayer? _sockets;

    /// <summary>Datagrams received.</summary>
    public long Datagrams { get; private set; }

    /// <summary>Their data bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>Datagrams that the full receive buffer refused.</summary>
    public long Dropped => _socket?.Drops[DropReason.SocketBufferFull] ?? 0;

    /// <summary>When the first was counted; meaningless while there is none.</summary>
    public Instant First { get; private set; }

    /// <summary>When the last was counted.</summary>
    public Instant Last { get; private set; }

    /// <summary>Why it could not listen, or Ok.</summary>
    public SocketResult Failure { get; private set; }

    /// <inheritdoc/>
    public bool Run(SocketLayer sockets, int budget)
    {
        ArgumentNullException.ThrowIfNull(sockets);
        if (_socket is not null)
            return false;
        _sockets = sockets;
        _socket = sockets.OpenUdp();
        _socket.Readable = Drain;
        Failure = _socket.Bind(local);
        if (Failure != SocketResult.Ok)
            _socket.Close();
        return false;
    }

    /// <summary>Stops listening.</summary>
    public void Stop() => _socket?.Close();

    // One look at the clock for a whole run of datagrams.
    private void Drain()
    {
        UdpSocket socket = _socket!;
        long before = Datagrams;
        while (socket.TryDequeue(out Frame frame, out DatagramInfo info))
        {
            Datagrams++;
            Bytes += info.Length;
            socket.Frames.Release(ref frame);
        }

        if (Datagrams == before)
            return;
        Last = _sockets!.Stack.Now;
        if (before == 0)
            First = Last;
    }
}
