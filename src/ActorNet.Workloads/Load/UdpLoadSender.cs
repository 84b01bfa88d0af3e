using ActorNet.Dataplane.Time;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Load;

/// <summary>
/// Sends datagrams of one size to one peer as fast as the namespace takes them. It sends only within the budget of a turn and stops for the
/// turn at the first refusal, so that what is under way is bounded by the link's window.
/// </summary>
public sealed class UdpLoadSender : ITurnProgram
{
    private readonly Ipv4Endpoint _peer;
    private readonly byte[] _data;
    private readonly long _count;
    private readonly TimeSpan _duration;
    private UdpSocket? _socket;
    private DatagramTemplate? _template;
    private Instant _start;

    /// <summary>Makes a sender.</summary>
    /// <param name="peer">Whom to send to.</param>
    /// <param name="dataLength">Data bytes of each datagram, 0 to 65,507.</param>
    /// <param name="count">Datagrams to send, or 0 for no bound.</param>
    /// <param name="duration">How long to send, counted from the first turn, or zero for no bound.</param>
    public UdpLoadSender(Ipv4Endpoint peer, int dataLength = 64, long count = 0, TimeSpan duration = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(dataLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dataLength, DatagramSocket.MaxPayload);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _peer = peer;
        _data = new byte[dataLength];
        _count = count;
        _duration = duration;
    }

    /// <summary>Datagrams handed to the namespace.</summary>
    public long Sent { get; private set; }

    /// <summary>Turns that ended at a refusal, of memory for instance.</summary>
    public long Refusals { get; private set; }

    /// <summary>The error that ended the load, or Ok.</summary>
    public SocketResult Failure { get; private set; }

    /// <summary>Whether the load is over; its socket is closed then.</summary>
    public bool IsFinished { get; private set; }

    /// <inheritdoc/>
    public bool Run(SocketLayer sockets, int budget)
    {
        ArgumentNullException.ThrowIfNull(sockets);
        if (IsFinished)
            return false;
        if (_template is null && !TryStart(sockets))
            return false;
        if (_duration > TimeSpan.Zero && sockets.Stack.Now - _start >= _duration)
            return Finish(SocketResult.Ok);
        long wanted = _count == 0 ? budget : Math.Min(budget, _count - Sent);
        if (wanted > 0)
        {
            SocketResult result = _socket!.SendMany(_template!, (int)wanted, out int sent);
            Sent += sent;
            if (result == SocketResult.NoBuffers)
                Refusals++;
            else if (result is not (SocketResult.Ok or SocketResult.ConnectionRefused))
                return Finish(result);
        }

        return _count == 0 || Sent < _count || Finish(SocketResult.Ok);
    }

    /// <summary>Ends the load before its time.</summary>
    public void Stop() => Finish(SocketResult.Ok);

    private bool TryStart(SocketLayer sockets)
    {
        _start = sockets.Stack.Now;
        _socket = sockets.OpenUdp();
        SocketResult result = _socket.Connect(_peer);
        if (result == SocketResult.Ok)
            result = _socket.CreateTemplate(_data, _peer, out _template);
        return result == SocketResult.Ok || Finish(result);
    }

    private bool Finish(SocketResult failure)
    {
        if (IsFinished)
            return false;
        IsFinished = true;
        Failure = failure;
        _socket?.Close();
        return false;
    }
}
