using System.Collections.Immutable;
using ActorNet.Cluster;
using ActorNet.Cluster.Certificates;

namespace ActorNet.Cli.Host;

/// <summary>
/// The ways back into a cluster whose control links are plain, in a host's state directory: control endpoints of the other hosts, each host:port on a line of its own. Without
/// them a host that formed its cluster and is started again would form another one beside it. Where links have certificates these stand in the <see cref="ClusterRecord"/>.
/// </summary>
internal static class KnownPeers
{
    /// <summary>The file's name.</summary>
    public const string FileName = "peers";

    /// <summary>Reads them; none: the directory is of no such cluster yet.</summary>
    /// <param name="directory">The state directory.</param>
    /// <exception cref="UsageException">It is damaged.</exception>
    public static ImmutableArray<string> Load(string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
            return [];
        try
        {
            ImmutableArray<string> peers = [.. File.ReadLines(path).Where(static line => line.Length > 0)];
            return peers.FirstOrDefault(static peer => !ControlEndpoint.TryParse(peer, out _)) is { } odd
                ? throw new UsageException($"{path}: '{odd}' is no control endpoint of a host, HOST:PORT was expected. Restore the file, or remove it and join by the address of a host that is in the cluster.")
                : peers;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>Writes them: first aside, then in place.</summary>
    /// <param name="directory">The state directory.</param>
    /// <param name="peers">The endpoints.</param>
    public static void Save(string directory, IEnumerable<string> peers) => CertificateFiles.Write(Path.Combine(directory, FileName), string.Concat(peers.Select(static peer => peer + "\n")));
}
