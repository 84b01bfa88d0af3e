using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>A rule of a chain: head, matches and target do not change, the counters do.</summary>
/// <param name="head">Addresses, devices, protocol.</param>
/// <param name="matches">The extensions in the order that they were given.</param>
/// <param name="target">What happens; null for a rule that only counts.</param>
internal sealed class Rule(RuleHead head, RuleMatch[] matches, RuleTarget? target) : Counted
{
    private readonly int _firstDependent = Array.FindIndex(matches, static m => m.DependsOnPacket);


    internal RuleHead Head { get; } = head;

    internal RuleMatch[] MatchList { get; } = matches;

    internal RuleTarget? Target { get; } = target;

    /// <summary>Whether the target does something else for each packet of a connection's direction.</summary>
    internal bool TargetDependsOnPacket { get; } = target is { DependsOnPacket: true };

    internal bool Matches(NetfilterPacket packet)
    {
        if (!Head.Matches(packet))
            return false;
        for (int i = 0; i < MatchList.Length; i++)
        {
            if (i == _firstDependent)
                packet.Recorder?.Spoil();
            if (!MatchList[i].Matches(packet))
                return false;
        }

        return true;
    }

    /// <summary>The rule behind <c>-A CHAIN</c>, as iptables-save shows it; with its counters as <c>iptables -S -v</c> does.</summary>
    internal void Print(RuleText text, bool counters = false)
    {
        Head.Print(text);
        foreach (RuleMatch match in MatchList)
        {
            text.Option("-m", false).Word(match.Name);
            match.Print(text);
        }

        if (counters)
            text.Option("-c", false).Number(Packets).Number(Bytes);
        if (Target is null)
            return;
        text.Option(Target.Option, false).Word(Target.Name);
        Target.Print(text);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new RuleText();
        Print(text);
        return text.ToString();
    }
}
