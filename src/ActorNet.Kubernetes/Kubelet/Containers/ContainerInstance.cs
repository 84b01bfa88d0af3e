namespace ActorNet.Kubernetes.Kubelet.Containers;

/// <summary>One run of a container.</summary>
/// <param name="Number">0 for the first run: the restart count while it is the current one.</param>
/// <param name="Id">containerID, with the runtime's name before it.</param>
/// <param name="Image">Image reference.</param>
/// <param name="StartedAt">UTC; null for one that could not be started.</param>
public sealed record ContainerInstance(int Number, string Id, string Image, DateTimeOffset? StartedAt)
{
    /// <summary>How it ended, or null while it runs.</summary>
    public ContainerExit? Exit { get; init; }

    /// <summary>Whether it runs.</summary>
    public bool IsRunning => Exit is null;
}

/// <summary>How a run ended.</summary>
/// <param name="ExitCode">Exit code; 128 and the signal's number for a killed one.</param>
/// <param name="Reason">Completed, Error, StartError.</param>
/// <param name="Message">Termination message, or null.</param>
/// <param name="FinishedAt">UTC.</param>
public sealed record ContainerExit(int ExitCode, string Reason, string? Message, DateTimeOffset FinishedAt);

/// <summary>Why a container does not run.</summary>
/// <param name="Reason">In one word.</param>
/// <param name="Message">Message, or null.</param>
public sealed record ContainerWaiting(string Reason, string? Message);
