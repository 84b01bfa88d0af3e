namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>What a chain is to become.</summary>
internal sealed class ChainDraft
{
    /// <summary>Begins with a chain as it is.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="isNew">Whether no table has it yet.</param>
    internal ChainDraft(Chain chain, bool isNew = false)
    {
        Chain = chain;
        IsNew = isNew;
        Policy = chain.Policy;
        Packets = chain.Packets;
        Bytes = chain.Bytes;
        SetsCounters = false;
        Rules = [.. chain.Rules];
    }

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

    internal void Flush()
    {
        Rules.Clear();
    }
}
