namespace ActorNet.Workloads.Logs;

/// <summary>
/// Bounds of a container's log. A kubelet keeps 5 files of 10 MiB on a disk (containerLogMaxFiles, containerLogMaxSize); this one is in memory,
/// so its parts are smaller, and all of them can be read, where kubectl shows the newest file only.
/// </summary>
/// <param name="PartBytes">Bytes of one part; when it is full the next begins.</param>
/// <param name="Parts">Parts kept; the oldest goes when there is one more.</param>
/// <param name="LineBytes">Bytes of a line; a longer one is cut into pieces (containerd, max_container_log_line_size).</param>
public sealed record ContainerLogLimits(int PartBytes = 256 << 10, int Parts = 5, int LineBytes = 16 << 10);

/// <summary>What of a log is wanted, and how: the parameters of a pod's `log` in the Kubernetes API (PodLogOptions).</summary>
public sealed record ContainerLogOptions
{
    /// <summary>Lines from the end to begin with; null for all.</summary>
    public long? TailLines { get; init; }

    /// <summary>Leaves older lines out; null for none.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Puts the time before each line, in RFC 3339 with nine digits behind the second.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Goes on with what is written later, until the container has ended.</summary>
    public bool Follow { get; init; }

    /// <summary>Ends after so many bytes; null for no bound.</summary>
    public long? LimitBytes { get; init; }
}
