using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>
/// The sockets of one namespace. Registers itself for UDP, TCP and ICMP. Owned by the namespace's actor, which calls <see cref="Poll"/> at the end
/// of a turn whenever <see cref="NextDeadline"/> has come: that is when sockets tell their users that something arrived. Afterwards, and
/// after any other use of a socket, the owner flushes the namespace.
/// </summary>
public sealed class SocketLayer
{
    private readonly UdpDemultiplexer _udp;
    private readonly IcmpDemultiplexer _icmp;
    private readonly TcpDemultiplexer _tcp;
    private List<IReadySource> _ready = [];
    private List<IReadySource> _calling = [];

    /// <summary>Makes the layer and registers it with the namespace.</summary>
    /// <param name="stack">The namespace.</param>
    /// <param name="seed">Seed of ephemeral ports, echo identifiers and sequence numbers: the same seed and the same order of calls give the same numbers.</param>
    /// <param name="tcp">Settings of TCP, or null for the defaults.</param>
    public SocketLayer(IIpv4Stack stack, ulong seed, TcpSettings? tcp = null)
    {
        ArgumentNullException.ThrowIfNull(stack);
        Stack = stack;
        _udp = new UdpDemultiplexer(this, SeededSequence.Derive(seed, 17));
        _icmp = new IcmpDemultiplexer(this, SeededSequence.Derive(seed, 1));
        _tcp = new TcpDemultiplexer(this, SeededSequence.Derive(seed, 6), tcp ?? new TcpSettings());
        stack.Register(IpProtocol.Udp, _udp);
        stack.Register(IpProtocol.Tcp, _tcp);
        stack.Register(IpProtocol.Icmp, _icmp);
    }

    /// <summary>The namespace.</summary>
    public IIpv4Stack Stack { get; }

    /// <summary>Counters of /proc/net/snmp's Udp line.</summary>
    public UdpCounters Udp => _udp.Counters;

    /// <summary>Counters of /proc/net/snmp's Tcp line and /proc/net/netstat's TcpExt line.</summary>
    public TcpCounters Tcp => _tcp.Counters;

    /// <summary>What the layer dropped, all sockets together.</summary>
    public DropCounters Drops { get; } = new();

    /// <summary>The bound UDP sockets, in no order: what ss -u lists.</summary>
    public IEnumerable<UdpSocket> UdpSockets => _udp.Sockets;

    /// <summary>The connections, in no order, half-open ones and those in TIME-WAIT included: what ss -t lists beside the listeners.</summary>
    public IEnumerable<TcpConnectionEntry> TcpConnections => _tcp.Connections;

    /// <summary>The listeners, in no order: what ss -tl lists.</summary>
    public IEnumerable<TcpListener> TcpListeners => _tcp.Listeners;

    /// <summary>
    /// When <see cref="Poll"/> wants to be called: a moment that has passed when a socket has something to tell or to send, else the next
    /// timer of TCP. Not "now", which would lie behind a time that the owner read a moment before.
    /// </summary>
    public Instant NextDeadline => _ready.Count > 0 ? default : _tcp.NextDeadline;

    /// <summary>Makes an unbound UDP socket.</summary>
    public UdpSocket OpenUdp() => new(this, _udp);

    /// <summary>Makes an unbound stream socket.</summary>
    /// <param name="options">Its options, or null for the defaults.</param>
    public TcpSocket OpenTcp(TcpOptions? options = null) => new(this, _tcp, options ?? TcpOptions.Default);

    /// <summary>Listens for connections: socket, bind and listen in one.</summary>
    /// <param name="local">0.0.0.0 or an address of the namespace; port 0 has an ephemeral one chosen.</param>
    /// <param name="backlog">Connections that may wait to be accepted, at most <see cref="TcpSettings.MaxBacklog"/>; as many more may be half-open.</param>
    /// <param name="options">Options of the listener, inherited by what it accepts; null for the defaults.</param>
    /// <param name="listener">The listener.</param>
    /// <returns><see cref="SocketResult.AddressInUse"/> or <see cref="SocketResult.AddressNotAvailable"/>.</returns>
    public SocketResult ListenTcp(Ipv4Endpoint local, int backlog, TcpOptions? options, out TcpListener? listener) =>
        _tcp.Listen(local, backlog, options ?? TcpOptions.Default, out listener);

    /// <summary>Makes an echo socket.</summary>
    /// <param name="identifier">Echo identifier, or 0 to have one chosen.</param>
    /// <param name="socket">The socket.</param>
    /// <returns><see cref="SocketResult.AddressInUse"/> when another socket has the identifier.</returns>
    public SocketResult OpenIcmp(ushort identifier, out IcmpSocket? socket) => _icmp.Open(identifier, out socket);

    /// <summary>
    /// Runs TCP's timers, calls every socket to which something happened since the last call, once, and sends what TCP has to send after
    /// that, so that an answer carries the acknowledgment along. What a callback causes waits for the next call.
    /// </summary>
    /// <param name="now">Time now; not earlier than in the last call.</param>
    public void Poll(Instant now)
    {
        _tcp.RunTimers(now);
        Exception? failure = CallReady();
        _tcp.Transmit(now);
        if (failure is not null)
            throw new InvalidOperationException("A socket's callback failed.", failure);
    }

    /// <summary>Closes every socket and releases what waits in them: the namespace is going.</summary>
    public void Close()
    {
        _udp.CloseAll();
        _tcp.CloseAll();
        _icmp.CloseAll();
        _ready.Clear();
    }

    internal void Signal(IReadySource source)
    {
        if (source.IsSignalled || source.Callback is null)
            return;
        source.IsSignalled = true;
        _ready.Add(source);
    }

    internal void Drop(ref Frame packet, DropReason reason)
    {
        Drops.Count(reason, packet.Count);
        Stack.Frames.Release(ref packet);
    }

    // A callback that throws must not lose the others' turn: they are called before the exception leaves.
    private Exception? CallReady()
    {
        if (_ready.Count == 0)
            return null;
        (_ready, _calling) = (_calling, _ready);
        foreach (IReadySource source in _calling)
            source.IsSignalled = false;
        Exception? failure = null;
        foreach (IReadySource source in _calling)
        {
            try
            {
                source.Callback?.Invoke();
            }
            catch (Exception e)
            {
                failure ??= e;
            }
        }

        _calling.Clear();
        return failure;
    }
}
