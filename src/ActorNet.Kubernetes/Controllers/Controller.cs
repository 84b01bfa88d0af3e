using ActorNet.Kubernetes.Errors;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>What a controller's step decided.</summary>
/// <param name="Writes">What to write, in this order; the rest is left out when one fails.</param>
/// <param name="RequeueAfter">When to look at the key again though nothing changed; null: not.</param>
public sealed record Step(IReadOnlyList<ApiWrite> Writes, TimeSpan? RequeueAfter = null)
{
    /// <summary>Nothing to do.</summary>
    public static Step Nothing { get; } = new([]);

    /// <summary>Events to tell besides those of the writes.</summary>
    public IReadOnlyList<EventWrite> Events { get; init; } = [];
}

/// <summary>
/// A controller: says which changes concern which keys, and what to write so that what is comes nearer to what is asked for. A step sees
/// the caches' snapshots and the time and nothing else; <see cref="ControllerRunner"/> carries out what it decides.
/// </summary>
public abstract class Controller
{
    /// <summary>The name, as upstream's events have it in source.component.</summary>
    public abstract string Name { get; }

    /// <summary>Registers for the changes of the caches; called once, before they are filled.</summary>
    /// <param name="queue">Takes the keys.</param>
    public abstract void Watch(WorkQueue queue);

    /// <summary>One step for one key. It is not called before the caches show what the key's last step wrote.</summary>
    /// <param name="key">The key.</param>
    /// <param name="now">The time.</param>
    public abstract Step Reconcile(string key, DateTimeOffset now);

    /// <summary>A write failed; the key comes again by itself. For what a later step should show of it, and for an event.</summary>
    /// <param name="key">The key.</param>
    /// <param name="write">The write.</param>
    /// <param name="error">What the API said.</param>
    public virtual EventWrite? Failed(string key, ApiWrite write, ApiException error) => null;
}
