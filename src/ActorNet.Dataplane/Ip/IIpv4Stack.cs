using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <summary>What a namespace offers to its transport protocols: sending, route questions, time and memory. Not thread-safe: the namespace's owner calls.</summary>
public interface IIpv4Stack
{
    /// <summary>Time now.</summary>
    Instant Now { get; }

    /// <summary>Memory of the namespace's owner.</summary>
    FrameCache Frames { get; }

    /// <summary>Counters of /proc/net/snmp's Ip line.</summary>
    IpCounters Ip { get; }

    /// <summary>Counters of /proc/net/snmp's Icmp line.</summary>
    IcmpCounters IcmpCounters { get; }

    /// <summary>net.ipv4.ip_forward.</summary>
    bool IsForwarding { get; }

    /// <summary>
    /// Sends a transport payload as one IPv4 packet, fragmenting it unless DF is asked for (ip_output). The frame holds transport header and
    /// data and at least 34 bytes of headroom; it is taken over whatever the answer.
    /// </summary>
    /// <param name="request">Addresses and header fields.</param>
    /// <param name="payload">The payload, taken over.</param>
    SendError Send(in Ipv4SendRequest request, ref Frame payload);

    /// <summary>The source address that the route to a destination prefers, as connect(2) on a datagram socket finds it.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="source">The address.</param>
    /// <param name="pathMtu">The MTU towards the destination in bytes, learned path MTU included.</param>
    /// <param name="device">The device to leave by, or null for the route's.</param>
    SendError SelectSource(Ipv4Address destination, out Ipv4Address source, out int pathMtu, string? device = null);

    /// <summary>Whether the address is one of the namespace's own, 127.0.0.0/8 included.</summary>
    /// <param name="address">The address.</param>
    bool IsLocal(Ipv4Address address);

    /// <summary>Answers a delivered packet with an ICMP error, subject to RFC 1122 3.2.2 and the rate limits: UDP uses it for port unreachable.</summary>
    /// <param name="packet">The delivered packet that is in error, from its IPv4 header on; still the caller's.</param>
    /// <param name="type">ICMP type.</param>
    /// <param name="code">ICMP code.</param>
    void SendIcmpError(in Frame packet, IcmpType type, byte code);

    /// <summary>
    /// Becomes a member of a multicast group on a device (ip_mc_join_group). Each call that answers <see cref="GroupError.None"/> is one
    /// user of the membership and is taken back by one <see cref="LeaveGroup"/>.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="device">Device name, or null for the one that the route to the group leads to.</param>
    /// <param name="ifIndex">The device's interface index.</param>
    GroupError JoinGroup(Ipv4Address group, string? device, out int ifIndex);

    /// <summary>Takes a <see cref="JoinGroup"/> back (ip_mc_leave_group).</summary>
    /// <param name="group">The group.</param>
    /// <param name="ifIndex">The device's interface index.</param>
    void LeaveGroup(Ipv4Address group, int ifIndex);

    /// <summary>Registers the handler of an IP protocol; one each.</summary>
    /// <param name="protocol">Protocol number.</param>
    /// <param name="handler">The handler.</param>
    void Register(IpProtocol protocol, ITransportProtocol handler);
}

/// <summary>Header fields of a packet to send.</summary>
public readonly record struct Ipv4SendRequest
{
    /// <summary>Destination.</summary>
    public required Ipv4Address Destination { get; init; }

    /// <summary>Source, or 0.0.0.0 to let the route choose.</summary>
    public Ipv4Address Source { get; init; }

    /// <summary>Protocol of the payload.</summary>
    public required IpProtocol Protocol { get; init; }

    /// <summary>Don't Fragment: too big is <see cref="SendError.MessageTooLong"/>.</summary>
    public bool DontFragment { get; init; }

    /// <summary>Time to live; 0 means the namespace's default, 64.</summary>
    public byte TimeToLive { get; init; }

    /// <summary>DSCP and ECN.</summary>
    public byte TypeOfService { get; init; }

    /// <summary>IP_MULTICAST_LOOP is off: members in this very namespace do not hear what is sent to a multicast destination.</summary>
    public bool NoMulticastLoop { get; init; }

    /// <summary>Whether a broadcast destination is allowed (SO_BROADCAST); without it the answer is <see cref="SendError.AccessDenied"/>.</summary>
    public bool AllowBroadcast { get; init; }

    /// <summary>The device to leave by (SO_BINDTODEVICE), or null.</summary>
    public string? Device { get; init; }
}

