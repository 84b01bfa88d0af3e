using System.Diagnostics.CodeAnalysis;

namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>A table: built-in chains in the order of their hooks, and the users' chains by name. A <see cref="TableDraft"/> changes it.</summary>
internal sealed class Table
{
    private readonly Chain?[] _hooks = new Chain?[5];
    private readonly Dictionary<string, Chain> _chains = new(StringComparer.Ordinal);

    /// <summary>Makes the table with its empty built-in chains.</summary>
    /// <param name="name">One of <see cref="TableNames"/>.</param>
    internal Table(string name)
    {
        Name = name;
        foreach (NetfilterHook hook in TableNames.HooksOf(name))
        {
            var chain = new Chain(TableNames.ChainOf(hook), hook);
            _hooks[(int)hook] = chain;
            _chains.Add(chain.Name, chain);
        }
    }

    internal string Name { get; }

    /// <summary>Built-in chains in the order of iptables-save.</summary>
    internal IEnumerable<Chain> BuiltIn => TableNames.HooksOf(Name).Select(hook => _hooks[(int)hook]!);

    /// <summary>Users' chains by name, as strcmp orders.</summary>
    internal IEnumerable<Chain> UserChains => _chains.Values.Where(static c => c.Hook is null).OrderBy(static c => c.Name, StringComparer.Ordinal);

    internal IEnumerable<Chain> Chains => BuiltIn.Concat(UserChains);

    /// <summary>Rules of all chains.</summary>
    internal int RuleCount { get; set; }

    internal int UserChainCount => _chains.Count - TableNames.HooksOf(Name).Length;

    /// <summary>The chain that begins at a hook; null when the table has none there.</summary>
    internal Chain? At(NetfilterHook hook) => _hooks[(int)hook];

    internal bool TryGet(string name, [NotNullWhen(true)] out Chain? chain) => _chains.TryGetValue(name, out chain);

    internal void AddUserChain(Chain chain) => _chains.Add(chain.Name, chain);

    /// <summary>Chains that come next find room, so that adding them takes no time.</summary>
    internal void MakeRoomFor(int chains) => _chains.EnsureCapacity(_chains.Count + chains);

    internal void Remove(Chain chain) => _chains.Remove(chain.Name);
}
