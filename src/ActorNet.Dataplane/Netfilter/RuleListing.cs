namespace ActorNet.Dataplane.Netfilter;

/// <summary>How iptables shows rules.</summary>
/// <param name="AsCommands">-S: as commands; else -L: as a table.</param>
/// <param name="Verbose">-v: counters and devices.</param>
/// <param name="Numeric">-n: numbers instead of names.</param>
/// <param name="LineNumbers">--line-numbers.</param>
/// <param name="Exact">-x: counters in full instead of K, M and G.</param>
public sealed record RuleListing(bool AsCommands, bool Verbose = false, bool Numeric = false, bool LineNumbers = false, bool Exact = false);
