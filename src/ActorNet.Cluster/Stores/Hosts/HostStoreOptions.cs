using System.Net;

namespace ActorNet.Cluster.Stores.Hosts;

/// <summary>A host's part in the store.</summary>
public sealed record HostStoreOptions
{
    /// <summary>The store's own directory, made when it is missing.</summary>
    public required string Directory { get; init; }

    /// <summary>This host.</summary>
    public required string HostName { get; init; }

    /// <summary>Where it listens for the other members.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Whether this host forms the cluster, and its store: all others wait to be added.</summary>
    public bool MayForm { get; init; }

    /// <summary>The shortest time without a leader after which a member stands for election; the longest is twice that.</summary>
    public TimeSpan ElectionTimeout { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Whether a host that is away was given up by somebody, so that its member need not be waited for. Asked by the member that leads; it must not block.</summary>
    public Func<string, bool> IsGone { get; init; } = static _ => false;

    /// <summary>Hears what happens to the store, a sentence each; called from any thread.</summary>
    public Action<string> Tell { get; init; } = static _ => { };
}
