using System.Collections.Immutable;
using ActorNet.Kubernetes.KubeProxy.Health;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>What is to come into force on a node together.</summary>
/// <param name="Pieces">For iptables-restore --noflush --counters, in pieces of whole lines; none when no rule changes.</param>
/// <param name="IsFull">Whether every chain is in it; then the jumps from the built-in chains are ensured first.</param>
/// <param name="Stale">UDP connections that go once the rules are in force; null for none.</param>
public sealed record ProxyProgram(IReadOnlyList<string> Pieces, bool IsFull, StaleFlows? Stale)
{
    /// <summary>When the changes of endpoints that it is for were triggered.</summary>
    public IReadOnlyList<DateTimeOffset> Triggers { get; init; } = [];

    /// <summary>What load balancers are told once it is in force, by namespace/name of the Service.</summary>
    public ImmutableSortedDictionary<string, ServiceHealth> HealthChecks { get; init; } = ImmutableSortedDictionary<string, ServiceHealth>.Empty;

    /// <summary>The pieces as one text.</summary>
    public string Text => string.Concat(Pieces);
}
