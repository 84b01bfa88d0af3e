using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Stores;

/// <summary>The members that were taken out of the store, in the store: a key for each, beside the API's objects.</summary>
internal static class RemovedMembers
{
    /// <summary>What each key begins with; the member's name follows.</summary>
    public const string Prefix = "/actornet/store/removed/";

    /// <summary>The most that are kept: hosts have put older disks aside long ago.</summary>
    public const int Most = 64;

    /// <summary>Their names.</summary>
    /// <param name="view">The store's content.</param>
    public static IEnumerable<string> In(KeyValueView view) => Kept(view).Select(static each => each.Key[Prefix.Length..]);

    /// <summary>Adds a name, and forgets the oldest when there are too many; null: it is there.</summary>
    /// <param name="view">The store's content.</param>
    /// <param name="name">The member's name.</param>
    public static StoreTransaction? Adding(KeyValueView view, string name)
    {
        IReadOnlyList<StoredObject> kept = Kept(view);
        if (kept.Any(each => each.Key == Prefix + name))
            return null;
        IEnumerable<StoreOperation> forgotten = kept.OrderBy(static each => each.ModRevision).Take(Math.Max(0, kept.Count + 1 - Most))
            .Select(static each => new DeleteOperation(KeyRange.Single(each.Key)));
        return StoreTransaction.Of([.. forgotten, new PutOperation(Prefix + name, default)]);
    }

    private static IReadOnlyList<StoredObject> Kept(KeyValueView view) => view.Range(new RangeRequest(KeyRange.Prefix(Prefix))).Objects;
}
