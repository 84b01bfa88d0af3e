namespace ActorNet.Kubernetes.Storage;

/// <summary>
/// Where the API keeps its objects, in etcd's terms (etcd api/v3 rpc.proto): one revision counts the writes of the whole store, from 1 for an
/// empty one; every key remembers the revisions that created and changed it; old revisions can be read and watched until they are compacted.
/// Calls come from any thread. A write is visible to every read that begins after it was acknowledged.
/// </summary>
/// <remarks>Every implementation passes the conformance suite <c>ObjectStoreConformance</c>.</remarks>
public interface IObjectStore : IObjectSource
{
    /// <summary>Runs a transaction as one step.</summary>
    /// <exception cref="StoreException">It writes a key twice or is larger than the store takes; nothing was done.</exception>
    ValueTask<TransactionResult> CommitAsync(StoreTransaction transaction, CancellationToken cancel = default);

    /// <summary>Forgets what is older than a revision; what is live at it stays readable.</summary>
    /// <exception cref="CompactedException">It was compacted already.</exception>
    /// <exception cref="FutureRevisionException">The revision does not exist yet.</exception>
    ValueTask CompactAsync(long revision, CancellationToken cancel = default);
}
