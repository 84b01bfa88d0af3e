using ActorNet.Packets;

namespace ActorNet.Dataplane.Observation;

/// <summary>Which packets a trace wants. What is null matches everything; both directions of a conversation match.</summary>
public sealed record TraceFilter
{
    /// <summary>One end's address: source or destination, in ARP sender or target.</summary>
    public Ipv4Address? Address { get; init; }

    /// <summary>The other end's address.</summary>
    public Ipv4Address? Other { get; init; }

    /// <summary>The IPv4 protocol; with one set, ARP matches only through <see cref="WithArp"/>.</summary>
    public IpProtocol? Protocol { get; init; }

    /// <summary>A UDP or TCP port of either end. Later fragments, which show no ports, match by their addresses.</summary>
    public ushort? Port { get; init; }

    /// <summary>Identifier of ICMP echo messages.</summary>
    public ushort? IcmpIdentifier { get; init; }

    /// <summary>Whether ARP between the addresses matches.</summary>
    public bool WithArp { get; init; } = true;

    /// <summary>Whether a frame matches. An ICMP error matches when the packet that it quotes does.</summary>
    /// <param name="frame">An Ethernet frame, tagged or not.</param>
    public bool Matches(Span<byte> frame)
    {
        EtherType type = TracedFrame.TypeOf(frame, out Span<byte> payload);
        if (type == EtherType.Arp)
        {
            return WithArp && ArpView.TryParse(payload, out ArpView arp) == ParseError.None
                && MatchesEnds(arp.SenderIp, arp.TargetIp);
        }

        return type == EtherType.Ipv4 && MatchesPacket(payload, quoted: false);
    }

    private bool MatchesPacket(Span<byte> bytes, bool quoted)
    {
        if (!TracedFrame.TryReadPacket(bytes, out TracedFrame.Packet packet))
            return false;
        if (!quoted && packet.Protocol == IpProtocol.Icmp && packet.FragmentOffset == 0
            && IcmpView.TryParse(packet.Payload, out IcmpView icmp) == ParseError.None && icmp.IsError)
        {
            return MatchesPacket(icmp.Payload, quoted: true);
        }

        if (!MatchesEnds(packet.Source, packet.Destination) || (Protocol is { } protocol && packet.Protocol != protocol))
            return false;
        if (packet.FragmentOffset > 0)
            return true;
        return (Port is not { } port || MatchesPort(packet, port)) && (IcmpIdentifier is not { } id || MatchesEcho(packet, id));
    }

    private bool MatchesEnds(Ipv4Address source, Ipv4Address destination) =>
        (Is(Address, source) && Is(Other, destination)) || (Is(Address, destination) && Is(Other, source));

    private static bool Is(Ipv4Address? wanted, Ipv4Address address) => wanted is null || wanted == address;

    private static bool MatchesPort(in TracedFrame.Packet packet, ushort port) =>
        packet.Protocol is IpProtocol.Udp or IpProtocol.Tcp && packet.Payload.Length >= 4 && (packet.Word(0) == port || packet.Word(2) == port);

    private static bool MatchesEcho(in TracedFrame.Packet packet, ushort id) =>
        packet.Protocol == IpProtocol.Icmp && packet.Payload.Length >= 8
            && (IcmpType)packet.Payload[0] is IcmpType.EchoRequest or IcmpType.EchoReply && packet.Word(4) == id;
}
