using System.Collections.Immutable;
using ActorNet.Kubernetes.KubeProxy;

namespace ActorNet.Node;

/// <summary>What a node's kube-proxy has done so far.</summary>
public sealed record KubeProxyStatus
{
    /// <summary>Services that have rules.</summary>
    public int Services { get; init; }

    /// <summary>Endpoints of all their ports.</summary>
    public int Endpoints { get; init; }

    /// <summary>Programs with every chain.</summary>
    public long FullSyncs { get; init; }

    /// <summary>Programs with the chains of what changed.</summary>
    public long PartialSyncs { get; init; }

    /// <summary>Programs that were refused.</summary>
    public long Failures { get; init; }

    /// <summary>What was said of the last program when it was refused; null when it is in force.</summary>
    public string? LastError { get; init; }

    /// <summary>UDP connections deleted because their endpoint was gone.</summary>
    public long DeletedConnections { get; init; }

    /// <summary>From endpoints' changes to rules in force.</summary>
    public ProgrammingLatencyView Latency { get; init; } = new(0, 0, 0, 0);

    /// <summary>What of the API's objects could not be made rules of, a sentence each.</summary>
    public ImmutableArray<string> Problems { get; init; } = [];
}
