using System.Collections.Immutable;

namespace ActorNet.Kubernetes.Storage;

/// <summary>
/// A copy of a part of a store that is kept up by whoever hears of its changes, with the newest of them: upstream's watch cache (apiserver
/// pkg/storage/cacher/watch_cache.go). Between two of its changes nothing happened in its part, so any revision that it has heard of can be read.
/// One writer; it is read from any thread.
/// </summary>
public sealed class ObjectReplica : IObjectSource, ISignalledChanges
{
    /// <summary>The most changes that are kept.</summary>
    public const int MostChanges = 4096;

    /// <summary>The most bytes of objects in them, unless one change alone has more.</summary>
    public const long MostBytes = 16 * 1024 * 1024;

    private volatile State _state;
    private volatile TaskCompletionSource _changed = NewSignal();
    private long _bytes;

    /// <summary>Makes a copy; what lies before its revision is not known.</summary>
    /// <param name="objects">The objects, a key once each.</param>
    /// <param name="revision">The revision that they are of.</param>
    public ObjectReplica(IEnumerable<StoredObject> objects, long revision)
    {
        _state = new State(revision, [new Kept(revision, KeyValueState.Empty.Union(objects), null)], false);
    }

    /// <summary>Every change up to this revision is in it.</summary>
    public long Revision => _state.Revision;

    /// <summary>The oldest revision that can be read, and behind which a watch can begin.</summary>
    public long Oldest => _state.Oldest;

    Task ISignalledChanges.Changed => _changed.Task;

    /// <summary>Takes what has changed.</summary>
    /// <param name="changes">In their order; a deletion without a value.</param>
    /// <param name="revision">Every change up to it is in these or came before.</param>
    public void Apply(IReadOnlyList<(string Key, long Revision, ReadOnlyMemory<byte>? Value)> changes, long revision)
    {
        ArgumentNullException.ThrowIfNull(changes);
        ImmutableList<Kept> kept = _state.Kept;
        foreach ((string key, long at, ReadOnlyMemory<byte>? value) in changes)
        {
            ImmutableSortedSet<StoredObject> root = kept[^1].Root;
            StoredObject? previous = KeyValueState.Find(root, key);
            var written = new StoredObject(key, value ?? default, 0, at, value is null ? 0 : 1);
            if (previous is not null)
                root = root.Remove(previous);
            else if (value is null)
                continue;
            var change = new StoreEvent(value is null, written, previous);
            kept = kept.Add(new Kept(at, value is null ? root : root.Add(written), change));
            _bytes += SizeOf(change);
        }

        while (kept.Count > 2 && (kept.Count > MostChanges + 1 || _bytes > MostBytes))
        {
            _bytes -= SizeOf(kept[1].Change!);
            kept = kept.RemoveAt(0);
        }

        Publish(new State(Math.Max(revision, kept[^1].Revision), kept, false));
    }

    /// <summary>Ends it, because what came next is not known: whoever watches is told to list again.</summary>
    public void End() => Publish(_state with { HasEnded = true });

    /// <inheritdoc/>
    public ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        State state = _state;
        long revision = request.Revision == 0 ? state.Revision : request.Revision;
        if (revision < state.Oldest)
            throw new CompactedException(revision, state.Oldest);
        if (revision > state.Revision)
            throw new FutureRevisionException(revision, state.Revision);
        return new ValueTask<RangeResult>(KeyValueState.Read(state.Kept[state.After(revision) - 1].Root, request.Keys, request.Limit, state.Revision));
    }

    /// <inheritdoc/>
    public IStoreWatch Watch(KeyRange keys, long startRevision) => new SignalledWatch(this, keys, startRevision);

    StoreChanges ISignalledChanges.Changes(KeyRange keys, long startRevision)
    {
        State state = _state;
        if (state.HasEnded || startRevision <= state.Oldest)
            throw new CompactedException(startRevision, state.HasEnded ? state.Revision + 1 : state.Oldest);
        var events = new List<StoreEvent>();
        for (int i = state.After(startRevision - 1); i < state.Kept.Count; i++)
        {
            if (events.Count >= KeyValueView.MaxEvents)
                return new StoreChanges(state.Kept[i - 1].Revision, events);
            if (keys.Contains(state.Kept[i].Change!.Object.Key))
                events.Add(state.Kept[i].Change!);
        }

        // One that waits for a revision of the future is past what is here.
        return new StoreChanges(Math.Max(state.Revision, startRevision - 1), events);
    }

    private static long SizeOf(StoreEvent change) => change.Object.Value.Length + (change.Previous?.Value.Length ?? 0);

    // The state first: who is woken by the signal must find it.
    private void Publish(State state)
    {
        _state = state;
        TaskCompletionSource before = _changed;
        _changed = NewSignal();
        before.TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The objects behind a change.</summary>
    /// <param name="Revision">The revision of the change.</param>
    /// <param name="Root">The objects.</param>
    /// <param name="Change">The change; null: of the first, which is there from the beginning.</param>
    private sealed record Kept(long Revision, ImmutableSortedSet<StoredObject> Root, StoreEvent? Change);

    private sealed record State(long Revision, ImmutableList<Kept> Kept, bool HasEnded)
    {
        // The change of the oldest is not told any more.
        public long Oldest => Kept[0].Revision;

        /// <summary>Where the first change behind a revision is.</summary>
        public int After(long revision)
        {
            (int low, int high) = (1, Kept.Count);
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (Kept[middle].Revision > revision)
                    high = middle;
                else
                    low = middle + 1;
            }

            return low;
        }
    }
}
