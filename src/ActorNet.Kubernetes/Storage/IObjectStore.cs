namespace ActorNet.Kubernetes.Storage;

/// <summary>
/// Where the API keeps its objects, in etcd's terms (etcd api/v3 rpc.proto): one revision counts the writes of the whole store, from 1 for an
/// empty one; every key remembers the revisions that created and changed it; old revisions can be read and watched until they are compacted.
/// Calls come from any thread. A write is visible to every read that begins after it was acknowledged.
/// </summary>
/// <remarks>Every implementation passes the conformance suite <c>ObjectStoreConformance</c>.</remarks>
public interface IObjectStore
{
    /// <summary>Reads a range at one revision.</summary>
    /// <exception cref="CompactedException">The revision is no longer kept.</exception>
    /// <exception cref="FutureRevisionException">The revision does not exist yet.</exception>
    ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default);

    /// <summary>Runs a transaction as one step.</summary>
    /// <exception cref="StoreException">It writes a key twice or is larger than the store takes; nothing was done.</exception>
    ValueTask<TransactionResult> CommitAsync(StoreTransaction transaction, CancellationToken cancel = default);

    /// <summary>Forgets what is older than a revision; what is live at it stays readable.</summary>
    /// <exception cref="CompactedException">It was compacted already.</exception>
    /// <exception cref="FutureRevisionException">The revision does not exist yet.</exception>
    ValueTask CompactAsync(long revision, CancellationToken cancel = default);

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
