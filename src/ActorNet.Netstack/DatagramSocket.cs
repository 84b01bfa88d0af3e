using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>Path MTU discovery of a socket (IP_MTU_DISCOVER).</summary>
public enum PathMtuDiscovery : byte
{
    /// <summary>IP_PMTUDISC_DONT: never DF; too big is fragmented.</summary>
    Dont,

    /// <summary>IP_PMTUDISC_WANT, Linux's default: DF on what fits the path MTU; what does not is fragmented without DF.</summary>
    Want,

    /// <summary>IP_PMTUDISC_DO: always DF; too big is <see cref="SocketResult.MessageTooLong"/>.</summary>
    Do,
}

/// <summary>
/// What datagram sockets have in common: receive queue, error queue, options. Owned by the actor that owns the namespace; nothing here is
/// thread-safe.
/// </summary>
public abstract class DatagramSocket : IReadySource
{
    /// <summary>net.core.rmem_default in bytes of truesize.</summary>
    public const int DefaultReceiveBufferSize = 212_992;

    /// <summary>The largest UDP or ICMP payload that an IPv4 packet without options can carry, in bytes: 65,535 - 20 - 8.</summary>
    public const int MaxPayload = 65_507;

    // Linux never learns a path MTU below this (net.ipv4.route.min_pmtu), so up to here DF needs no question to the route.
    private const int MinPathMtu = 552;

    private readonly DatagramQueue _queue = new();
    private readonly SocketErrorQueue _errors = new();
    private int _unquestionedLength = MinPathMtu;
    private SocketResult _pendingError;

    private protected DatagramSocket(SocketLayer layer) => Layer = layer;

    /// <summary>Called once per turn in which data or errors arrived, from <see cref="SocketLayer.Poll"/>; edge-triggered as EPOLLET. Set it before looking at the queue for the first time.</summary>
    public Action? Readable { get; set; }

    /// <summary>SO_RCVBUF: bytes of truesize the queue may hold before it drops.</summary>
    public int ReceiveBufferSize { get; set; } = DefaultReceiveBufferSize;

    /// <summary>IP_TOS of what is sent.</summary>
    public byte TypeOfService { get; set; }

    /// <summary>IP_TTL of what is sent; 0 means the namespace's default.</summary>
    public byte TimeToLive { get; set; }

    /// <summary>IP_MTU_DISCOVER.</summary>
    public PathMtuDiscovery PathMtuDiscovery { get; set; } = PathMtuDiscovery.Want;

    /// <summary>IP_RECVERR: errors go to the error queue, soft ones too.</summary>
    public bool ReceiveErrors { get; set; }

    /// <summary>SO_BROADCAST.</summary>
    public bool AllowBroadcast { get; set; }

    /// <summary>SO_BINDTODEVICE, or null.</summary>
    public string? Device { get; set; }

    /// <summary>Datagrams waiting.</summary>
    public int QueuedDatagrams => _queue.Count;

    /// <summary>Truesize bytes waiting.</summary>
    public int QueuedBytes => _queue.Charge;

    /// <summary>What this socket dropped.</summary>
    public DropCounters Drops { get; } = new();

    /// <summary>Whether <see cref="Close"/> was called.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>The memory that frames from the receive queue are released to.</summary>
    public FrameCache Frames => Layer.Stack.Frames;

    bool IReadySource.IsSignalled { get; set; }

    Action? IReadySource.Callback => Readable;

    private protected SocketLayer Layer { get; }

    /// <summary>Takes the next datagram without copying; the caller releases the frame, whose bytes are the data, to <see cref="Frames"/>.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="info">Sender and the rest.</param>
    public bool TryDequeue(out Frame frame, out DatagramInfo info)
    {
        if (!_queue.TryDequeue(out DatagramQueue.Entry entry))
        {
            frame = default;
            info = default;
            return false;
        }

        frame = entry.Frame;
        info = Describe(ref frame, entry);
        return true;
    }

    /// <summary>Copies the next datagram out. A pending error is reported first, once.</summary>
    /// <param name="buffer">Where to; what does not fit is lost (MSG_TRUNC), see <see cref="DatagramInfo.Length"/>.</param>
    /// <param name="info">Sender and the rest.</param>
    /// <returns><see cref="SocketResult.WouldBlock"/> when nothing waits.</returns>
    public SocketResult Receive(Span<byte> buffer, out DatagramInfo info)
    {
        info = default;
        if (IsClosed)
            return SocketResult.Closed;
        SocketResult error = TakePendingError();
        if (error != SocketResult.Ok)
            return error;
        if (!TryDequeue(out Frame frame, out info))
            return SocketResult.WouldBlock;
        Span<byte> data = frame.Span;
        data[..Math.Min(data.Length, buffer.Length)].CopyTo(buffer);
        Frames.Release(ref frame);
        return SocketResult.Ok;
    }

