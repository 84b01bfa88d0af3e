namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>
/// Takes packets through a table (linux net/ipv4/netfilter/ip_tables.c ipt_do_table): rule by rule, into chains and back, counting each rule
/// that matches, to a verdict or the policy.
/// </summary>
internal sealed class RuleWalk
{
    private (Chain Chain, int Next)[] _stack = new (Chain, int)[16];

    /// <summary>The rule that gave the last verdict; null when it was a policy.</summary>
    internal Rule? DecidedBy { get; private set; }

    /// <summary>The chain of that rule or policy.</summary>
    internal Chain? DecidedIn { get; private set; }

    /// <summary>Runs a packet through the chain of a hook.</summary>
    internal RuleVerdict Run(Chain root, NetfilterPacket packet)
    {
        int depth = 0;
        Chain chain = root;
        Rule[] rules = chain.Rules;
        int at = 0;
        bool indexed = packet.Owner.Options.IndexesChains;
        while (true)
        {
            if (indexed && chain.Index is { } index)
                at = index.Next(at, packet);
            if (at >= rules.Length)
            {
                if (depth == 0)
                    return Policy(root, packet);
                (chain, at) = _stack[--depth];
                rules = chain.Rules;
                continue;
            }

            if (!chain.Heads[at].Matches(packet))
            {
                at++;
                continue;
            }

            packet.Place = chain.Place + (uint)at;
            Rule rule = rules[at++];
            if (!rule.MatchesRest(packet))
                continue;
            rule.Count(packet);
            if (packet.Recorder is { } recorder)
                Record(recorder, rule);
            packet.Trace?.Add(chain, rule);
            RuleVerdict verdict = rule.Target?.Execute(packet) ?? RuleVerdict.Continue;
            switch (verdict)
            {
                case RuleVerdict.Continue:
                    break;
                case RuleVerdict.Jump or RuleVerdict.Goto:
                    if (verdict == RuleVerdict.Jump)
                        Push(depth++, chain, at);
                    chain = ((Targets.ChainTarget)rule.Target!).Chain;
                    rules = chain.Rules;
                    at = 0;
                    break;
                case RuleVerdict.Return:
                    at = rules.Length;
                    break;
                default:
                    DecidedBy = rule;
                    DecidedIn = chain;
                    return verdict;
            }
        }
    }

    private static void Record(Established.PathRecorder recorder, Rule rule)
    {
        recorder.Add(rule);
        if (rule.TargetDependsOnPacket)
            recorder.Spoil();
    }

    private RuleVerdict Policy(Chain root, NetfilterPacket packet)
    {
        root.Count(packet);
        packet.Recorder?.Add(root);
        DecidedBy = null;
        DecidedIn = root;
        return root.Policy;
    }

    private void Push(int depth, Chain chain, int next)
    {
        // No circle is let in, so the depth is bounded by the chains.
        if (depth == _stack.Length)
            Array.Resize(ref _stack, depth * 2);
        _stack[depth] = (chain, next);
    }
}
