namespace ActorNet.Dataplane.Netfilter;

/// <summary>A chain or rule that a program wants to be there, wherever it stands: what is there already is left alone.</summary>
/// <param name="Table">The table.</param>
/// <param name="Chain">The chain, made when <paramref name="Rule"/> is null.</param>
/// <param name="Rule">The rule as behind -A CHAIN; null for the chain alone.</param>
/// <param name="Prepend">Whether a new rule is put first in its chain; else last.</param>
public sealed record EnsuredRule(string Table, string Chain, string? Rule = null, bool Prepend = false);