    /// <summary>Takes the next record from the error queue (MSG_ERRQUEUE).</summary>
    /// <param name="record">The record.</param>
    public bool TryTakeError(out SocketErrorRecord record)
    {
        bool taken = _errors.TryDequeue(out record);
        // Reading the queue clears the pending error when nothing is left (linux net/core/skbuff.c sock_dequeue_err_skb).
        if (taken && _errors.Count == 0)
            _pendingError = SocketResult.Ok;
        return taken;
    }

    /// <summary>Takes the pending error (SO_ERROR).</summary>
    public SocketResult TakePendingError()
    {
        SocketResult error = _pendingError;
        _pendingError = SocketResult.Ok;
        return error;
    }

    /// <summary>Closes the socket, gives up its port and releases what waits. A second call does nothing.</summary>
    public void Close()
    {
        if (IsClosed)
            return;
        IsClosed = true;
        Readable = null;
        Unregister();
        while (_queue.TryDequeue(out DatagramQueue.Entry entry))
            Frames.Release(ref entry.Frame);
    }

    private protected abstract void Unregister();

    private protected abstract int TransportHeaderLength { get; }

    private protected abstract ushort SenderPort(ReadOnlySpan<byte> transport);

    // Takes the packet over; false when it was dropped.
    internal bool Enqueue(ref Frame packet, int headerLength, int ifIndex, Instant receivedAt)
    {
        if (!_queue.TryEnqueue(ref packet, headerLength, ifIndex, receivedAt, ReceiveBufferSize))
        {
            Drops.Count(DropReason.SocketBufferFull);
            Layer.Drop(ref packet, DropReason.SocketBufferFull);
            return false;
        }

        Layer.Signal(this);
        return true;
    }

    internal void ReportError(in SocketErrorRecord record, bool pending)
    {
        if (ReceiveErrors && !_errors.TryEnqueue(record with { ReceivedAt = Layer.Stack.Now }))
            Drops.Count(DropReason.SocketBufferFull);
        if (pending)
            _pendingError = record.Result;
        Layer.Signal(this);
    }

    // Whether a packet of this length goes out with DF (linux net/ipv4/ip_output.c __ip_make_skb).
    private protected bool WantsDontFragment(Ipv4Address destination, int packetLength)
    {
        if (PathMtuDiscovery != PathMtuDiscovery.Want || packetLength <= _unquestionedLength)
            return PathMtuDiscovery != PathMtuDiscovery.Dont;
        return Layer.Stack.SelectSource(destination, out _, out int mtu) != SendError.None || packetLength <= mtu;
    }

    // A device's MTU may be below the least path MTU: from then on the route is asked for every packet, and the caller tries again.
    private protected bool ShouldRetrySmall(SendError error, int packetLength)
    {
        if (error != SendError.MessageTooLong || PathMtuDiscovery != PathMtuDiscovery.Want || packetLength > _unquestionedLength)
            return false;
        _unquestionedLength = 0;
        return true;
    }

    private protected SocketResult LocalError(SocketResult result, Ipv4Endpoint destination, ushort echoSequence = 0)
    {
        // ip_local_error: only "too long" has an entry of its own, with the MTU.
        if (result != SocketResult.MessageTooLong || !ReceiveErrors)
            return result;
        Layer.Stack.SelectSource(destination.Address, out _, out int mtu);
        var record = new SocketErrorRecord
        {
            Result = result,
            Origin = SocketErrorOrigin.Local,
            Mtu = mtu,
            Destination = destination,
            EchoSequence = echoSequence,
        };
        ReportError(record, pending: false);
        return result;
    }

    private DatagramInfo Describe(ref Frame frame, in DatagramQueue.Entry entry)
    {
        Span<byte> packet = frame.Span;
        Span<byte> transport = packet[entry.HeaderLength..];
        var sender = new Ipv4Endpoint(Ipv4Address.Read(packet[12..]), SenderPort(transport));
        Ipv4Address destination = Ipv4Address.Read(packet[16..]);
        byte timeToLive = packet[8];
        byte typeOfService = packet[1];
        frame.Pull(entry.HeaderLength + TransportHeaderLength);
        return new DatagramInfo(sender, destination, frame.Length, timeToLive, typeOfService, entry.IfIndex, entry.ReceivedAt);
    }
}
