using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>A match extension of a rule: one <c>-m NAME</c> with its options.</summary>
internal abstract class RuleMatch
{
    /// <summary>The name behind -m.</summary>
    internal abstract string Name { get; }

    /// <summary>Whether the packet is meant.</summary>
    internal abstract bool Matches(NetfilterPacket packet);

    /// <summary>Writes the options as iptables-save shows them, behind <c>-m NAME</c>.</summary>
    internal abstract void Print(RuleText text);
}
