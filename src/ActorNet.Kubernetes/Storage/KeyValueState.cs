using System.Collections.Immutable;

namespace ActorNet.Kubernetes.Storage;

/// <summary>
/// The store as a plain object: transactions in, results and events out. The same transactions in the same order give the same state
/// everywhere, so a replicated log can drive it. One caller at a time; what it returns may be read from anywhere.
/// </summary>
/// <remarks>
/// Some kept revisions, and the newest, have a root of a persistent tree, which shares all but the paths of the changes between with the root before:
/// reading at an old revision is reading its root, or the nearest one before it with the changes since. A root for every revision would keep the
/// whole path of every write alive.
/// </remarks>
public sealed class KeyValueState
{
    /// <summary>No objects, in the order of their keys.</summary>
    internal static readonly ImmutableSortedSet<StoredObject> Empty = ImmutableSortedSet.Create<StoredObject>(new ByKey());

    /// <summary>A revision that is a multiple of this has its root, as the oldest and the newest have.</summary>
    internal const int RootEvery = 64;

    private readonly List<Kept> _added = [];

    // Changes of the revisions from _oldest to Revision, dense: one entry each, the newest of them in _added.
    private ImmutableList<Kept> _kept;
    private ImmutableSortedSet<StoredObject> _root;
    private long _oldest;

    /// <summary>Makes an empty store.</summary>
    public KeyValueState() : this([], 1)
    {
    }

    /// <summary>Makes a store from what another held; all before its revision counts as compacted.</summary>
    /// <param name="objects">The objects, a key once each.</param>
    /// <param name="revision">The revision it begins at; none of the objects was written after it.</param>
    public KeyValueState(IEnumerable<StoredObject> objects, long revision)
    {
        _root = Empty.Union(objects);
        (_kept, _oldest) = ([new Kept(_root, [])], revision);
    }

    /// <summary>The newest revision; 1 when nothing was ever written.</summary>
    public long Revision => _oldest + _kept.Count + _added.Count - 1;

    /// <summary>The oldest revision that can be read.</summary>
    public long CompactRevision => _oldest;

    /// <summary>What can be read now; it does not change any more.</summary>
    public KeyValueView View()
    {
        // Together: each one alone would copy its path in the list.
        _kept = _kept.AddRange(_added);
        _added.Clear();
        return new KeyValueView(_kept, _root, _oldest);
    }

    /// <summary>Runs a transaction.</summary>
    /// <exception cref="StoreException">It writes a key twice or is too large; the state is as before.</exception>
    public TransactionResult Apply(StoreTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        transaction.Check();
        bool holds = transaction.Comparisons.All(comparison => comparison.Holds(Find(_root, comparison.Key)));
        var step = new Step(this, _root);
        OperationResult[] results = [.. (holds ? transaction.Success : transaction.Failure).Select(step.Run)];
        if (step.Events.Count > 0)
            Add(step);
        return new TransactionResult(holds, Revision, results);
    }

    /// <summary>Adds the next revision as another store recorded it: how a state is read back from <see cref="KeyValueView.History"/>.</summary>
    /// <param name="changes">What the revision changed, a key once each.</param>
    public void Replay(IEnumerable<StoreOperation> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var step = new Step(this, _root);
        foreach (StoreOperation change in changes)
            step.Run(change);
        Add(step);
    }

    /// <summary>Forgets what is older than a revision.</summary>
    /// <exception cref="CompactedException">It was compacted already.</exception>
    /// <exception cref="FutureRevisionException">The revision does not exist yet.</exception>
    public void Compact(long revision)
    {
        if (revision <= _oldest)
            throw new CompactedException(revision, _oldest);
        if (revision > Revision)
            throw new FutureRevisionException(revision, Revision);
        KeyValueView all = View();
        ImmutableSortedSet<StoredObject> root = all.RootAt(revision);
        _kept = _kept.RemoveRange(0, (int)(revision - _oldest));
        _kept = _kept.SetItem(0, _kept[0] with { Root = root });
        _oldest = revision;
    }

    internal static StoredObject? Find(ImmutableSortedSet<StoredObject> root, string key) => root.TryGetValue(Probe(key), out StoredObject? found) ? found : null;

    internal static RangeResult Read(ImmutableSortedSet<StoredObject> root, KeyRange keys, int limit, long revision)
    {
        int first = PositionOf(root, keys.Start);
        int end = keys.End is null ? root.Count : Math.Max(first, PositionOf(root, keys.End));
        int take = limit > 0 ? Math.Min(limit, end - first) : end - first;
        var objects = new StoredObject[take];
        for (int i = 0; i < take; i++)
            objects[i] = root[first + i];
        return new RangeResult(revision, objects, end - first);
    }

    private void Add(Step step)
    {
        _root = step.Root;
        _added.Add(new Kept((Revision + 1) % RootEvery == 0 ? _root : null, [.. step.Events]));
    }

    private static int PositionOf(ImmutableSortedSet<StoredObject> root, string key)
    {
        int position = root.IndexOf(Probe(key));
        return position >= 0 ? position : ~position;
    }

    private static StoredObject Probe(string key) => new(key, default, 0, 0, 0);

    /// <summary>A revision that is kept.</summary>
    /// <param name="Root">Every object at it; null: to be made from one before it.</param>
    /// <param name="Events">What it changed, in order.</param>
    internal sealed record Kept(ImmutableSortedSet<StoredObject>? Root, ImmutableArray<StoreEvent> Events);

    /// <summary>The running steps of a transaction.</summary>
    private sealed class Step(KeyValueState state, ImmutableSortedSet<StoredObject> root)
    {
        private readonly long _next = state.Revision + 1;

        public ImmutableSortedSet<StoredObject> Root { get; private set; } = root;

        public List<StoreEvent> Events { get; } = [];

        // etcd answers with the revision that a write of the same transaction will have.
        private long Header => Events.Count > 0 ? _next : _next - 1;

        public OperationResult Run(StoreOperation operation) => operation switch
        {
            PutOperation put => Put(put),
            DeleteOperation delete => Delete(delete),
            RangeOperation range => new OperationResult(Range(range.Request)),
            _ => throw new StoreException($"{operation.GetType().Name} is no step that this store knows"),
        };

        private RangeResult Range(RangeRequest request) =>
            request.Revision == 0 || request.Revision == _next
                ? Read(Root, request.Keys, request.Limit, Header)
                : state.View().Range(request);

        private OperationResult Put(PutOperation put)
        {
            StoredObject? previous = Find(Root, put.Key);
            var written = new StoredObject(put.Key, put.Value, previous?.CreateRevision ?? _next, _next, (previous?.Version ?? 0) + 1);
            Root = (previous is null ? Root : Root.Remove(previous)).Add(written);
            Events.Add(new StoreEvent(false, written, previous));
            return new OperationResult(new RangeResult(_next, previous is null ? [] : [previous], previous is null ? 0 : 1));
        }

        private OperationResult Delete(DeleteOperation delete)
        {
            RangeResult gone = Read(Root, delete.Keys, 0, Header);
            foreach (StoredObject each in gone.Objects)
            {
                Root = Root.Remove(each);
                Events.Add(new StoreEvent(true, new StoredObject(each.Key, default, 0, _next, 0), each));
            }

            return new OperationResult(gone with { Revision = Header });
        }
    }

    private sealed class ByKey : IComparer<StoredObject>
    {
        public int Compare(StoredObject? x, StoredObject? y) => string.CompareOrdinal(x?.Key, y?.Key);
    }
}
