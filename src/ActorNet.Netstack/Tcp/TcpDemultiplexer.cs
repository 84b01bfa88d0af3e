#pragma warning disable CA1822 // the shape only; the protocol follows
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <summary>The TCP of a namespace: the tables of connections and listeners. The protocol itself follows; until then nothing connects.</summary>
internal sealed class TcpDemultiplexer(SocketLayer layer, ulong seed, TcpSettings settings) : ITransportProtocol
{
    private readonly List<TcpListener> _listeners = [];

    public SocketLayer Layer => layer;

    public ulong Seed => seed;

    public TcpCounters Counters { get; } = new();

    public IEnumerable<TcpConnectionEntry> Connections => [];

    public IEnumerable<TcpListener> Listeners => _listeners;

    public Instant NextDeadline => Instant.Never;

    public void Receive(in DeliveryInfo info, ref Frame packet)
    {
        Counters.InSegs++;
        layer.Drop(ref packet, DropReason.NoSocket);
    }

    public void ReceiveError(in IcmpErrorInfo error) => Counters.OutOfWindowIcmps++;

    public void RunTimers(Instant now)
    {
    }

    public void Transmit(Instant now)
    {
    }

    public SocketResult BindPort(Ipv4Endpoint local, bool reuse) => _listeners.Any(l => l.Local.Port == local.Port && !reuse) ? SocketResult.AddressInUse : SocketResult.Ok;

    public void ReleasePort(Ipv4Endpoint local)
    {
    }

    public SocketResult Connect(TcpSocket socket, Ipv4Endpoint bound, Ipv4Endpoint remote, out TcpConnection? connection)
    {
        connection = null;
        return socket.IsClosed || bound == remote ? SocketResult.Closed : SocketResult.ProtocolUnreachable;
    }

    public SocketResult Listen(Ipv4Endpoint local, int backlog, TcpOptions options, out TcpListener? listener)
    {
        listener = null;
        if (backlog > settings.MaxBacklog)
            listener = new(this, local, backlog, options);
        return SocketResult.ProtocolUnreachable;
    }

    public void Remove(TcpListener listener) => _listeners.Remove(listener);

    public void CloseAll() => _listeners.Clear();
}
