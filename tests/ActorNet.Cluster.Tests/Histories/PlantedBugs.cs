using System.Collections.Concurrent;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Tests.Histories;

/// <summary>Stores with a bug each, around a real one. They are of the tests alone: the product has no way to them.</summary>
internal static class PlantedBugs
{
    /// <summary>Says that a write was done when it was only begun.</summary>
    public sealed class AcknowledgesBeforeCommit(IObjectStore inner) : Honest(inner)
    {
        public override ValueTask<TransactionResult> CommitAsync(StoreTransaction transaction, CancellationToken cancel = default)
        {
            _ = Inner.CommitAsync(transaction, CancellationToken.None).AsTask().ContinueWith(static failed => failed.Exception, TaskScheduler.Default);
            return new(new TransactionResult(true, long.MaxValue, []));
        }
    }

    /// <summary>Reads what this member has, without asking whether it is up to date.</summary>
    public sealed class ReadsItsOwnCopy : Honest
    {
        private readonly ConcurrentDictionary<string, StoredObject> _copy = new(StringComparer.Ordinal);

        public ReadsItsOwnCopy(IObjectStore inner)
            : base(inner) => _ = FollowAsync(inner.Watch(KeyRange.All, 1));

        public bool Has(string key, long revision) => _copy.TryGetValue(key, out StoredObject? found) && found.ModRevision >= revision;

        public override ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default)
        {
            StoredObject[] found = [.. _copy.Values.Where(each => request.Keys.Contains(each.Key))];
            return new(new RangeResult(found.Length == 0 ? 0 : found.Max(each => each.ModRevision), found, found.Length));
        }

        // Ends with the store.
        private async Task FollowAsync(IStoreWatch watch)
        {
            await using (watch)
            {
                while (true)
                {
                    foreach (StoreEvent each in (await watch.NextAsync(CancellationToken.None)).Events)
                        _copy[each.Object.Key] = each.Object;
                }
            }
        }
    }

    /// <summary>Compares first and writes then, so that somebody may write between.</summary>
    public sealed class ComparesTooEarly(IObjectStore inner, Func<Task> between) : Honest(inner)
    {
        public override async ValueTask<TransactionResult> CommitAsync(StoreTransaction transaction, CancellationToken cancel = default)
        {
            foreach (Comparison each in transaction.Comparisons)
            {
                RangeResult found = await Inner.RangeAsync(new RangeRequest(KeyRange.Single(each.Key)), cancel);
                if (!each.Holds(found.Objects.Count == 0 ? null : found.Objects[0]))
                    return new TransactionResult(false, found.Revision, []);
            }

            await between();
            return await Inner.CommitAsync(transaction with { Comparisons = [] }, cancel);
        }
    }

    /// <summary>The real store.</summary>
    public abstract class Honest(IObjectStore inner) : IObjectStore
    {
        protected IObjectStore Inner => inner;

        public virtual ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default) => inner.RangeAsync(request, cancel);

        public IStoreWatch Watch(KeyRange keys, long startRevision) => inner.Watch(keys, startRevision);

        public virtual ValueTask<TransactionResult> CommitAsync(StoreTransaction transaction, CancellationToken cancel = default) => inner.CommitAsync(transaction, cancel);

        public ValueTask CompactAsync(long revision, CancellationToken cancel = default) => inner.CompactAsync(revision, cancel);
    }
}
