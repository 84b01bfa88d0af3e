using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;

namespace ActorNet.Dataplane.Observation;

/// <summary>What happened to a packet at a device.</summary>
public enum HopEvent : byte
{
    /// <summary>It came in.</summary>
    Receive,

    /// <summary>It went out.</summary>
    Transmit,

    /// <summary>It was dropped.</summary>
    Drop,

    /// <summary>It passed a hook of its namespace's netfilter, where rules matched it or its connection translated it.</summary>
    Filter,
}

/// <summary>One hop of a packet. Immutable.</summary>
public sealed record HopRecord
{
    /// <summary>The node.</summary>
    public required string Node { get; init; }

    /// <summary>The namespace, as root or pod/NAME.</summary>
    public required string Namespace { get; init; }

    /// <summary>The device.</summary>
    public required string Device { get; init; }

    /// <summary>What happened.</summary>
    public required HopEvent Event { get; init; }

    /// <summary>Why it was dropped, when it was.</summary>
    public DropReason? Reason { get; init; }

    /// <summary>The netfilter rule or policy that dropped it, with its table, when one did.</summary>
    public string? Rule { get; init; }

    /// <summary>The hook that it passed, as PREROUTING, when the event is <see cref="HopEvent.Filter"/>.</summary>
    public string? Hook { get; init; }

    /// <summary>The rules that matched it there, in their order, each with its table; the first <see cref="HopRecorder.MaxRules"/>.</summary>
    public IReadOnlyList<string> Rules { get; init; } = [];

    /// <summary>The packet in one line as the hook left it, when it was translated there.</summary>
    public string? Translated { get; init; }

    /// <summary>Its identity from there on, when it was translated: what the next hop's <see cref="PacketKey"/> is.</summary>
    public ulong? TranslatedKey { get; init; }

    /// <summary>When, on the host's monotonic clock.</summary>
    public required Instant Time { get; init; }

    /// <summary>When, in nanoseconds since 1970-01-01 UTC: what records of several hosts are ordered by.</summary>
    public required long WallClockNanoseconds { get; init; }

    /// <summary>The packet's identity: the same at each hop of one packet, whatever TTL and Ethernet header are.</summary>
    public required ulong PacketKey { get; init; }

    /// <summary>Length of the frame in bytes.</summary>
    public required int Length { get; init; }

    /// <summary>The underlay address that a tunnel sent it to or got it from; null elsewhere.</summary>
    public UnderlayEndpoint? Remote { get; init; }

    /// <summary>The packet in one line.</summary>
    public required string Summary { get; init; }
}
