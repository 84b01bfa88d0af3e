using System.Collections.Immutable;
using System.Text.Json;
using ActorNet.Cluster.Certificates;
using ActorNet.Cluster.Joining;

namespace ActorNet.Cli.Host;

/// <summary>
/// Which cluster a host is in, in its state directory beside its certificates: with both it comes back by itself, without a token. Hosts whose control links are plain have none.
/// </summary>
internal sealed record ClusterRecord
{
    private const string FileName = "cluster.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The hash of the cluster's authority.</summary>
    public required string AuthorityHash { get; init; }

    /// <summary>Whether this host formed the cluster.</summary>
    public required bool Formed { get; init; }

    /// <summary>The host's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its address.</summary>
    public required string Address { get; init; }

    /// <summary>The pods' network.</summary>
    public required string ClusterCidr { get; init; }

    /// <summary>Prefix length of a node's part of it.</summary>
    public required int NodeMask { get; init; }

    /// <summary>The timing profile.</summary>
    public required string Profile { get; init; }

    /// <summary>Where the API's objects are.</summary>
    public required string Store { get; init; }

    /// <summary>The MTU that the path to the cluster carries, found when the host joined; null: the usual.</summary>
    public int? UnderlayMtu { get; init; }

    /// <summary>Control endpoints of the other hosts, each host:port.</summary>
    public ImmutableArray<string> Seeds { get; init; } = [];

    /// <summary>What a host writes that forms a cluster.</summary>
    /// <param name="options">The host's options.</param>
    /// <param name="authority">The authority's certificate in DER.</param>
    public static ClusterRecord OfFirst(HostOptions options, byte[] authority) => new()
    {
        AuthorityHash = Cluster.Certificates.AuthorityHash.Of(authority).ToString(),
        Formed = true,
        Name = options.Name,
        Address = options.Address.ToString(),
        ClusterCidr = options.ClusterCidr.ToString(),
        NodeMask = options.NodeMask,
        Profile = options.Profile,
        Store = options.Store,
        Seeds = options.Seeds,
    };

    /// <summary>What a host writes that was let into a cluster.</summary>
    /// <param name="options">The host's options.</param>
    /// <param name="authority">The authority's certificate in DER.</param>
    /// <param name="terms">What the cluster said.</param>
    public static ClusterRecord OfJoined(HostOptions options, byte[] authority, JoinTerms terms) => OfFirst(options, authority) with
    {
        Formed = false,
        ClusterCidr = terms.ClusterCidr,
        NodeMask = terms.NodeMask,
        Profile = terms.Profile,
        Store = terms.Store,
        Seeds = terms.Seeds,
    };

    /// <summary>Reads it; null: the directory is of no cluster yet.</summary>
    /// <param name="directory">The state directory.</param>
    /// <exception cref="UsageException">It is damaged.</exception>
    public static ClusterRecord? Load(string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize<ClusterRecord>(File.ReadAllText(path), Json) ?? throw new JsonException("it is empty");
        }
        catch (JsonException e)
        {
            throw new UsageException($"{path}: cannot be used: {e.Message} Restore it, or remove it and join once more with a token.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>Writes it: first aside, then in place.</summary>
    /// <param name="directory">The state directory.</param>
    public void Save(string directory) => CertificateFiles.Write(Path.Combine(directory, FileName), JsonSerializer.Serialize(this, Json) + "\n");
}
