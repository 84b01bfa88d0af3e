namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>What a chain is to become.</summary>
internal sealed class ChainDraft
{
    /// <summary>Begins with a chain as it is.</summary>
    /// <param name="table">The changes that it is among.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="isNew">Whether no table has it yet.</param>
    internal ChainDraft(TableDraft table, Chain chain, bool isNew = false)
    {
        Table = table;
        Chain = chain;
        chain.Draft = this;
        IsNew = isNew;
        Policy = chain.Policy;
        Packets = chain.Packets;
        Bytes = chain.Bytes;
        SetsCounters = false;
        Rules = [.. chain.Rules];
    }

    internal TableDraft Table { get; }

    internal Chain Chain { get; }

    /// <summary>Whether the table gets it by this draft.</summary>
    internal bool IsNew { get; }

    internal List<Rule> Rules { get; }

    internal RuleVerdict Policy { get; set; }

    internal long Packets
    {
        get;
        set
        {
            field = value;
            SetsCounters = true;
        }
    }

    internal long Bytes { get; set; }

    /// <summary>Whether the chain's counters are to be these, and not what they have become.</summary>
    internal bool SetsCounters { get; private set; }

    /// <summary>-X.</summary>
    internal bool IsDeleted { get; set; }

    /// <summary>The line that last changed it, for messages.</summary>
    internal int Line { get; set; }

    /// <summary>How many more rules lead here than before, as <see cref="TableCommit"/> counts them.</summary>
    internal int MoreReferences { get; set; }

    /// <summary>How far <see cref="TableCheck"/> has looked for a circle from here.</summary>
    internal CircleSearch Search { get; set; }

    /// <summary>The hooks that will lead here, when <see cref="TableCheck"/> found some besides the chain's; null before.</summary>
    internal int? HookMask { get; set; }

    internal void Flush()
    {
        Rules.Clear();
    }
}

/// <summary>What a search for circles of jumps knows of a chain.</summary>
internal enum CircleSearch : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It is on the way that is being looked at.</summary>
    Open,

    /// <summary>No way from here closes a circle.</summary>
    Closed,
}
