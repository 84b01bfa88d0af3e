namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>What is wrong with a table, as the kernel would refuse it.</summary>
internal enum TableFaultKind : byte
{
    /// <summary>EBUSY: a chain that rules lead to is to be deleted.</summary>
    Busy,

    /// <summary>EMLINK: chains lead in a circle.</summary>
    Loop,

    /// <summary>EINVAL: a target that must not stand in this table or be reached from this hook.</summary>
    InvalidTarget,
}

/// <summary>A fault and where it is.</summary>
/// <param name="Kind">What.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Line">The line that brought it, 0 when unknown.</param>
internal sealed record TableFault(TableFaultKind Kind, string Chain, int Line);

/// <summary>
/// What the kernel checks before rules come into force (linux net/ipv4/netfilter/ip_tables.c mark_source_chains, xt_check_target): no circle,
/// and every target only where its module lets it be.
/// </summary>
/// <param name="draft">The table as it will be.</param>
internal sealed class TableCheck(TableDraft draft)
{
    private readonly Dictionary<Chain, State> _states = new(ReferenceEqualityComparer.Instance);

    private readonly record struct State(int HookMask, bool IsOpen);

    internal TableFault? Run()
    {
        foreach (Chain chain in draft.Table.BuiltIn)
        {
            TableFault? fault = Visit(chain, 1 << (int)chain.Hook!.Value);
            if (fault is not null)
                return fault;
        }

        return null;
    }

    // Depth first with a stack of its own: the depth of a user's chains is not bounded by ours.
    private TableFault? Visit(Chain root, int hook)
    {
        var path = new Stack<(Chain Chain, int Next)>();
        path.Push((root, 0));
        _states[root] = new State(_states.GetValueOrDefault(root).HookMask | hook, true);
        while (path.TryPop(out (Chain Chain, int Next) top))
        {
            IReadOnlyList<Rule> rules = draft.RulesOf(top.Chain, out int line);
            Chain? into = null;
            int at = top.Next;
            for (; at < rules.Count && into is null; at++)
            {
                RuleTarget? target = rules[at].Target;
                if (target is Targets.ChainTarget jump)
                    into = jump.Chain;
                else if (target is not null && ((target.OnlyTable ?? draft.Table.Name) != draft.Table.Name || (target.HookMask & hook) == 0))
                    return new TableFault(TableFaultKind.InvalidTarget, top.Chain.Name, line);
            }

            if (into is null)
            {
                _states[top.Chain] = _states[top.Chain] with { IsOpen = false };
                continue;
            }

            path.Push((top.Chain, at));
            State state = _states.GetValueOrDefault(into);
            if (state.IsOpen)
                return new TableFault(TableFaultKind.Loop, top.Chain.Name, line);
            if ((state.HookMask & hook) != 0)
                continue;
            _states[into] = new State(state.HookMask | hook, true);
            path.Push((into, 0));
        }

        return null;
    }
}
