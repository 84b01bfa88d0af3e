using System.Collections.Immutable;

namespace ActorNet.Kubernetes.Edge;

/// <summary>What is to be open to the outside of a node.</summary>
/// <param name="Ports">The ports.</param>
/// <param name="Conflicts">What a pod asked for and cannot have from outside.</param>
public sealed record EdgePlan(ImmutableArray<EdgePort> Ports, ImmutableArray<EdgeConflict> Conflicts);

/// <summary>A port that a pod asked for and that does not lead to it.</summary>
/// <param name="Port">The port.</param>
/// <param name="Why">Why, and what to do: a sentence.</param>
public sealed record EdgeConflict(EdgePort Port, string Why);
