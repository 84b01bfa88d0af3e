using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>A rule of a chain: head, matches and target do not change, the counters do.</summary>
/// <param name="head">Addresses, devices, protocol.</param>
/// <param name="matches">The extensions in the order that they were given.</param>
/// <param name="target">What happens; null for a rule that only counts.</param>
internal sealed class Rule(RuleHead head, RuleMatch[] matches, RuleTarget? target) : Counted
{
    // Most rules have one match beside the remark, which is asked without a look at the list.
    private readonly RuleMatch? _first = Array.Find(matches, static m => !m.IsRemark);
    private readonly RuleMatch[] _more = MoreOf(matches);
    private readonly bool _asksMore = head.AsksMore;
    private readonly bool _mayDepend = Array.Exists(matches, static m => m.DependsOnPacket);

    internal RuleHead Head { get; } = head;

    internal RuleMatch[] MatchList { get; } = matches;

    internal RuleTarget? Target { get; } = target;

    /// <summary>Whether the target does something else for each packet of a connection's direction.</summary>
    internal bool TargetDependsOnPacket { get; } = target is { DependsOnPacket: true };

    /// <summary>Whether a packet is meant whose addresses and protocol are (<see cref="QuickHead"/>).</summary>
    internal bool MatchesRest(NetfilterPacket packet)
    {
        if (_asksMore && !Head.MatchesRest(packet))
            return false;
        if (_first is null)
            return true;
        if (_mayDepend && packet.Recorder is { } recorder)
            return MatchesNoted(packet, recorder);
        if (!_first.Matches(packet))
            return false;
        foreach (RuleMatch match in _more)
        {
            if (!match.Matches(packet))
                return false;
        }

        return true;
    }

    private static RuleMatch[] MoreOf(RuleMatch[] matches)
    {
        int asked = 0;
        foreach (RuleMatch match in matches)
            asked += match.IsRemark ? 0 : 1;
        return asked < 2 ? [] : [.. matches.Where(static m => !m.IsRemark).Skip(1)];
    }

    private bool MatchesNoted(NetfilterPacket packet, Established.PathRecorder recorder)
    {
        foreach (RuleMatch match in MatchList)
        {
            if (match.DependsOnPacket)
                recorder.Spoil();
            if (!match.Matches(packet))
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
