using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>
/// The sockets of one namespace. Registers itself for UDP and ICMP. Owned by the namespace's actor, which calls <see cref="Poll"/> at the end
/// of a turn whenever <see cref="NextDeadline"/> has come: that is when sockets tell their users that something arrived. Afterwards, and
/// after any other use of a socket, the owner flushes the namespace.
/// </summary>
public sealed class SocketLayer
{
    private readonly UdpDemultiplexer _udp;
    private readonly IcmpDemultiplexer _icmp;
    private List<DatagramSocket> _ready = [];
    private List<DatagramSocket> _calling = [];

    /// <summary>Makes the layer and registers it with the namespace.</summary>
    /// <param name="stack">The namespace.</param>
    /// <param name="seed">Seed of ephemeral ports and echo identifiers: the same seed and the same order of calls give the same numbers.</param>
    public SocketLayer(IIpv4Stack stack, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(stack);
        Stack = stack;
        _udp = new UdpDemultiplexer(this, SeededSequence.Derive(seed, 17));
        _icmp = new IcmpDemultiplexer(this, SeededSequence.Derive(seed, 1));
        stack.Register(IpProtocol.Udp, _udp);
        stack.Register(IpProtocol.Icmp, _icmp);
    }

    /// <summary>The namespace.</summary>
    public IIpv4Stack Stack { get; }

    /// <summary>Counters of /proc/net/snmp's Udp line.</summary>
    public UdpCounters Udp => _udp.Counters;

    /// <summary>What the layer dropped, all sockets together.</summary>
    public DropCounters Drops { get; } = new();

    /// <summary>The bound UDP sockets, in no order: what ss -u lists.</summary>
    public IEnumerable<UdpSocket> UdpSockets => _udp.Sockets;

    /// <summary>Now when a socket has something to tell, else <see cref="Instant.Never"/>.</summary>
    public Instant NextDeadline => _ready.Count > 0 ? Stack.Now : Instant.Never;

    /// <summary>Makes an unbound UDP socket.</summary>
    public UdpSocket OpenUdp() => new(this, _udp);

    /// <summary>Makes an echo socket.</summary>
    /// <param name="identifier">Echo identifier, or 0 to have one chosen.</param>
    /// <param name="socket">The socket.</param>
    /// <returns><see cref="SocketResult.AddressInUse"/> when another socket has the identifier.</returns>
    public SocketResult OpenIcmp(ushort identifier, out IcmpSocket? socket) => _icmp.Open(identifier, out socket);

    /// <summary>Calls every socket to which something arrived since the last call, once. What a callback causes waits for the next call.</summary>
    /// <param name="now">Time now; datagram sockets have no timers, so it only keeps the shape that all polled objects have.</param>
    public void Poll(Instant now)
    {
        if (_ready.Count == 0)
            return;
        (_ready, _calling) = (_calling, _ready);
        foreach (DatagramSocket socket in _calling)
            socket.IsSignalled = false;
        // A callback that throws must not lose the others' turn: they are called before the exception leaves.
        Exception? failure = null;
        foreach (DatagramSocket socket in _calling)
        {
            try
            {
                socket.Readable?.Invoke();
            }
            catch (Exception e)
            {
                failure ??= e;
            }
        }

        _calling.Clear();
        if (failure is not null)
            throw new InvalidOperationException("A socket's Readable callback failed.", failure);
    }

    /// <summary>Closes every socket and releases what waits in them: the namespace is going.</summary>
    public void Close()
    {
        _udp.CloseAll();
        _icmp.CloseAll();
        _ready.Clear();
    }

    internal void Signal(DatagramSocket socket)
    {
        if (socket.IsSignalled || socket.Readable is null)
            return;
        socket.IsSignalled = true;
        _ready.Add(socket);
    }

    internal void Drop(ref Frame packet, DropReason reason)
    {
        Drops.Count(reason);
        Stack.Frames.Release(ref packet);
    }
}
