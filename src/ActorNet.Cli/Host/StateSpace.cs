using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Host;

/// <summary>Whether a directory can hold what hosts keep, looked at before anything is started or written there.</summary>
internal static class StateSpace
{
    /// <summary>What a host that begins writes at once, its identity, certificates and the first files of its store, with room to go on; in bytes.</summary>
    internal const long OfNewHost = 8 << 20;

    private const int ProbeBytes = 4096;

    /// <summary>Makes sure that a directory can be written and has room for hosts that begin there.</summary>
    /// <param name="directory">A directory that is there.</param>
    /// <param name="newHosts">How many begin; 0 when those that come have been there before, whose files are made.</param>
    /// <exception cref="UsageException">It cannot be written, or its disk is full.</exception>
    public static void Require(string directory, int newHosts)
    {
        Probe(directory);
        long free = new DriveInfo(directory).AvailableFreeSpace;
        if (free < newHosts * OfNewHost)
        {
            throw new UsageException(
                $"--state-dir: the disk of {directory} has {Size(free)} left, and {(newHosts == 1 ? "a new host needs" : $"{newHosts} new hosts need")} at least {Size(newHosts * OfNewHost)}. Nothing was started. Make room there, or give a directory on another disk.");
        }
    }

    // Free space says nothing of quotas and of disks that are read-only.
    private static void Probe(string directory)
    {
        try
        {
            using var file = new FileStream(
                Path.Combine(directory, $".actornet-{Environment.ProcessId}"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
            file.Write(new byte[ProbeBytes]);
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LabLock.NotWritable(directory, e);
        }
    }

    private static string Size(long bytes) => bytes < 1 << 20 ? $"{bytes >> 10} KiB" : $"{bytes >> 20} MiB";
}
