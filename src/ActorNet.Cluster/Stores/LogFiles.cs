using DotNext.Net.Cluster;

namespace ActorNet.Cluster.Stores;

/// <summary>
/// The small files of the library's log. It takes one that is missing or cut short for that of a log that was never written, and would begin anew
/// over entries that were acknowledged, or vote twice in a term.
/// </summary>
internal static class LogFiles
{
    // In 6.12: the version, the index of the last committed entry and that of the last one; whether there was a vote, for whom, and the term.
    private const int CheckpointBytes = 4 + 8 + 8;
    private static readonly int StateBytes = 1 + ClusterMemberId.Size + 8;

    /// <summary>Looks at the log of a member that was in a store already: both files were written before it was.</summary>
    /// <param name="directory">The log's directory.</param>
    /// <param name="remedy">What to do then, for people.</param>
    /// <exception cref="StoreDamagedException">One is missing or too short.</exception>
    public static void Check(string directory, string remedy)
    {
        Check(Path.Combine(directory, "checkpoint"), CheckpointBytes, "how far the log is on disk", remedy);
        Check(Path.Combine(directory, "state"), StateBytes, "the term and whom this member voted for", remedy);
    }

    private static void Check(string path, int bytes, string what, string remedy)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length < bytes)
            throw new StoreDamagedException($"{path}, which says {what}, {(file.Exists ? $"has {file.Length} bytes instead of {bytes}" : "is missing")}: the log cannot be read without it. {remedy}");
    }
}
