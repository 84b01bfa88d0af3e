using ActorNet.Cluster;
using ActorNet.Node;
using Microsoft.Extensions.Logging;

namespace ActorNet.Cli.Host.Journal;

/// <summary>Something that happened on a host.</summary>
/// <param name="At">When.</param>
/// <param name="Level">How bad it is.</param>
/// <param name="Source">Who says so: actornet, or an actor's path.</param>
/// <param name="Message">What.</param>
internal readonly record struct JournalEntry(DateTimeOffset At, LogLevel Level, string Source, string Message)
{
    private static readonly string[] OfPods = ["worker-", "pod-"];

    /// <summary>The uid of the pod that it is about; null: none.</summary>
    public string? Pod => PodOf(Source);

    /// <summary>What the node's actors log.</summary>
    public static JournalEntry Of(NodeLogEntry entry) => new(entry.At, entry.Level switch
    {
        NodeLogLevel.Error => LogLevel.Error,
        NodeLogLevel.Warning => LogLevel.Warning,
        _ => LogLevel.Information,
    }, entry.Source, entry.Message);

    /// <summary>What the control system logs.</summary>
    public static JournalEntry Of(ControlLogEntry entry) => new(new DateTimeOffset(DateTime.SpecifyKind(entry.At, DateTimeKind.Utc)), entry.IsError ? LogLevel.Error : LogLevel.Warning, entry.Source, entry.Message);

    // A pod's actors are /NODE/kubelet/worker-UID and pod-UID.
    private static string? PodOf(string source) => source.Split('/')
        .Select(static part => OfPods.FirstOrDefault(prefix => part.StartsWith(prefix, StringComparison.Ordinal)) is { } prefix ? part[prefix.Length..].Split('#', '(', ' ')[0] : null)
        .FirstOrDefault(static uid => uid is not null);
}
