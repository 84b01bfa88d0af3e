namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>A line of iptables-restore's text that says something.</summary>
/// <param name="Number">Its number, from 1.</param>
internal abstract record RestoreLine(int Number);

/// <summary>*TABLE</summary>
/// <param name="Number">The line.</param>
/// <param name="Table">The table.</param>
internal sealed record TableLine(int Number, string Table) : RestoreLine(Number)
{
    /// <summary>How many chains the table's lines declare.</summary>
    internal int Chains { get; set; }
}

/// <summary>COMMIT</summary>
/// <param name="Number">The line.</param>
internal sealed record CommitLine(int Number) : RestoreLine(Number);

/// <summary>:CHAIN POLICY [packets:bytes]</summary>
/// <param name="Number">The line.</param>
/// <param name="Chain">The chain, which becomes empty.</param>
/// <param name="Policy">ACCEPT, DROP or -, or what stands there instead.</param>
/// <param name="Packets">Packets of the policy.</param>
/// <param name="Bytes">Bytes of the policy.</param>
internal sealed record ChainLine(int Number, string Chain, string Policy, long Packets, long Bytes) : RestoreLine(Number);

/// <summary>-A CHAIN with a rule.</summary>
/// <param name="Number">The line.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Reading">The rule, with its counters.</param>
internal sealed record AppendLine(int Number, string Chain, RuleReading Reading) : RestoreLine(Number);

/// <summary>Any other command.</summary>
/// <param name="Number">The line.</param>
/// <param name="Words">The command and what follows.</param>
/// <param name="Counters">Counters before it; null for none.</param>
internal sealed record CommandLine(int Number, IReadOnlyList<string> Words, (long Packets, long Bytes)? Counters) : RestoreLine(Number);

/// <summary>A line that cannot be read, or one that must not stand here: the run ends at it.</summary>
/// <param name="Number">The line.</param>
/// <param name="Result">What is said then.</param>
internal sealed record FaultLine(int Number, RestoreResult Result) : RestoreLine(Number);
