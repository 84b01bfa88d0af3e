namespace ActorNet.Dataplane.Frames;

/// <summary>Why a frame was dropped. Every drop in the data plane is counted under one of these, at the device or namespace where it happened.</summary>
public enum DropReason : byte
{
    /// <summary>The device or its peer is administratively down.</summary>
    DeviceDown,

    /// <summary>The link's window is full: the receiver is slower than the sender.</summary>
    QueueFull,

    /// <summary>The frame pool is at its bound.</summary>
    NoBuffer,

    /// <summary>Longer than the device's MTU allows.</summary>
    TooBig,

    /// <summary>Too short for an Ethernet header, or a source address that is zero or a group address.</summary>
    BadEthernet,

    /// <summary>The destination MAC is another's.</summary>
    OtherHost,

    /// <summary>No handler for the EtherType.</summary>
    UnknownEtherType,

    /// <summary>The IPv4 header is malformed.</summary>
    BadIpHeader,

    /// <summary>The IPv4 header checksum is wrong.</summary>
    BadIpChecksum,

    /// <summary>A malformed ARP message.</summary>
    BadArp,

    /// <summary>A source address that no packet may carry (martian), or spoofed.</summary>
    MartianSource,

    /// <summary>A destination address that may not be routed.</summary>
    MartianDestination,

    /// <summary>No route to the destination.</summary>
    NoRoute,

    /// <summary>Forwarding is off in this namespace.</summary>
    ForwardingDisabled,

    /// <summary>The time to live ran out.</summary>
    TtlExceeded,

    /// <summary>Too big for the next hop with DF set.</summary>
    FragmentationNeeded,

    /// <summary>The neighbour could not be resolved, or too many packets wait for it.</summary>
    NeighbourFailed,

    /// <summary>Reassembly ran out of time or memory, or fragments overlap.</summary>
    ReassemblyFailed,

    /// <summary>Malformed transport header.</summary>
    BadTransportHeader,

    /// <summary>Wrong transport checksum.</summary>
    BadTransportChecksum,

    /// <summary>Nobody listens on the protocol or port.</summary>
    NoSocket,

    /// <summary>The socket's receive buffer is full.</summary>
    SocketBufferFull,

    /// <summary>No FDB entry and no default for the destination MAC on a tunnel.</summary>
    NoFdbEntry,

    /// <summary>A bridge found no port to forward to: the destination lies behind the ingress port, or the address is link-local.</summary>
    NoForwardingPort,

    /// <summary>A VXLAN datagram shorter than its header, or without the I bit.</summary>
    BadVxlanHeader,

    /// <summary>A VXLAN datagram with a reserved bit set.</summary>
    VxlanReservedBits,

    /// <summary>A VXLAN datagram for a network identifier that nobody here has.</summary>
    UnknownVni,

    /// <summary>A datagram from an address that is no tunnel peer.</summary>
    UnknownPeer,

    /// <summary>The outer header signalled congestion and the inner packet cannot carry it (RFC 6040).</summary>
    EcnMismatch,

    /// <summary>The real socket refused the datagram or its buffer was full.</summary>
    UnderlaySendFailed,

    /// <summary>An impairment lost the frame on purpose.</summary>
    Impaired,

    /// <summary>ICMP rate limit: an error was not sent.</summary>
    RateLimited,

    /// <summary>The code that handled the frame's vector failed: a bug of ours. The log has the exception.</summary>
    InternalError,

    /// <summary>The actor that the frame was on its way to has stopped: a pod was deleted.</summary>
    ReceiverGone,

    /// <summary>A netfilter rule or policy dropped or rejected it.</summary>
    RuleDropped,

    /// <summary>It would have begun a connection, and the conntrack table is full.</summary>
    ConntrackFull,

    /// <summary>It began a connection whose tuples another one has.</summary>
    ConntrackClash,

    /// <summary>It could not be translated: no address for it, or a redirect about a translated connection.</summary>
    NatFailed,
}

/// <summary>Drop counts by reason. Owned by one actor; read elsewhere only as a snapshot.</summary>
public sealed class DropCounters
{
    private static readonly int Reasons = Enum.GetValues<DropReason>().Length;

    private readonly long[] _counts = new long[Reasons];

    /// <summary>How many frames were dropped for a reason.</summary>
    /// <param name="reason">The reason.</param>
    public long this[DropReason reason] => _counts[(int)reason];

    /// <summary>All drops.</summary>
    public long Total => _counts.Sum();

    /// <summary>Counts drops.</summary>
    /// <param name="reason">The reason.</param>
    /// <param name="frames">How many.</param>
    public void Count(DropReason reason, long frames = 1) => _counts[(int)reason] += frames;

    /// <summary>The reasons that occurred, with their counts.</summary>
    public IReadOnlyDictionary<DropReason, long> Snapshot()
    {
        var counts = new Dictionary<DropReason, long>();
        for (int i = 0; i < Reasons; i++)
        {
            if (_counts[i] != 0)
                counts[(DropReason)i] = _counts[i];
        }

        return counts;
    }
}
