using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>A match extension of a rule: one <c>-m NAME</c> with its options.</summary>
internal abstract class RuleMatch
{
    /// <summary>The name behind -m.</summary>
    internal abstract string Name { get; }

    /// <summary>
    /// Whether the answer may differ between packets of one direction of an established connection, while rules and routing stand; or whether asking
    /// has an effect.
    /// </summary>
    internal virtual bool DependsOnPacket => true;

    /// <summary>Whether the packet is meant.</summary>
    internal abstract bool Matches(NetfilterPacket packet);

    /// <summary>Writes the options as iptables-save shows them, behind <c>-m NAME</c>.</summary>
    internal abstract void Print(RuleText text);
}
