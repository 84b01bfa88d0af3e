using System.Diagnostics;
using ActorNet.Node;
using Akka.Actor;

namespace ActorNet.Cli.Host;

/// <summary>
/// What a host's process holds, after a full collection: what must be the same again when everything that came has gone. `GET actornet/v1/resources`
/// of the host-local socket.
/// </summary>
public sealed record HostResources
{
    /// <summary>Objects that live, in bytes.</summary>
    public required long HeapBytes { get; init; }

    /// <summary>The process's memory that is in RAM, in bytes.</summary>
    public required long WorkingSetBytes { get; init; }

    /// <summary>Threads of the operating system.</summary>
    public required int Threads { get; init; }

    /// <summary>Open file descriptors; handles on Windows.</summary>
    public required int Handles { get; init; }

    /// <summary>Timers that have not ended.</summary>
    public required long Timers { get; init; }

    /// <summary>Frame memory in use.</summary>
    public required PoolStatus Pool { get; init; }

    /// <summary>Actors of both systems, those of Akka itself too, by class: "node PodActor".</summary>
    public required IReadOnlyDictionary<string, int> Actors { get; init; }

    /// <summary>Collects and measures.</summary>
    /// <param name="node">The node.</param>
    /// <param name="systems">The actor systems.</param>
    internal static HostResources Measure(NodeHost node, IEnumerable<ActorSystem> systems)
    {
        // What is only finalized by the first collection is collected by the second.
        for (int i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        using var own = Process.GetCurrentProcess();
        var pool = node.MeasurePool();
        return new HostResources
        {
            HeapBytes = GC.GetTotalMemory(forceFullCollection: false),
            WorkingSetBytes = own.WorkingSet64,
            Threads = own.Threads.Count,
            Handles = own.HandleCount,
            Timers = Timer.ActiveCount,
            Pool = new PoolStatus(pool.SmallOut, pool.LargeOut, pool.VectorsOut),
            Actors = systems.SelectMany(ActorTree.Classes).CountBy(static name => name).OrderBy(static each => each.Key, StringComparer.Ordinal).ToDictionary(),
        };
    }
}
