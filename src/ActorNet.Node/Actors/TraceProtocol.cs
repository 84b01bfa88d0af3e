using System.Collections.Immutable;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Observation;

namespace ActorNet.Node.Actors;

/// <summary>What every actor that owns devices understands about watching them.</summary>
internal static class TraceProtocol
{
    /// <summary>Records hops on all of the actor's devices from now on.</summary>
    /// <param name="Node">Node name.</param>
    /// <param name="Filter">Which packets.</param>
    /// <param name="MaxRecords">The newest that are kept.</param>
    public sealed record Start(string Node, TraceFilter Filter, int MaxRecords);

    /// <summary>Asks for what was recorded; answered with <see cref="Records"/>.</summary>
    /// <param name="Stop">Whether recording ends with it.</param>
    public sealed record Collect(bool Stop);

    /// <summary>What was recorded.</summary>
    /// <param name="Hops">Hops in the order of time.</param>
    public sealed record Records(ImmutableArray<HopRecord> Hops);

    /// <summary>Asks for drop counts; answered with <see cref="Drops"/>.</summary>
    public sealed record GetDrops;

    /// <summary>Drop counts of an actor.</summary>
    /// <param name="Places">By place.</param>
    public sealed record Drops(ImmutableArray<PlaceDrops> Places);

    /// <summary>Drop counts of a device or namespace.</summary>
    /// <param name="Place">Its name.</param>
    /// <param name="Counts">Frames by reason.</param>
    public sealed record PlaceDrops(string Place, ImmutableDictionary<DropReason, long> Counts);
}
