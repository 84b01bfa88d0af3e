namespace ActorNet.Histories;

/// <summary>What the search found.</summary>
public enum Decision
{
    /// <summary>There is an order of the operations, true to their times, in which a sequential object gives these answers.</summary>
    Linearizable,

    /// <summary>There is none.</summary>
    NotLinearizable,

    /// <summary>The search was given up at its limit.</summary>
    Undecided,
}

/// <summary>What the search found, and how far it came.</summary>
/// <param name="Decision">What was found.</param>
/// <param name="Steps">Operations that were tried.</param>
/// <param name="Explanation">For people: empty when the history is linearizable, else the longest order that was found and the answer that fits behind none.</param>
public sealed record Verdict(Decision Decision, long Steps, string Explanation)
{
    /// <summary>True when there is an order.</summary>
    public bool IsLinearizable => Decision == Decision.Linearizable;
}
