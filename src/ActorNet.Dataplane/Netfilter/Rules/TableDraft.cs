using System.Diagnostics.CodeAnalysis;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>
/// Changes to a table that come into force together or not at all. Chains that are not named keep their rules and counters, and cost nothing.
/// Until a <see cref="TableCommit"/> is applied the packets see the old rules.
/// </summary>
/// <param name="table">The table.</param>
internal sealed class TableDraft(Table table)
{
    private readonly Dictionary<string, ChainDraft> _changed = new(StringComparer.Ordinal);

    internal Table Table { get; } = table;

    /// <summary>The chains that change.</summary>
    internal IReadOnlyCollection<ChainDraft> Changed => _changed.Values;

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

        draft = new ChainDraft(new Chain(name, null), isNew: true);
        _changed.Add(name, draft);
        return draft;
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
}
