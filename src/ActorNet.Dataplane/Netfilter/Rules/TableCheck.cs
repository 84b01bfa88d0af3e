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
/// and every target only where its module lets it be. What was in force before was right, so only what changes is looked at: a circle has a new
/// jump in it, and a chain can only be reached from a further hook by one.
/// </summary>
/// <param name="draft">The table as it will be.</param>
internal sealed class TableCheck(TableDraft draft)
{
    // Of chains that do not change; those that do have it in their drafts.
    private readonly Dictionary<Chain, CircleSearch> _searches = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Chain, int> _masks = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<Chain> _before = new(ReferenceEqualityComparer.Instance);
    private readonly Stack<(Chain Chain, int Next)> _path = new();

    /// <summary>The hooks that lead to the chains where that changed.</summary>
    internal Dictionary<Chain, int> HookMasks => _masks;

    /// <summary>What is wrong; null for nothing. Known at the end of <see cref="Run"/>.</summary>
    internal TableFault? Fault { get; private set; }

    /// <summary>Checks, to the first fault.</summary>
    /// <returns>How many rules each piece looked at.</returns>
    internal IEnumerable<int> Run()
    {
        ChainDraft[] changed = [.. draft.Changed.Where(static c => !c.IsDeleted)];
        foreach (ChainDraft chain in changed)
        {
            if (FindCircle(chain) is { } closing)
            {
                Fault = new TableFault(TableFaultKind.Loop, closing.Name, draft.LineOf(closing));
                yield break;
            }

            yield return 1 + chain.Rules.Count;
        }

        foreach (int looked in CheckTargets(changed.Select(static c => c.Chain)))
            yield return looked;
        if (Fault is not null)
            RunAll();
    }

    // The chain whose jump closes the circle; null for none.
    private Chain? FindCircle(ChainDraft changed)
    {
        _before.Clear();
        foreach (Rule rule in changed.Chain.Rules)
        {
            if (rule.Target is Targets.ChainTarget { Chain: var target })
                _before.Add(target);
        }

        CircleSearch before = changed.Search;
        changed.Search = CircleSearch.Open;
        foreach (Rule rule in changed.Rules)
        {
            if (rule.Target is Targets.ChainTarget { Chain: var target } && _before.Add(target) && FindOpen(changed.Chain, target) is { } closing)
                return closing;
        }

        changed.Search = before;
        return null;
    }

    // Depth first with a stack of its own: the depth of a user's chains is not bounded by ours.
    private Chain? FindOpen(Chain from, Chain root)
    {
        if (SearchOf(root) is not CircleSearch.None and var known)
            return known == CircleSearch.Open ? from : null;
        _path.Clear();
        _path.Push((root, 0));
        Note(root, CircleSearch.Open);
        while (_path.TryPop(out (Chain Chain, int Next) top))
        {
            ReadOnlySpan<Rule> rules = draft.RulesOf(top.Chain);
            Chain? into = null;
            int at = top.Next;
            for (; at < rules.Length && into is null; at++)
                into = (rules[at].Target as Targets.ChainTarget)?.Chain;
            if (into is null)
            {
                Note(top.Chain, CircleSearch.Closed);
                continue;
            }

            _path.Push((top.Chain, at));
            CircleSearch search = SearchOf(into);
            if (search == CircleSearch.Open)
                return top.Chain;
            if (search == CircleSearch.None)
            {
                Note(into, CircleSearch.Open);
                _path.Push((into, 0));
            }
        }

        return null;
    }

    private CircleSearch SearchOf(Chain chain) => draft.DraftOf(chain) is { } own ? own.Search : _searches.GetValueOrDefault(chain);

    private void Note(Chain chain, CircleSearch search)
    {
        if (draft.DraftOf(chain) is { } own)
            own.Search = search;
        else
            _searches[chain] = search;
    }

    private IEnumerable<int> CheckTargets(IEnumerable<Chain> changed)
    {
        var waiting = new Stack<Chain>(changed);
        while (Fault is null && waiting.TryPop(out Chain? chain))
        {
            if (MaskOf(chain) is > 0 and int mask && !MayStandAll(draft.RulesOf(chain), mask, waiting))
                Fault = new TableFault(TableFaultKind.InvalidTarget, chain.Name, draft.LineOf(chain));
            yield return 1 + draft.RulesOf(chain).Length;
        }
    }

    // Chains that more hooks lead to now wait to be looked at.
    private bool MayStandAll(ReadOnlySpan<Rule> rules, int mask, Stack<Chain> waiting)
    {
        foreach (Rule rule in rules)
        {
            RuleTarget? target = rule.Target;
            if (target is not Targets.ChainTarget jump)
            {
                if (target is not null && !MayStand(target, mask))
                    return false;
            }
            else if (MaskOf(jump.Chain) is var before && (before | mask) != before)
            {
                SetMask(jump.Chain, before | mask);
                waiting.Push(jump.Chain);
            }
        }

        return true;
    }

    private int MaskOf(Chain chain) => draft.DraftOf(chain) is { } own ? own.HookMask ?? chain.HookMask : _masks.GetValueOrDefault(chain, chain.HookMask);

    private void SetMask(Chain chain, int mask)
    {
        if (draft.DraftOf(chain) is { } own)
            own.HookMask = mask;
        else
            _masks[chain] = mask;
    }

    private bool MayStand(RuleTarget target, int mask) => (target.OnlyTable ?? draft.Table.Name) == draft.Table.Name && (target.HookMask & mask) == mask;

    // Hooks that led to a chain before, and do not any more, may be what is in the way: from the beginning, then, as the kernel.
    private void RunAll()
    {
        Chain[] builtIn = [.. draft.Table.BuiltIn];
        Fault = null;
        _masks.Clear();
        foreach (Chain chain in draft.Table.Chains.Concat(draft.Changed.Select(static c => c.Chain)))
            SetMask(chain, chain.Hook is { } hook ? 1 << (int)hook : 0);
        foreach (int _ in CheckTargets(builtIn))
        {
            // It is rare and at once.
        }
    }
}
