using System.Runtime.InteropServices;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>
/// Checks a table as it will be, piece by piece, and then puts it in force at once. Until then nothing has changed; what changes the table meanwhile
/// makes the check worthless.
/// </summary>
/// <param name="draft">The changes.</param>
internal sealed class TableCommit(TableDraft draft)
{
    // Of chains that do not change; those that do have them in their drafts.
    private readonly Dictionary<Chain, int> _references = new(ReferenceEqualityComparer.Instance);
    private readonly TableCheck _check = new(draft);
    private readonly List<(ChainDraft Draft, Rule[] Rules, QuickHead[] Heads, ChainIndex? Index)> _ready = new(draft.Changed.Count);

    /// <summary>What is wrong with it; null for nothing. Known when the check is through.</summary>
    internal TableFault? Fault { get; private set; }

    /// <summary>Checks; to the end before <see cref="Apply"/>.</summary>
    /// <returns>How many rules each piece looked at.</returns>
    internal IEnumerable<int> Check()
    {
        foreach (ChainDraft each in draft.Changed)
            yield return CountReferences(each);
        foreach (ChainDraft each in draft.Changed)
        {
            if (each.IsDeleted && each.Chain.References + each.MoreReferences > 0)
            {
                Fault = new TableFault(TableFaultKind.Busy, each.Chain.Name, each.Line);
                yield break;
            }
        }

        foreach (int looked in _check.Run())
            yield return looked;
        Fault = _check.Fault;
        if (Fault is not null)
            yield break;
        foreach (ChainDraft each in draft.Changed)
        {
            Rule[] rules = each.IsDeleted ? [] : [.. each.Rules];
            _ready.Add((each, rules, Array.ConvertAll(rules, static rule => new QuickHead(rule.Head)), ChainIndex.Of(rules)));
            yield return 1 + rules.Length;
        }

        draft.Table.MakeRoomFor(_ready.Count);
    }

    /// <summary>Puts it in force.</summary>
    internal void Apply()
    {
        foreach ((Chain chain, int mask) in _check.HookMasks)
            chain.HookMask = mask;
        foreach ((Chain chain, int change) in _references)
            chain.References += change;
        foreach ((ChainDraft each, Rule[] rules, QuickHead[] heads, ChainIndex? index) in _ready)
            Exchange(each, rules, heads, index);
        draft.End();
    }

    private int CountReferences(ChainDraft each)
    {
        Count(each.Chain.Rules, -1);
        if (each.IsDeleted)
            return 1;
        Count(CollectionsMarshal.AsSpan(each.Rules), 1);
        return 1 + each.Rules.Count;
    }

    private void Count(ReadOnlySpan<Rule> rules, int change)
    {
        foreach (Rule rule in rules)
        {
            if (rule.Target is not Targets.ChainTarget { Chain: var chain })
                continue;
            if (draft.DraftOf(chain) is { } own)
                own.MoreReferences += change;
            else
                CollectionsMarshal.GetValueRefOrAddDefault(_references, chain, out _) += change;
        }
    }

    private void Exchange(ChainDraft each, Rule[] rules, QuickHead[] heads, ChainIndex? index)
    {
        Table table = draft.Table;
        Chain chain = each.Chain;
        table.RuleCount += rules.Length - chain.Rules.Length;
        chain.SetRules(rules, heads, index);
        chain.References += each.MoreReferences;
        chain.HookMask = each.HookMask ?? chain.HookMask;
        if (each.IsDeleted)
        {
            table.Remove(chain);
            return;
        }

        chain.Policy = each.Policy;
        // Packets have passed since the draft began.
        if (each.SetsCounters)
            (chain.Packets, chain.Bytes) = (each.Packets, each.Bytes);
        if (each.IsNew)
            table.AddUserChain(chain);
    }
}
