using Akka.Actor;
using Akka.Event;

namespace ActorNet.Node.Actors;

/// <summary>Hands what the node's actors log on to whoever keeps the host's journal.</summary>
/// <param name="hear">Called by this actor, one entry after the other.</param>
internal sealed class NodeLogActor(Action<NodeLogEntry> hear) : UntypedActor
{
    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        if (message is not LogEvent entry)
            return;
        string text = entry.Message?.ToString() ?? "";
        if (entry.Cause is { } cause)
            text = $"{text} ({cause.GetType().Name}: {cause.Message})";
        NodeLogLevel level = entry switch
        {
            Error => NodeLogLevel.Error,
            Warning => NodeLogLevel.Warning,
            _ => NodeLogLevel.Info,
        };
        hear(new NodeLogEntry(new DateTimeOffset(DateTime.SpecifyKind(entry.Timestamp, DateTimeKind.Utc)), level, entry.LogSource, text));
    }
}
