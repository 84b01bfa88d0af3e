using System.Runtime.CompilerServices;
using ActorNet.Dataplane.Time;

namespace ActorNet.Dataplane.Bridging;

/// <summary>
/// The table behind a bridge's look-ups: MAC to entry, open addressing with linear probing at a load of at most one half. Removal moves
/// later entries of the chain back, so no tombstones gather under churn.
/// </summary>
internal sealed class ForwardingDatabase
{
    private const int FirstCapacity = 64;

    private readonly List<FdbEntry> _expired = [];
    private FdbEntry?[] _entries = new FdbEntry?[FirstCapacity];
    private ulong[] _keys = new ulong[FirstCapacity];
    private int _shift = 64 - 6;

    public int Count { get; private set; }

    public int Learned { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FdbEntry? Find(ulong mac)
    {
        ulong[] keys = _keys;
        int mask = keys.Length - 1;
        for (int i = SlotOf(mac); ; i = (i + 1) & mask)
        {
            FdbEntry? entry = _entries[i];
            if (entry is null || keys[i] == mac)
                return entry;
        }
    }

    public void Add(FdbEntry entry)
    {
        if ((Count + 1) * 2 > _keys.Length)
            Grow();
        Place(entry);
        Count++;
        if (entry.IsLearned)
            Learned++;
    }

    public void Remove(FdbEntry entry)
    {
        int mask = _keys.Length - 1;
        int hole = SlotOf(entry.Mac.Value);
        while (!ReferenceEquals(_entries[hole], entry))
            hole = (hole + 1) & mask;

        // Knuth, The Art of Computer Programming 3, 6.4, Algorithm R: close the hole with a later entry that may stand there.
        for (int i = (hole + 1) & mask; _entries[i] is not null; i = (i + 1) & mask)
        {
            int home = SlotOf(_keys[i]);
            if (((i - home) & mask) < ((i - hole) & mask))
                continue;
            _entries[hole] = _entries[i];
            _keys[hole] = _keys[i];
            hole = i;
        }

        _entries[hole] = null;
        _keys[hole] = 0;
        Count--;
        if (entry.IsLearned)
            Learned--;
    }

    /// <summary>Removes learned entries that were last updated at a moment or before.</summary>
    /// <returns>When the oldest learned entry that stays was updated; <see cref="Instant.Never"/> when none stays.</returns>
    public Instant RemoveLearnedUntil(Instant moment)
    {
        _expired.Clear();
        Instant oldest = Instant.Never;
        foreach (FdbEntry? entry in _entries)
        {
            if (entry is null || entry.IsStatic)
                continue;
            if (entry.LastUpdated <= moment)
                _expired.Add(entry);
            else if (entry.LastUpdated < oldest)
                oldest = entry.LastUpdated;
        }

        foreach (FdbEntry entry in _expired)
            Remove(entry);
        _expired.Clear();
        return oldest;
    }

    /// <summary>A copy of the entries, the newest first.</summary>
    public FdbEntry[] Snapshot()
    {
        var entries = new FdbEntry[Count];
        int n = 0;
        foreach (FdbEntry? entry in _entries)
        {
            if (entry is not null)
                entries[n++] = entry;
        }

        Array.Sort(entries, static (a, b) => b.Order.CompareTo(a.Order));
        return entries;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int SlotOf(ulong mac) => (int)((mac * 0x9E37_79B9_7F4A_7C15) >> _shift);

    private void Place(FdbEntry entry)
    {
        int mask = _keys.Length - 1;
        int i = SlotOf(entry.Mac.Value);
        while (_entries[i] is not null)
            i = (i + 1) & mask;
        _entries[i] = entry;
        _keys[i] = entry.Mac.Value;
    }

    private void Grow()
    {
        FdbEntry?[] old = _entries;
        _entries = new FdbEntry?[old.Length * 2];
        _keys = new ulong[old.Length * 2];
        _shift--;
        foreach (FdbEntry? entry in old)
        {
            if (entry is not null)
                Place(entry);
        }
    }
}
