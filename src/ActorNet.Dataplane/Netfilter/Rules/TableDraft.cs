using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>
/// Changes to a table that come into force together or not at all. Chains that are not named keep their rules and counters, and cost nothing.
/// Until a <see cref="TableCommit"/> is applied the packets see the old rules.
/// </summary>
/// <param name="table">The table.</param>
/// <param name="chains">About how many chains change.</param>
internal sealed class TableDraft(Table table, int chains = 0)
{
    private readonly Dictionary<string, ChainDraft> _changed = new(chains, StringComparer.Ordinal);
    private ChainDraft? _edited;

    internal Table Table { get; } = table;

    /// <summary>The chains that change.</summary>
    internal IReadOnlyCollection<ChainDraft> Changed => _changed.Values;

    /// <summary>Empties every chain and deletes the users' chains, as iptables-restore without --noflush begins.</summary>
    internal void Clear()
    {
        foreach (Chain chain in Table.Chains)
        {
            var draft = new ChainDraft(this, chain) { IsDeleted = chain.Hook is null };
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
        // One rule of a chain follows the other.
        if (_edited is { } same && same.Chain.Name == name)
        {
            draft = same;
            return !draft.IsDeleted;
        }

        if (_changed.TryGetValue(name, out draft))
        {
            _edited = draft;
            return !draft.IsDeleted;
        }

        if (!Table.TryGet(name, out Chain? chain))
            return false;
        draft = new ChainDraft(this, chain);
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

        draft = new ChainDraft(this, new Chain(name, null), isNew: true);
        _changed.Add(name, draft);
        return draft;
    }

    /// <summary>What a chain is to become; null when it does not change.</summary>
    internal ChainDraft? DraftOf(Chain chain)
    {
        if (chain.Draft is { } own && ReferenceEquals(own.Table, this))
            return own;
        // Another draft may have named the chain since.
        return _changed.TryGetValue(chain.Name, out ChainDraft? draft) && ReferenceEquals(draft.Chain, chain) ? draft : null;
    }

    /// <summary>The rules that a chain will have.</summary>
    internal ReadOnlySpan<Rule> RulesOf(Chain chain) => DraftOf(chain) is { } draft ? CollectionsMarshal.AsSpan(draft.Rules) : chain.Rules;

    /// <summary>The line that changed a chain; 0 when none did.</summary>
    internal int LineOf(Chain chain) => DraftOf(chain)?.Line ?? 0;

    /// <summary>The drafts are done with: the chains lead to none of them any more.</summary>
    internal void End()
    {
        foreach (ChainDraft draft in _changed.Values)
        {
            if (ReferenceEquals(draft.Chain.Draft, draft))
                draft.Chain.Draft = null;
        }
    }
}
