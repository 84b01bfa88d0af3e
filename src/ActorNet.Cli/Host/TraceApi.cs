namespace ActorNet.Cli.Host;

/// <summary>Starts recording hops on every device of a host.</summary>
/// <param name="Address">Only packets from or to this address; null for all.</param>
/// <param name="Protocol">icmp, udp, tcp or null for all.</param>
public sealed record TraceRequest(string? Address, string? Protocol);

/// <summary>One device that a packet passed.</summary>
/// <param name="UnixNanoseconds">Wall-clock time, for merging hosts.</param>
/// <param name="Packet">Identity of the packet, equal on all hosts.</param>
/// <param name="Node">Node.</param>
/// <param name="Namespace">Namespace: root, or the pod's name.</param>
/// <param name="Device">Device.</param>
/// <param name="Event">Receive, Transmit, the reason of a drop, or Filter: rules of the namespace matched it or it was translated.</param>
/// <param name="Summary">What the packet is.</param>
/// <param name="Outer">The outer UDP datagram's end, when there is one.</param>
/// <param name="Hook">With Filter: the hook, as PREROUTING.</param>
/// <param name="Rules">With Filter: the rules that matched, in their order, each with its table.</param>
/// <param name="Translated">With Filter: what the packet is from there on, when it was translated.</param>
/// <param name="TranslatedPacket">Its identity from there on.</param>
public sealed record HopRow(
    long UnixNanoseconds,
    string Packet,
    string Node,
    string Namespace,
    string Device,
    string Event,
    string Summary,
    string? Outer,
    string? Hook = null,
    IReadOnlyList<string>? Rules = null,
    string? Translated = null,
    string? TranslatedPacket = null);
