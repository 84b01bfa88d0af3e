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

    /// <summary>Whether to ask it changes anything, counters, lists or a sequence of chances: a rule that has one before it can be passed over by nothing but its head.</summary>
    internal virtual bool HasEffects => true;

    /// <summary>Whether it is true of every packet and only says something to people.</summary>
    internal virtual bool IsRemark => false;

    /// <summary>The one destination port that a packet must have for it; null when there is none.</summary>
    internal virtual ushort? OnlyDestinationPort => null;

    /// <summary>The list of a rule that has no other: all rules that share the match share it.</summary>
    internal RuleMatch[] Alone => field ??= [this];

    /// <summary>Whether the packet is meant.</summary>
    internal abstract bool Matches(NetfilterPacket packet);

    /// <summary>Writes the options as iptables-save shows them, behind <c>-m NAME</c>.</summary>
    internal abstract void Print(RuleText text);

    /// <summary>Writes what <c>iptables -L</c> shows behind the addresses.</summary>
    /// <param name="text">Where.</param>
    /// <param name="numeric">Numbers instead of names.</param>
    internal virtual void List(RuleText text, bool numeric)
    {
        // Most modules print the same words in both, with -- before those of iptables-save alone.
        text.Word(Name == "conntrack" || Name == "state" || Name == "nfacct" ? "" : Name);
        var saved = new RuleText();
        Print(saved);
        text.Word(saved.ToString().Replace("--", "", StringComparison.Ordinal));
    }
}
