using System.Collections.Immutable;
using ActorNet.Dataplane.Observation;

namespace ActorNet.Node.Actors;

/// <summary>What every actor that owns devices understands about capturing their frames.</summary>
internal static class CaptureProtocol
{
    /// <summary>Captures from now on; answered with <see cref="Started"/>. Devices that come later are not captured.</summary>
    /// <param name="Id">The capture's number.</param>
    /// <param name="Device">One device, or null for all of the actor's.</param>
    /// <param name="SnapLength">Bytes kept of a frame at most.</param>
    public sealed record Start(long Id, string? Device, int SnapLength);

    /// <summary>A capture's answer.</summary>
    /// <param name="Captured">The devices that are captured; none when the actor does not own the device asked for.</param>
    /// <param name="Owned">All devices that the actor owns.</param>
    public sealed record Started(ImmutableArray<string> Captured, ImmutableArray<string> Owned);

    /// <summary>Asks for what was captured since the last time; answered with <see cref="Packets"/>.</summary>
    /// <param name="Id">The capture's number.</param>
    public sealed record Drain(long Id);

    /// <summary>Ends a capture; answered with the last <see cref="Packets"/>.</summary>
    /// <param name="Id">The capture's number.</param>
    public sealed record Stop(long Id);

    /// <summary>Captured packets.</summary>
    /// <param name="Captured">In the order of time.</param>
    public sealed record Packets(ImmutableArray<CapturedPacket> Captured);
}
