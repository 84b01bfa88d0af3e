using System.Diagnostics.CodeAnalysis;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>
/// Changes to a table that come into force together or not at all. Chains that are not named keep their rules and counters, and cost nothing.
/// Until <see cref="Commit"/> the packets see the old rules.
/// </summary>
/// <param name="table">The table.</param>
internal sealed class TableDraft(Table table)
{
    private readonly Dictionary<string, ChainDraft> _changed = new(StringComparer.Ordinal);

    internal Table Table { get; } = table;

    /// <summary>The chains that change.</summary>
    internal IEnumerable<ChainDraft> Changed => _changed.Values;

    /// <summary>Empties every chain and deletes the users' chains, as iptables-restore without --noflush begins.</summary>
    internal void Clear()
    {
        foreach (Chain chain in Table.Chains)
        {
            var draft = new ChainDraft(chain) { IsDeleted = chain.Hook is null };
            draft.Flush();
            _changed[chain.Name] = draft;
        }
    }

    /// <summary>A chain as it will be; false when it will not be there.</summary>
    internal bool TryGet(string name, [NotNullWhen(true)] out Chain? chain)
    {
        if (_changed.TryGetValue(name, out ChainDraft? draft))
        {
            chain = draft.Chain;
            return !draft.IsDeleted;
        }

        return Table.TryGet(name, out chain);
    }

    /// <summary>A chain to change.</summary>
    internal bool TryEdit(string name, [NotNullWhen(true)] out ChainDraft? draft)
    {
        if (_changed.TryGetValue(name, out draft))
            return !draft.IsDeleted;
        if (!Table.TryGet(name, out Chain? chain))
            return false;
        draft = new ChainDraft(chain);
        _changed.Add(name, draft);
        return true;
    }

    /// <summary>Makes a users' chain; one that was deleted in this draft is there again, empty.</summary>
    internal ChainDraft Create(string name)
    {
        if (_changed.TryGetValue(name, out ChainDraft? draft) && draft.IsDeleted)
        {
            draft.IsDeleted = false;
            draft.Packets = 0;
            draft.Bytes = 0;
            return draft;
        }

        draft = new ChainDraft(new Chain(name, null));
        _changed.Add(name, draft);
        return draft;
    }

    /// <summary>Checks the whole table as it will be and puts it in force.</summary>
    /// <returns>Null, or what is wrong; then nothing has changed.</returns>
    internal TableFault? Commit()
    {
        Dictionary<Chain, int> references = CountReferences();
        foreach (ChainDraft draft in _changed.Values)
        {
            if (draft.IsDeleted && draft.Chain.References + references.GetValueOrDefault(draft.Chain) > 0)
                return new TableFault(TableFaultKind.Busy, draft.Chain.Name, draft.Line);
        }

        var check = new TableCheck(this);
        TableFault? fault = check.Run();
        if (fault is not null)
            return fault;
        foreach ((Chain chain, int mask) in check.HookMasks)
            chain.HookMask = mask;
        foreach ((Chain chain, int change) in references)
            chain.References += change;
        foreach (ChainDraft draft in _changed.Values)
            Apply(draft);
        _changed.Clear();
        return null;
    }

    /// <summary>The rules that a chain will have, and the line that changed it (0 when none did).</summary>
    internal IReadOnlyList<Rule> RulesOf(Chain chain, out int line)
    {
        if (_changed.TryGetValue(chain.Name, out ChainDraft? draft) && ReferenceEquals(draft.Chain, chain))
        {
            line = draft.Line;
            return draft.Rules;
        }

        line = 0;
        return chain.Rules;
    }

    private Dictionary<Chain, int> CountReferences()
    {
        var changes = new Dictionary<Chain, int>(ReferenceEqualityComparer.Instance);
        foreach (ChainDraft draft in _changed.Values)
        {
            Count(draft.Chain.Rules, -1, changes);
            if (!draft.IsDeleted)
                Count(draft.Rules, 1, changes);
        }

        return changes;
    }

    private static void Count(IReadOnlyList<Rule> rules, int change, Dictionary<Chain, int> changes)
    {
        for (int i = 0; i < rules.Count; i++)
        {
            if (rules[i].Target is Targets.ChainTarget { Chain: var chain })
                changes[chain] = changes.GetValueOrDefault(chain) + change;
        }
    }

    private void Apply(ChainDraft draft)
    {
        Chain chain = draft.Chain;
        Table.RuleCount -= chain.Rules.Length;
        if (draft.IsDeleted)
        {
            chain.Rules = [];
            Table.Remove(chain);
            return;
        }

        Table.RuleCount += draft.Rules.Count;
        chain.Rules = [.. draft.Rules];
        chain.Policy = draft.Policy;
        chain.Packets = draft.Packets;
        chain.Bytes = draft.Bytes;
        if (!Table.TryGet(chain.Name, out _))
            Table.AddUserChain(chain);
    }
}
