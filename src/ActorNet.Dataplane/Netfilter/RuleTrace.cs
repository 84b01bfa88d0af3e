using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Observation;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter;

/// <summary>
/// Notes what a packet meets in one hook, for traces: the packet as it came, and the rules that matched. Only while somebody traces is there one.
/// </summary>
internal sealed class RuleTrace
{
    private readonly byte[] _before = new byte[TracedFrame.PrefixLength];
    private readonly byte[] _after = new byte[TracedFrame.PrefixLength];
    private readonly List<(string Table, Chain Chain, Rule Rule)> _rules = [];
    private int _beforeLength;

    /// <summary>The rules so far; not more than <see cref="HopRecorder.MaxRules"/>.</summary>
    internal IReadOnlyList<(string Table, Chain Chain, Rule Rule)> Rules => _rules;

    /// <summary>The packet as it came, behind an empty Ethernet header.</summary>
    internal Span<byte> Before => _before.AsSpan(0, _beforeLength);

    /// <summary>The table that is being walked.</summary>
    internal string Table { get; set; } = "";

    internal void Begin(NetfilterPacket packet)
    {
        _rules.Clear();
        _beforeLength = Copy(packet, _before);
    }

    internal void Add(Chain chain, Rule rule)
    {
        if (_rules.Count < HopRecorder.MaxRules)
            _rules.Add((Table, chain, rule));
    }

    /// <summary>The packet as it is now, behind an empty Ethernet header.</summary>
    internal Span<byte> After(NetfilterPacket packet) => _after.AsSpan(0, Copy(packet, _after));

    private static int Copy(NetfilterPacket packet, byte[] into)
    {
        EthernetView.Write(into, MacAddress.Zero, MacAddress.Zero, EtherType.Ipv4);
        int length = Math.Min(packet.Bytes.Length, into.Length - EthernetView.HeaderLength);
        packet.Bytes[..length].CopyTo(into.AsSpan(EthernetView.HeaderLength));
        return EthernetView.HeaderLength + length;
    }
}
