using ActorNet.Dataplane.Frames;

namespace ActorNet.Node.Links;

/// <summary>
/// The drops of what is gone: of deleted pods and their ports, and of frames that were under way to them. Thread-safe; written when something
/// ends, never per frame in steady state.
/// </summary>
internal sealed class DropLedger
{
    private readonly Lock _lock = new();
    private readonly DropCounters _drops = new();

    /// <summary>Takes over what something that ends has counted.</summary>
    /// <param name="drops">Its counters.</param>
    public void Add(DropCounters drops)
    {
        lock (_lock)
        {
            foreach ((DropReason reason, long count) in drops.Snapshot())
                _drops.Count(reason, count);
        }
    }

    /// <summary>Counts drops.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="frames">How many.</param>
    public void Count(DropReason reason, int frames)
    {
        lock (_lock)
            _drops.Count(reason, frames);
    }

    /// <summary>The reasons that occurred, with their counts.</summary>
    public IReadOnlyDictionary<DropReason, long> Snapshot()
    {
        lock (_lock)
            return _drops.Snapshot();
    }
}