/// <summary>Why a packet could not be sent; the errno that Linux gives is in the name's comment.</summary>
public enum SendError : byte
{
    /// <summary>Sent, or waiting for a neighbour.</summary>
    None,

    /// <summary>EMSGSIZE: larger than the path MTU with DF set, or than 65,535 bytes.</summary>
    MessageTooLong,

    /// <summary>ENETUNREACH: no route.</summary>
    NetworkUnreachable,

    /// <summary>EHOSTUNREACH: an unreachable route, or the neighbour failed.</summary>
    HostUnreachable,

    /// <summary>ENETDOWN: the device is down.</summary>
    NetworkDown,

    /// <summary>EINVAL: a source address that is not ours, or a payload without headroom.</summary>
    InvalidArgument,

    /// <summary>EACCES: a broadcast destination without the permission.</summary>
    AccessDenied,

    /// <summary>ENOBUFS: no memory.</summary>
    NoBuffers,

    /// <summary>EPERM: a netfilter rule dropped it.</summary>
    NotPermitted,
}

/// <summary>What joining a group came to; the errno that Linux gives is in the name's comment.</summary>
public enum GroupError : byte
{
    /// <summary>Joined.</summary>
    None,

    /// <summary>EINVAL: not a multicast address.</summary>
    NotMulticast,

    /// <summary>ENODEV: no such device, or no route to the group.</summary>
    NoDevice,

    /// <summary>ENOBUFS: the namespace has as many memberships as it may.</summary>
    TooMany,
}

/// <summary>A transport protocol of a namespace: UDP, the ICMP sockets, later TCP.</summary>
public interface ITransportProtocol
{
    /// <summary>Takes a packet for one of our addresses, reassembled, header checked.</summary>
    /// <param name="info">Where the headers end and where it came in.</param>
    /// <param name="packet">The packet from its IPv4 header on, link padding cut; taken over.</param>
    void Receive(in DeliveryInfo info, ref Frame packet);

    /// <summary>
    /// Whether an ICMP error can be true of a packet under way. One that cannot teaches no path MTU and is not told (RFC 5927); a protocol
    /// that has no way to know believes.
    /// </summary>
    /// <param name="error">The error.</param>
    bool Believes(in IcmpErrorInfo error) => true;

    /// <summary>Hears of an ICMP error about a packet that this namespace sent.</summary>
    /// <param name="error">The error.</param>
    void ReceiveError(in IcmpErrorInfo error);
}

/// <summary>Facts about a delivered packet.</summary>
/// <param name="Source">Source address.</param>
/// <param name="Destination">Destination address.</param>
/// <param name="HeaderLength">IPv4 header length in bytes: the transport header begins there.</param>
/// <param name="TimeToLive">TTL as received.</param>
/// <param name="IfIndex">The device it came in by.</param>
/// <param name="IsToLinkGroup">Whether the frame went to a group's MAC, broadcast included, whatever the packet's destination (PACKET_MULTICAST, PACKET_BROADCAST).</param>
public readonly record struct DeliveryInfo(
    Ipv4Address Source, Ipv4Address Destination, int HeaderLength, byte TimeToLive, int IfIndex, bool IsToLinkGroup = false);

/// <summary>An ICMP error about a packet of ours.</summary>
public readonly ref struct IcmpErrorInfo
{
    /// <summary>Who sent the error.</summary>
    public required Ipv4Address Reporter { get; init; }

    /// <summary>ICMP type.</summary>
    public required IcmpType Type { get; init; }

    /// <summary>ICMP code.</summary>
    public required byte Code { get; init; }

    /// <summary>The MTU of "fragmentation needed", else 0.</summary>
    public int NextHopMtu { get; init; }

    /// <summary>Source of the quoted packet: ours.</summary>
    public required Ipv4Address QuotedSource { get; init; }

    /// <summary>Destination of the quoted packet.</summary>
    public required Ipv4Address QuotedDestination { get; init; }

    /// <summary>The first bytes of the quoted transport header, at least 8.</summary>
    public required ReadOnlySpan<byte> QuotedTransport { get; init; }
}
