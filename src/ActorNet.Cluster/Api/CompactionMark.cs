using System.Globalization;
using System.Text;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Api;

/// <summary>
/// When the store's history is forgotten next, and up to where. It is kept in the store, as upstream's is (apiserver pkg/storage/etcd3/compact.go,
/// compact_rev_key): so the count goes on wherever the API server is, however often it moves.
/// </summary>
internal static class CompactionMark
{
    /// <summary>The key; outside of the API's objects. Its value is the time in milliseconds since 1970, and its revision that of the store then.</summary>
    public const string Key = "/actornet/compaction";

    /// <summary>Forgets what was before the last mark, if that was made an interval ago, and makes the next one: what is one to two intervals old is forgotten.</summary>
    /// <param name="store">The store.</param>
    /// <param name="interval">How far marks are apart.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task AdvanceAsync(IObjectStore store, TimeSpan interval, DateTimeOffset now, CancellationToken cancel)
    {
        RangeResult found = await store.RangeAsync(new RangeRequest(KeyRange.Single(Key)), cancel).ConfigureAwait(false);
        StoredObject? kept = found.Objects.Count == 0 ? null : found.Objects[0];
        // Also a mark of the future is passed: a clock that was set back would stop it for long.
        if (kept is not null && Read(kept) is { } made && (now - made).Duration() < interval)
            return;
        var put = new PutOperation(Key, Encoding.ASCII.GetBytes(now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
        TransactionResult written = await store.CommitAsync(StoreTransaction.When([Comparison.Unchanged(Key, kept?.ModRevision ?? 0)], put), cancel).ConfigureAwait(false);
        // Another API server may have been first: then it is its turn.
        if (written.Succeeded && kept is not null)
            await store.CompactAsync(kept.ModRevision, cancel).ConfigureAwait(false);
    }

    private static DateTimeOffset? Read(StoredObject kept) =>
        long.TryParse(Encoding.ASCII.GetString(kept.Value.Span), NumberStyles.None, CultureInfo.InvariantCulture, out long made) && made < DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(made)
            : null;
}
