namespace ActorNet.Kubernetes.Streaming;

/// <summary>What of a container's log is wanted (core/v1 PodLogOptions without the container).</summary>
public sealed record LogRequest
{
    /// <summary>Lines from the end to begin with; null for all.</summary>
    public long? TailLines { get; init; }

    /// <summary>Leaves older lines out (sinceTime, or sinceSeconds counted back from now); null for none.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Puts the time before each line.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Goes on until the container has ended.</summary>
    public bool Follow { get; init; }

    /// <summary>Ends after so many bytes; null for no bound.</summary>
    public long? LimitBytes { get; init; }

    /// <summary>The log of the container before its last restart.</summary>
    public bool Previous { get; init; }
}
