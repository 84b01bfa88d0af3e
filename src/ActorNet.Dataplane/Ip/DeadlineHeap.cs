using ActorNet.Dataplane.Time;

namespace ActorNet.Dataplane.Ip;

/// <summary>Something that waits for a moment in a <see cref="DeadlineHeap{T}"/>, at most once.</summary>
public abstract class TimedEntry
{
    /// <summary>The moment; <see cref="Instant.Never"/> while it waits for none.</summary>
    public Instant Deadline { get; internal set; } = Instant.Never;

    internal int HeapIndex { get; set; } = -1;

    internal bool IsArmed => HeapIndex >= 0;
}

/// <summary>A binary heap of entries by deadline that knows where each entry is, so that moving or cancelling one leaves nothing behind.</summary>
/// <typeparam name="T">The entries.</typeparam>
public sealed class DeadlineHeap<T>
    where T : TimedEntry
{
    private readonly List<T> _items = [];

    /// <summary>The earliest moment; <see cref="Instant.Never"/> when nothing waits.</summary>
    public Instant Next => _items.Count == 0 ? Instant.Never : _items[0].Deadline;

    /// <summary>Lets an entry wait for a moment, or moves it there.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="deadline">The moment.</param>
    public void Set(T entry, Instant deadline)
    {
        entry.Deadline = deadline;
        if (entry.HeapIndex < 0)
        {
            entry.HeapIndex = _items.Count;
            _items.Add(entry);
        }

        Sift(entry.HeapIndex);
    }

    /// <summary>Takes an entry out; nothing happens when it waits for nothing.</summary>
    /// <param name="entry">The entry.</param>
    public void Remove(T entry)
    {
        int at = entry.HeapIndex;
        if (at < 0)
            return;
        entry.HeapIndex = -1;
        entry.Deadline = Instant.Never;
        T last = _items[^1];
        _items.RemoveAt(_items.Count - 1);
        if (ReferenceEquals(last, entry))
            return;
        _items[at] = last;
        last.HeapIndex = at;
        Sift(at);
    }

    /// <summary>Takes the earliest entry out when its moment has come.</summary>
    /// <param name="now">Time.</param>
    /// <param name="entry">The entry.</param>
    public bool TryTakeDue(Instant now, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out T? entry)
    {
        entry = null;
        if (_items.Count == 0 || _items[0].Deadline > now)
            return false;
        entry = _items[0];
        Remove(entry);
        return true;
    }

    private void Sift(int at)
    {
        T item = _items[at];
        while (at > 0)
        {
            int parent = (at - 1) / 2;
            if (_items[parent].Deadline <= item.Deadline)
                break;
            Place(_items[parent], at);
            at = parent;
        }

        while (true)
        {
            int child = (at * 2) + 1;
            if (child >= _items.Count)
                break;
            if (child + 1 < _items.Count && _items[child + 1].Deadline < _items[child].Deadline)
                child++;
            if (_items[child].Deadline >= item.Deadline)
                break;
            Place(_items[child], at);
            at = child;
        }

        Place(item, at);
    }

    private void Place(T item, int at)
    {
        _items[at] = item;
        item.HeapIndex = at;
    }
}
