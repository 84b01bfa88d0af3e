using ActorNet.Cluster.Links;
using Akka.Actor;
using Akka.Event;

namespace ActorNet.Cluster.Membership;

/// <summary>Hears every warning and error of the system and hands them on; what strangers at the control port cause, shortened and now and then.</summary>
internal sealed class ControlLogActor(Action<ControlLogEntry> hear) : UntypedActor
{
    /// <summary>What ClusterHeartbeatSender logs when its own timer came late (starved threads, GC, no CPU).</summary>
    internal const string LateHeartbeat = "heartbeat was delayed";

    private readonly StrangerNotices _strangers = new();

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(Warning));
        Context.System.EventStream.Subscribe(Self, typeof(Error));
    }

    protected override void OnReceive(object message)
    {
        if (message is not LogEvent entry)
            return;
        string text = entry.Message?.ToString() ?? "";
        if (entry.Cause is { } cause)
            text = $"{text} ({cause.GetType().Name}: {cause.Message})";
        if (!StrangerNotices.AreAbout(entry.LogSource, text))
            hear(new ControlLogEntry(entry.Timestamp, entry is Error, entry.LogSource, text));
        else if (_strangers.Say(entry.Timestamp, text) is { } notice)
            hear(new ControlLogEntry(entry.Timestamp, false, "control-port", notice));
    }
}
