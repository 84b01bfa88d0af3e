using System.Collections.Immutable;

namespace ActorNet.Kubernetes.Storage;

/// <summary>What a <see cref="KeyValueState"/> held at one moment, with the revisions it kept then. It never changes: read it from any thread.</summary>
public sealed class KeyValueView
{
    /// <summary>The most events of one answer of <see cref="Changes"/>, unless one revision alone has more.</summary>
    public const int MaxEvents = 500;

    // The first has its root.
    private readonly ImmutableList<KeyValueState.Kept> _kept;
    private readonly ImmutableSortedSet<StoredObject> _newest;

    internal KeyValueView(ImmutableList<KeyValueState.Kept> kept, ImmutableSortedSet<StoredObject> newest, long oldest)
    {
        (_kept, _newest) = (kept, newest);
        CompactRevision = oldest;
    }

    /// <summary>The newest revision.</summary>
    public long Revision => CompactRevision + _kept.Count - 1;

    /// <summary>The oldest revision that can be read.</summary>
    public long CompactRevision { get; }

    /// <summary>Every object at <see cref="CompactRevision"/>, in the order of their keys: with <see cref="History"/> all that is kept.</summary>
    public IReadOnlyCollection<StoredObject> Base => _kept[0].Root!;

    /// <summary>What each revision behind <see cref="CompactRevision"/> changed, oldest first: one entry for each revision.</summary>
    public IEnumerable<IReadOnlyList<StoreEvent>> History => _kept.Skip(1).Select(each => (IReadOnlyList<StoreEvent>)each.Events);

    /// <summary>Reads a range at one revision.</summary>
    /// <exception cref="CompactedException">The revision is no longer kept.</exception>
    /// <exception cref="FutureRevisionException">The revision does not exist yet.</exception>
    public RangeResult Range(RangeRequest request)
    {
        long revision = request.Revision == 0 ? Revision : request.Revision;
        if (revision < CompactRevision)
            throw new CompactedException(revision, CompactRevision);
        if (revision > Revision)
            throw new FutureRevisionException(revision, Revision);
        return KeyValueState.Read(RootAt(revision), request.Keys, request.Limit, Revision);
    }

    /// <summary>Every object at a revision that is kept.</summary>
    /// <param name="revision">The revision.</param>
    internal ImmutableSortedSet<StoredObject> RootAt(long revision)
    {
        if (revision == Revision)
            return _newest;
        int at = (int)(revision - CompactRevision), from = at;
        while (_kept[from].Root is null)
            from--;
        if (from == at)
            return _kept[at].Root!;
        ImmutableSortedSet<StoredObject>.Builder root = _kept[from].Root!.ToBuilder();
        while (++from <= at)
        {
            foreach (StoreEvent each in _kept[from].Events)
                Repeat(root, each);
        }

        return root.ToImmutable();
    }

    private static void Repeat(ImmutableSortedSet<StoredObject>.Builder root, StoreEvent change)
    {
        if (change.Previous is { } previous)
            root.Remove(previous);
        if (!change.IsDeletion)
            root.Add(change.Object);
    }

    /// <summary>The changes of a range from a revision on, as far as there are any: whole revisions, about <see cref="MaxEvents"/> at most.</summary>
    /// <param name="keys">The range.</param>
    /// <param name="startRevision">The first revision wanted.</param>
    /// <exception cref="CompactedException">The revision is no longer kept.</exception>
    public StoreChanges Changes(KeyRange keys, long startRevision)
    {
        if (startRevision < CompactRevision)
            throw new CompactedException(startRevision, CompactRevision);
        var events = new List<StoreEvent>();
        long revision = startRevision - 1;
        while (revision < Revision && events.Count < MaxEvents)
        {
            revision++;
            foreach (StoreEvent each in _kept[(int)(revision - CompactRevision)].Events)
            {
                if (keys.Contains(each.Object.Key))
                    events.Add(each);
            }
        }

        return new StoreChanges(revision, events);
    }
}
