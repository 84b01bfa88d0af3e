using System.Collections.Immutable;
using ActorNet.Cluster.Membership;

namespace ActorNet.Cluster.Joining;

/// <summary>The exchange by which a host without a certificate comes into a cluster: JSON over HTTPS at the API's port of any host.</summary>
public static class JoinProtocol
{
    /// <summary>Where a host gets the authority's certificate: it is public, and compared with a hash before anything is told.</summary>
    public const string AuthorityPath = "/actornet/v1/authority";

    /// <summary>Where a host says what it is and hears what stands against it; nothing changes by it.</summary>
    public const string TermsPath = "/actornet/v1/join/terms";

    /// <summary>Where it asks to be reached: the host that answers calls its ports, and says how many of its tunnel's probes came.</summary>
    public const string ReachPath = "/actornet/v1/join/reach";

    /// <summary>Where it gets its certificate.</summary>
    public const string CertificatePath = "/actornet/v1/join/certificate";

    /// <summary>The longest request or answer in bytes.</summary>
    public const int MaxBytes = 16 * 1024;

    /// <summary>The version of this exchange and of everything that hosts say to each other afterwards.</summary>
    public static int Version => JoinGateActor.ProtocolVersion;
}

/// <summary>What a host says of itself. It comes over the network: nothing of it is believed.</summary>
public sealed record JoinApplication
{
    /// <summary>The host's <see cref="JoinProtocol.Version"/>.</summary>
    public required int Protocol { get; init; }

    /// <summary>The version of actornet that it runs; null: it does not say.</summary>
    public string? Release { get; init; }

    /// <summary>Its name, which is to be its node's.</summary>
    public required string Name { get; init; }

    /// <summary>Its address on the underlay.</summary>
    public required string Address { get; init; }

    /// <summary>Its node's address.</summary>
    public required string NodeIp { get; init; }

    /// <summary>The pods' network that it asks for; null: any.</summary>
    public string? PodCidr { get; init; }

    /// <summary>The number of its probes, which its ports say to who calls them, too.</summary>
    public Guid Number { get; init; }

    /// <summary>Its TCP ports, by what they are for; at most <see cref="MostPorts"/>.</summary>
    public ImmutableSortedDictionary<string, int> Ports { get; init; } = ImmutableSortedDictionary<string, int>.Empty;

    /// <summary>The most ports that are called.</summary>
    public const int MostPorts = 4;

    /// <summary>Its signing request, PKCS#10 in DER; null while it only asks for the terms.</summary>
    public byte[]? SigningRequest { get; init; }
}

/// <summary>What the cluster has decided for all of its hosts.</summary>
public sealed record JoinTerms
{
    /// <summary>The <see cref="JoinProtocol.Version"/> of the host that answers.</summary>
    public required int Protocol { get; init; }

    /// <summary>The host that answers.</summary>
    public required string Host { get; init; }

    /// <summary>The versions of actornet that the cluster's hosts run, by host.</summary>
    public ImmutableSortedDictionary<string, string> Releases { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Its clock, when it answered.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The pods' network.</summary>
    public required string ClusterCidr { get; init; }

    /// <summary>Prefix length of a node's part of it.</summary>
    public required int NodeMask { get; init; }

    /// <summary>The timing profile.</summary>
    public required string Profile { get; init; }

    /// <summary>Where the API's objects are.</summary>
    public required string Store { get; init; }

    /// <summary>Control endpoints of the members, each host:port.</summary>
    public required ImmutableArray<string> Seeds { get; init; }

    /// <summary>Where the tunnel of the host that answers ends, address:port.</summary>
    public string Tunnel { get; init; } = "";

    /// <summary>What stands against this host, a sentence each.</summary>
    public ImmutableArray<string> Problems { get; init; } = [];
}

/// <summary>How a host that is joining is reached.</summary>
/// <param name="Problems">Which of its ports are not reached, a sentence each.</param>
/// <param name="ProbesHeard">How many of its tunnel's probes came.</param>
public sealed record JoinReach(ImmutableArray<string> Problems, int ProbesHeard);

/// <summary>A host is let in.</summary>
/// <param name="Certificate">Its certificate in DER.</param>
public sealed record JoinGrant(byte[] Certificate);
