using System.Collections.Immutable;

namespace ActorNet.Node.Actors;

/// <summary>What every actor that owns devices understands about its counters.</summary>
internal static class MeasureProtocol
{
    /// <summary>Asks for the counters as they are; answered with <see cref="Measured"/>.</summary>
    public sealed record Get
    {
        /// <summary>The one.</summary>
        public static readonly Get Instance = new();
    }

    /// <summary>The counters of an actor.</summary>
    /// <param name="Devices">Its devices.</param>
    /// <param name="Namespace">Its namespace, if it owns one.</param>
    public sealed record Measured(ImmutableArray<DeviceMeasure> Devices, NamespaceMeasure? Namespace);
}
