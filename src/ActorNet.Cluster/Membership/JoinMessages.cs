using ActorNet.Cluster.Serialization;
using MessagePack;

namespace ActorNet.Cluster.Membership;

/// <summary>
/// Asks a seed, before joining, whether it is in the right cluster. What both join messages have is never changed, only added to at the end: they are how
/// different versions tell each other that they differ.
/// </summary>
/// <param name="ClusterName">The cluster the asker wants to join.</param>
/// <param name="Version">The asker's control protocol version.</param>
/// <param name="HostName">The asker's host name.</param>
/// <param name="Endpoint">The asker's endpoint as host:port.</param>
/// <param name="Claims">Whether the asker is about to form the cluster anew, and wants the other's promise to let nobody else do so.</param>
/// <param name="Release">The asker's <see cref="Membership.Release"/>; null: it does not say.</param>
[MessagePackObject]
public sealed record JoinHello(
    [property: Key(0)] string ClusterName,
    [property: Key(1)] int Version,
    [property: Key(2)] string HostName,
    [property: Key(3)] string Endpoint,
    [property: Key(4)] bool Claims = false,
    [property: Key(5)] string? Release = null) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(ClusterName, "clusterName") ?? WireLimits.Text(HostName, "hostName") ?? WireLimits.Text(Endpoint, "endpoint")
        ?? WireLimits.TextOrNone(Release ?? "", "release");
}

/// <summary>A seed's answer to <see cref="JoinHello"/>.</summary>
/// <param name="ClusterName">The seed's cluster.</param>
/// <param name="Version">The seed's control protocol version.</param>
/// <param name="IsMember">Whether the seed is an Up member now, so that one can join through it.</param>
/// <param name="HostNameHolder">The endpoint of another live member with the asker's host name, or empty.</param>
/// <param name="Returns">Whether the seed's process has been in the cluster before.</param>
/// <param name="LeadsTerm">The term in which the seed's disk leads the store; 0: it does not.</param>
/// <param name="Grants">The promise that the asker claims.</param>
/// <param name="Release">The release of the member that the asker's fits least, the seed's own if all fit; null: the seed does not say.</param>
/// <param name="ReleaseHost">The host of that member; null: the seed does not say.</param>
/// <param name="StoreMember">The name of the seed's disk in the store, if that says that it is a member; else empty; null: the seed does not say.</param>
/// <param name="IsPromised">Whether the seed lets another one than the asker form the cluster, or is on its way into one.</param>
/// <param name="HasAsker">Whether the asker's endpoint is a member's in the seed's cluster.</param>
/// <param name="Hosts">How many hosts of the seed's cluster are Up and answer, as the seed sees it.</param>
/// <param name="FirstHost">The lowest of their endpoints as host:port; null: the seed does not say.</param>
/// <param name="Identity">Which cluster the seed's is: of its authority's certificate; null: the seed does not say.</param>
[MessagePackObject]
public sealed record JoinAnswer(
    [property: Key(0)] string ClusterName,
    [property: Key(1)] int Version,
    [property: Key(2)] bool IsMember,
    [property: Key(3)] string HostNameHolder,
    [property: Key(4)] bool Returns = false,
    [property: Key(5)] long LeadsTerm = 0,
    [property: Key(6)] bool Grants = false,
    [property: Key(7)] string? Release = null,
    [property: Key(8)] string? ReleaseHost = null,
    [property: Key(9)] string? StoreMember = null,
    [property: Key(10)] bool IsPromised = false,
    [property: Key(11)] bool HasAsker = false,
    [property: Key(12)] int Hosts = 0,
    [property: Key(13)] string? FirstHost = null,
    [property: Key(14)] string? Identity = null) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(ClusterName, "clusterName") ?? (HostNameHolder is null ? "hostNameHolder is missing" : null)
        ?? WireLimits.TextOrNone(Release ?? "", "release") ?? WireLimits.TextOrNone(ReleaseHost ?? "", "releaseHost") ?? WireLimits.TextOrNone(StoreMember ?? "", "storeMember")
        ?? WireLimits.TextOrNone(FirstHost ?? "", "firstHost") ?? WireLimits.TextOrNone(Identity ?? "", "identity");
}
