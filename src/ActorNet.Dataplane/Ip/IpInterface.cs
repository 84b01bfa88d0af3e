using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <summary>
/// A device seen from IP (linux struct in_device): its addresses and settings, and the frames gathered for it in this turn. The device's
/// received frames come in through <see cref="IFrameSink.Push"/>.
/// </summary>
public sealed class IpInterface : IFrameSink
{
    private readonly NetworkNamespace _namespace;
    private readonly List<InterfaceAddress> _addresses = [];
    private ReversePathFilter _reversePathFilter;

    internal IpInterface(NetworkNamespace owner, NetworkDevice device, NamespaceOptions options)
    {
        _namespace = owner;
        Device = device;
        // Linux knows loopback by ARPHRD_LOOPBACK; a namespace has one such device and its name is fixed.
        IsLoopback = device.Name == "lo";
        NoArp = IsLoopback;
        _reversePathFilter = options.ReversePathFilter;
        ArpNotify = options.ArpNotify;
    }

    /// <summary>The device.</summary>
    public NetworkDevice Device { get; }

    /// <summary>The netfilter rule or policy of the namespace that dropped the last packet; null when it was none.</summary>
    internal string? DroppedBy => _namespace.Netfilter?.DroppedBy;

    /// <summary>Whether this is lo.</summary>
    public bool IsLoopback { get; }

    /// <summary>IFF_NOARP: neighbours need no resolution.</summary>
    public bool NoArp { get; set; }

    /// <summary>rp_filter of this interface.</summary>
    public ReversePathFilter ReversePathFilter
    {
        get => _reversePathFilter;
        set
        {
            _reversePathFilter = value;
            _namespace.Routing.Invalidate();
        }
    }

    /// <summary>arp_notify of this interface.</summary>
    public bool ArpNotify { get; set; }

    /// <summary>The addresses in the order of `ip addr`: primaries, each before its secondaries.</summary>
    public IReadOnlyList<InterfaceAddress> Addresses => [.. _addresses];

    internal List<InterfaceAddress> AddressList => _addresses;

    internal FrameVector? Batch { get; set; }

    /// <summary>neigh_parms.reachable_time: drawn anew every 300 seconds.</summary>
    internal TimeSpan ReachableTime { get; set; }

    internal Instant ReachableDrawn { get; set; }

    internal MacAddress KnownMac { get; set; }

    internal bool KnownUp { get; set; }

    internal bool KnownCarrier { get; set; }

    internal int KnownMtu { get; set; }

    internal bool IsAttached { get; set; } = true;

    /// <inheritdoc/>
    public void Push(FrameVector frames) => _namespace.Receive(this, frames);
}
