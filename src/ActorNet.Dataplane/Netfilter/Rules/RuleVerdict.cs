namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>What a target, or a walk through a table, decided.</summary>
internal enum RuleVerdict : byte
{
    /// <summary>The next rule decides (XT_CONTINUE).</summary>
    Continue,

    /// <summary>The packet goes on behind this table.</summary>
    Accept,

    /// <summary>The packet ends here.</summary>
    Drop,

    /// <summary>Back to the calling chain, or the policy of a built-in one.</summary>
    Return,

    /// <summary>On in another chain, and back behind this rule.</summary>
    Jump,

    /// <summary>On in another chain, and back to where this chain was called.</summary>
    Goto,
}
