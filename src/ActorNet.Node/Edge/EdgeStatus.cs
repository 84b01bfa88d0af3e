using System.Collections.Immutable;
using ActorNet.Kubernetes.Edge;

namespace ActorNet.Node.Edge;

/// <summary>What is open to the outside of a node, and what came through it.</summary>
public sealed record EdgeStatus
{
    /// <summary>The ports.</summary>
    public ImmutableArray<EdgePortStatus> Ports { get; init; } = [];

    /// <summary>TCP connections that are open or being opened now.</summary>
    public int Connections { get; init; }

    /// <summary>TCP connections accepted so far.</summary>
    public long Accepted { get; init; }

    /// <summary>Of those, reset at once because nobody took them in the node's network.</summary>
    public long Refused { get; init; }

    /// <summary>Of those, ended with a reset.</summary>
    public long Aborted { get; init; }

    /// <summary>UDP flows that are remembered now.</summary>
    public int Flows { get; init; }

    /// <summary>UDP flows that were one too many.</summary>
    public long FlowsRefused { get; init; }

    /// <summary>Datagrams lost at the edge.</summary>
    public long DatagramsDropped { get; init; }
}

/// <summary>A port that is open to the outside.</summary>
/// <param name="Owner">Whose it is, as default/web, or node/n1.</param>
/// <param name="Kind">Why.</param>
/// <param name="Target">Where it goes in the node's network, as tcp 192.168.56.11:30080.</param>
/// <param name="Real">Where it listens on this machine, as 127.0.10.1:30080; null when it could not be opened at all.</param>
/// <param name="Note">Why it listens elsewhere or not at all, or leads to somebody else; null when it is where it should be.</param>
public sealed record EdgePortStatus(string Owner, EdgePortKind Kind, string Target, string? Real, string? Note);
