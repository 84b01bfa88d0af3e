namespace ActorNet.Kubernetes.Storage;

/// <summary>What can be read of a store, or of a copy of a part of it. Calls come from any thread.</summary>
public interface IObjectSource
{
    /// <summary>Reads a range at one revision.</summary>
    /// <exception cref="CompactedException">The revision is no longer kept.</exception>
    /// <exception cref="FutureRevisionException">The revision does not exist yet.</exception>
    ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default);

    /// <summary>Opens a watch. A watch holds no events of its own, so a slow reader costs the store nothing but the wait for compaction.</summary>
    /// <param name="keys">The keys to watch.</param>
    /// <param name="startRevision">The first revision whose changes are wanted; one in the future is waited for.</param>
    IStoreWatch Watch(KeyRange keys, long startRevision);
}

/// <summary>A reader of changes. One call at a time.</summary>
public interface IStoreWatch : IAsyncDisposable
{
    /// <summary>
    /// Every change up to this revision was returned by calls before the one that may be running. It grows while a call waits, so that a
    /// quiet watch can say how far it has seen.
    /// </summary>
    long Revision { get; }

    /// <summary>Waits for the next changes and returns them, whole revisions, at least one event.</summary>
    /// <exception cref="CompactedException">What comes next was compacted: list again.</exception>
    ValueTask<StoreChanges> NextAsync(CancellationToken cancel = default);
}
