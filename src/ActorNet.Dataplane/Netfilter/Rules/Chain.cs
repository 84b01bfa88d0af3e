namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>A chain of a table: a built-in one begins at a hook and has a policy, a user's one is jumped to.</summary>
/// <param name="name">Its name.</param>
/// <param name="hook">The hook that it begins at; null for a user's chain.</param>
internal sealed class Chain(string name, NetfilterHook? hook) : Counted
{
    /// <summary>Longest name of a user's chain in characters (XT_EXTENSION_MAXNAMELEN less the terminator).</summary>
    internal const int MaxNameLength = 28;

    internal string Name { get; } = name;

    internal NetfilterHook? Hook { get; } = hook;

    /// <summary>What happens at the end of a built-in chain: <see cref="RuleVerdict.Accept"/> or <see cref="RuleVerdict.Drop"/>.</summary>
    internal RuleVerdict Policy { get; set; } = RuleVerdict.Accept;

    /// <summary>Its rules; the array never changes.</summary>
    internal Rule[] Rules { get; private set; } = [];

    /// <summary>The rules' addresses and protocols, in their order.</summary>
    internal QuickHead[] Heads { get; private set; } = [];

    /// <summary>Finds rules of a long chain; null for one that is walked.</summary>
    internal ChainIndex? Index { get; private set; }

    /// <summary>
    /// Hooks that lead here, a bit for each <see cref="NetfilterHook"/>; perhaps some more that did before rules were taken away.
    /// </summary>
    internal int HookMask { get; set; } = hook is { } at ? 1 << (int)at : 0;

    /// <summary>Rules of the table that lead here.</summary>
    internal int References { get; set; }

    /// <summary>What it is to become in the <see cref="TableDraft"/> that named it last; there may be others, which <see cref="TableDraft.DraftOf"/> knows.</summary>
    internal ChainDraft? Draft { get; set; }

    /// <summary>A number that follows from the name alone: the place of random choices made here.</summary>
    internal ulong Place { get; } = PlaceOf(name);

    /// <summary>Gives it other rules.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="heads">What they ask first.</param>
    /// <param name="index">Their index; null for none.</param>
    internal void SetRules(Rule[] rules, QuickHead[] heads, ChainIndex? index) => (Rules, Heads, Index) = (rules, heads, index);

    // FNV-1a (draft-eastlake-fnv, 64 bits).
    private static ulong PlaceOf(string name)
    {
        ulong hash = 0xCBF2_9CE4_8422_2325;
        foreach (char c in name)
            hash = (hash ^ c) * 0x0000_0100_0000_01B3;
        return hash;
    }
}
