using ActorNet.Workloads.Logs;

namespace ActorNet.Cli.Host;

/// <summary>The query of a pod's log: the parameters that the Kubernetes API has for it (PodLogOptions).</summary>
/// <param name="Container">A container of the pod, or null for the first.</param>
/// <param name="Follow">Goes on until the container has ended.</param>
/// <param name="Previous">The log of the container before its last restart.</param>
/// <param name="SinceSeconds">Only what is younger, in seconds.</param>
/// <param name="Timestamps">Puts the time before each line.</param>
/// <param name="TailLines">Lines from the end to begin with.</param>
/// <param name="LimitBytes">Ends after so many bytes.</param>
internal sealed record LogQuery(string? Container, bool? Follow, bool? Previous, long? SinceSeconds, bool? Timestamps, long? TailLines, long? LimitBytes)
{
    /// <summary>The header of the answer with what the user should know.</summary>
    public const string NoticeHeader = "ActorNet-Notice";

    /// <summary>What is asked of the log.</summary>
    /// <param name="time">Now.</param>
    public ContainerLogOptions ToOptions(TimeProvider time) => new()
    {
        Follow = Follow == true,
        Timestamps = Timestamps == true,
        TailLines = TailLines is >= 0 ? TailLines : null,
        LimitBytes = LimitBytes is > 0 ? LimitBytes : null,
        Since = SinceSeconds is { } seconds ? time.GetUtcNow().AddSeconds(-Math.Clamp(seconds, 0, (long)TimeSpan.FromDays(36_500).TotalSeconds)) : null,
    };
}
