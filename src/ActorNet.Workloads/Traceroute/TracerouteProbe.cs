using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Workloads.Traceroute;

/// <summary>One probe and what became of it.</summary>
internal sealed class TracerouteProbe
{
    /// <summary>When it was sent, on the namespace's clock; null before that.</summary>
    public Instant? SentAt { get; set; }

    /// <summary>When it was sent, in ticks of the program's clock.</summary>
    public long SentTimestamp { get; set; }

    /// <summary>Whether it was answered or given up.</summary>
    public bool IsDone { get; set; }

    /// <summary>The answer, or null.</summary>
    public ProbeReply? Reply { get; set; }

    /// <summary>The round trip, or null without an answer.</summary>
    public TimeSpan? RoundTrip => Reply is { } reply && SentAt is { } sent ? reply.ReceivedAt - sent : null;
}

/// <summary>What came back for a probe.</summary>
/// <param name="Index">The probe.</param>
/// <param name="From">Who answered.</param>
/// <param name="ReceivedAt">When, on the namespace's clock.</param>
/// <param name="IsFinal">Whether the way ends there.</param>
/// <param name="Mark">What is told behind the time, as "!H", or nothing.</param>
internal sealed record ProbeReply(int Index, Ipv4Address From, Instant ReceivedAt, bool IsFinal, string Mark = "");
