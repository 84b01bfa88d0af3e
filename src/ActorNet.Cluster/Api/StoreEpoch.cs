using System.Globalization;
using System.Text;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Api;

/// <summary>
/// The epoch of a store that keeps its objects, which is kept in it: as long as there is one line of revisions there is one epoch, wherever the API server
/// is, and who has seen a revision goes on behind it.
/// </summary>
internal static class StoreEpoch
{
    /// <summary>The key; outside of the API's objects.</summary>
    public const string Key = "/actornet/epoch";

    /// <summary>Reads the epoch, or begins the first one.</summary>
    /// <param name="store">The store.</param>
    /// <param name="known">The highest epoch that this host has heard of: a lower one would not be listened to.</param>
    /// <param name="next">Gives an epoch above every known one.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<long> OfAsync(IObjectStore store, long known, Func<long> next, CancellationToken cancel)
    {
        while (true)
        {
            RangeResult found = await store.RangeAsync(new RangeRequest(KeyRange.Single(Key)), cancel).ConfigureAwait(false);
            StoredObject? kept = found.Objects.Count == 0 ? null : found.Objects[0];
            if (kept is not null && Read(kept) is { } epoch && epoch >= known)
                return epoch;
            long begun = next();
            var put = new PutOperation(Key, Encoding.ASCII.GetBytes(begun.ToString(CultureInfo.InvariantCulture)));
            TransactionResult written = await store.CommitAsync(StoreTransaction.When([Comparison.Unchanged(Key, kept?.ModRevision ?? 0)], put), cancel).ConfigureAwait(false);
            if (written.Succeeded)
                return begun;
        }
    }

    private static long? Read(StoredObject kept) =>
        long.TryParse(Encoding.ASCII.GetString(kept.Value.Span), NumberStyles.None, CultureInfo.InvariantCulture, out long epoch) ? epoch : null;
}
