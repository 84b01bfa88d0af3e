using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>What recvmsg tells beside the data.</summary>
/// <param name="Sender">Who sent it; port 0 for ICMP.</param>
/// <param name="Destination">The address it was sent to (IP_PKTINFO).</param>
/// <param name="Length">Data bytes in the datagram, which may be more than the caller's buffer took (MSG_TRUNC).</param>
/// <param name="TimeToLive">TTL as received (IP_RECVTTL).</param>
/// <param name="TypeOfService">Type of service as received (IP_RECVTOS).</param>
/// <param name="IfIndex">The device it came in by.</param>
/// <param name="ReceivedAt">When it was queued; only ICMP sockets stamp their datagrams, others say zero.</param>
public readonly record struct DatagramInfo(
    Ipv4Endpoint Sender, Ipv4Address Destination, int Length, byte TimeToLive, byte TypeOfService, int IfIndex, Instant ReceivedAt);
