using ActorNet.Cluster.Serialization;
using MessagePack;

namespace ActorNet.Cluster.Membership;

/// <summary>
/// Asks a seed, before joining, whether it is in the right cluster. Both join messages keep their form for ever: they are how
/// different versions tell each other that they differ.
/// </summary>
/// <param name="ClusterName">The cluster the asker wants to join.</param>
/// <param name="Version">The asker's control protocol version.</param>
/// <param name="HostName">The asker's host name.</param>
/// <param name="Endpoint">The asker's endpoint as host:port.</param>
[MessagePackObject]
public sealed record JoinHello(
    [property: Key(0)] string ClusterName,
    [property: Key(1)] int Version,
    [property: Key(2)] string HostName,
    [property: Key(3)] string Endpoint) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(ClusterName, "clusterName") ?? WireLimits.Text(HostName, "hostName") ?? WireLimits.Text(Endpoint, "endpoint");
}

/// <summary>A seed's answer to <see cref="JoinHello"/>.</summary>
/// <param name="ClusterName">The seed's cluster.</param>
/// <param name="Version">The seed's control protocol version.</param>
/// <param name="IsMember">Whether the seed is an Up member now, so that one can join through it.</param>
/// <param name="HostNameHolder">The endpoint of another live member with the asker's host name, or empty.</param>
[MessagePackObject]
public sealed record JoinAnswer(
    [property: Key(0)] string ClusterName,
    [property: Key(1)] int Version,
    [property: Key(2)] bool IsMember,
    [property: Key(3)] string HostNameHolder) : IWireMessage
{
    /// <inheritdoc/>
    public string? Defect() => WireLimits.Text(ClusterName, "clusterName") ?? (HostNameHolder is null ? "hostNameHolder is missing" : null);
}
