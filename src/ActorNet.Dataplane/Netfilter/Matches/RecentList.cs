using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>One list of -m recent: at most 100 addresses, the least recently seen goes first (linux net/netfilter/xt_recent.c).</summary>
internal sealed class RecentList
{
    // ip_list_tot and, for the stamps of an entry, XT_RECENT_MAX_NSTAMPS of a list whose rules ask for no hit count above 20.
    private const int MaxAddresses = 100;
    private const int MaxStamps = 20;

    private readonly Dictionary<Ipv4Address, Entry> _entries = [];
    private readonly LinkedList<Entry> _byAge = new();

    internal int Count => _entries.Count;

    /// <summary>Enters an address or makes it the latest; always true.</summary>
    internal bool Set(Ipv4Address address, byte ttl, Instant now)
    {
        if (!_entries.TryGetValue(address, out Entry? entry))
        {
            if (_entries.Count >= MaxAddresses)
                Remove(_byAge.First!.Value);
            entry = new Entry(address);
            _entries.Add(address, entry);
            entry.Node = _byAge.AddLast(entry);
        }

        Touch(entry, ttl, now);
        return true;
    }

    /// <summary>Takes an address out; whether it was there.</summary>
    internal bool Remove(Ipv4Address address, byte? ttl)
    {
        if (!_entries.TryGetValue(address, out Entry? entry) || (ttl is { } t && t != entry.Ttl))
            return false;
        Remove(entry);
        return true;
    }

    /// <summary>Whether the address was seen, often and lately enough.</summary>
    internal bool Check(Ipv4Address address, byte? ttl, uint seconds, uint hits, bool reap, bool update, Instant now)
    {
        if (!_entries.TryGetValue(address, out Entry? entry) || (ttl is { } t && t != entry.Ttl))
            return false;
        var since = new Instant(now.Nanoseconds - (seconds * 1_000_000_000L));
        bool found = IsSeen(entry, seconds, hits, since);
        // recent_entry_reap: of the expired only the oldest goes.
        if (reap && _byAge.First is { } oldest && oldest.Value.Latest < since)
        {
            bool own = ReferenceEquals(oldest.Value, entry);
            Remove(oldest.Value);
            if (own)
                return found;
        }

        if (found && update)
            Touch(entry, ttl ?? entry.Ttl, now);
        return found;
    }

    private static bool IsSeen(Entry entry, uint seconds, uint hits, Instant since)
    {
        uint seen = 0;
        for (int i = 0; i < entry.StampCount; i++)
        {
            if (seconds != 0 && entry.Stamps[i] < since)
                continue;
            if (hits == 0 || ++seen >= hits)
                return true;
        }

        return false;
    }

    private void Touch(Entry entry, byte ttl, Instant now)
    {
        entry.Ttl = ttl;
        entry.Stamps[entry.Next] = now;
        entry.Latest = now;
        entry.Next = (entry.Next + 1) % MaxStamps;
        entry.StampCount = Math.Min(entry.StampCount + 1, MaxStamps);
        _byAge.Remove(entry.Node!);
        _byAge.AddLast(entry.Node!);
    }

    private void Remove(Entry entry)
    {
        _entries.Remove(entry.Address);
        _byAge.Remove(entry.Node!);
    }

    private sealed class Entry(Ipv4Address address)
    {
        internal Ipv4Address Address { get; } = address;

        internal Instant[] Stamps { get; } = new Instant[MaxStamps];

        internal int StampCount { get; set; }

        internal int Next { get; set; }

        internal Instant Latest { get; set; }

        internal byte Ttl { get; set; }

        internal LinkedListNode<Entry>? Node { get; set; }
    }
}
