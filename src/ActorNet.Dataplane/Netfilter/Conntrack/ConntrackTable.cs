using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;

namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>
/// The connections of a namespace by both their tuples, bounded by nf_conntrack_max (linux net/netfilter/nf_conntrack_core.c). Each packet moves its
/// connection's end; the queue of deadlines learns of that when the earlier moment comes, so a packet costs it nothing.
/// </summary>
/// <param name="options">Settings.</param>
internal sealed class ConntrackTable(NetfilterOptions options)
{
    // NF_CT_EVICTION_RANGE buckets are looked through for one to give up.
    private const int EvictionRange = 64;

    // Used objects kept for the next connections.
    private const int MaxSpare = 1024;

    // Tuples whose earlier connections are remembered as a number.
    private const int RememberedTuples = 4096;

    private readonly Dictionary<ConntrackTuple, TupleEnd> _tuples = [];
    private readonly List<ConntrackEntry> _entries = [];
    private readonly DeadlineHeap<ConntrackEntry> _timers = new();
    private readonly Stack<ConntrackEntry> _spare = new();
    private (ulong Tuple, uint Count)[]? _earlier;
    private ConntrackTuple _lastTuple;
    private TupleEnd _last;

    /// <summary>One direction of a connection.</summary>
    /// <param name="Entry">The connection.</param>
    /// <param name="IsReply">Whether it is the answers' direction.</param>
    internal readonly record struct TupleEnd(ConntrackEntry Entry, bool IsReply);

    /// <summary>Those whose source is translated, by their source.</summary>
    internal SourceIndex BySource { get; } = new();

    internal int Count => _entries.Count;

    internal IReadOnlyList<ConntrackEntry> Entries => _entries;

    internal Instant NextDeadline => _timers.Next;

    /// <summary>The connection that a tuple belongs to, when it is not over.</summary>
    internal bool TryFind(in ConntrackTuple tuple, Instant now, out TupleEnd end)
    {
        // Packets of one connection come in runs.
        if (_last.Entry is not null && _lastTuple == tuple)
            end = _last;
        else if (_tuples.TryGetValue(tuple, out end))
            (_lastTuple, _last) = (tuple, end);
        else
            return false;
        if (end.Entry.Expires > now)
            return true;
        Remove(end.Entry);
        return false;
    }

    /// <summary>Makes a connection that is not entered yet; null when the table is full and none can be given up.</summary>
    internal ConntrackEntry? TryMake(in ConntrackTuple original, in ConntrackTuple reply, ConntrackCounters counters)
    {
        if (_entries.Count >= options.ConntrackMax && !TryDropEarly(original, counters))
            return null;
        if (!_spare.TryPop(out ConntrackEntry? entry))
            entry = new ConntrackEntry();
        entry.Reset(original, reply);
        entry.Ordinal = CountEarlier(original);
        return entry;
    }

    /// <summary>Whether another connection has this tuple (nf_conntrack_tuple_taken).</summary>
    internal bool IsTaken(in ConntrackTuple tuple, ConntrackEntry by, Instant now) => TryFind(tuple, now, out TupleEnd end) && !ReferenceEquals(end.Entry, by);

    /// <summary>Enters a connection (__nf_conntrack_confirm); false when one of its tuples is taken.</summary>
    internal bool TryConfirm(ConntrackEntry entry, Instant now)
    {
        if (IsTaken(entry.Original, entry, now) || IsTaken(entry.Reply, entry, now))
            return false;
        _tuples[entry.Original] = new TupleEnd(entry, false);
        _tuples.TryAdd(entry.Reply, new TupleEnd(entry, true));
        entry.Place = _entries.Count;
        _entries.Add(entry);
        entry.Status |= ConntrackStatus.Confirmed;
        entry.Expires = now + entry.Timeout;
        _timers.Set(entry, entry.Expires);
        BySource.Add(entry);
        return true;
    }

    /// <summary>Moves the end of a connection.</summary>
    internal void Refresh(ConntrackEntry entry, TimeSpan timeout, Instant now)
    {
        entry.Timeout = timeout;
        if (!entry.IsConfirmed)
            return;
        entry.Expires = now + timeout;
        if (entry.Expires < entry.Deadline)
            _timers.Set(entry, entry.Expires);
    }

    /// <summary>Deletes a connection.</summary>
    internal void Remove(ConntrackEntry entry)
    {
        if (!entry.IsConfirmed)
            return;
        _last = default;
        RemoveTuple(entry.Original, entry);
        RemoveTuple(entry.Reply, entry);
        _timers.Remove(entry);
        BySource.Remove(entry);
        ConntrackEntry last = _entries[^1];
        _entries[entry.Place] = last;
        last.Place = entry.Place;
        _entries.RemoveAt(_entries.Count - 1);
        entry.Status &= ~ConntrackStatus.Confirmed;
        entry.IsDying = true;
    }

    /// <summary>Gives back an object that nobody holds any more.</summary>
    internal void Recycle(ConntrackEntry entry)
    {
        if (_spare.Count < MaxSpare)
            _spare.Push(entry);
    }

    /// <summary>Deletes what is over.</summary>
    internal void Poll(Instant now)
    {
        while (_timers.TryTakeDue(now, out ConntrackEntry? entry))
        {
            if (entry.Expires > now)
            {
                _timers.Set(entry, entry.Expires);
                continue;
            }

            Remove(entry);
            Recycle(entry);
        }
    }

    // early_drop: the first that is not assured, in a part of the table that the newcomer's tuple chooses; closing ones count as not assured.
    private bool TryDropEarly(in ConntrackTuple tuple, ConntrackCounters counters)
    {
        if (_entries.Count == 0)
            return false;
        int start = (int)(tuple.Hash() % (ulong)_entries.Count);
        for (int i = 0; i < Math.Min(EvictionRange, _entries.Count); i++)
        {
            ConntrackEntry candidate = _entries[(start + i) % _entries.Count];
            bool closing = candidate.Original.Protocol == (byte)Packets.IpProtocol.Tcp && TcpTracker.MayDropEarly(candidate.Tcp.State);
            if ((candidate.Status & ConntrackStatus.Assured) != 0 && !closing)
                continue;
            Remove(candidate);
            counters.EarlyDrop++;
            return true;
        }

        return false;
    }

    private void RemoveTuple(in ConntrackTuple tuple, ConntrackEntry entry)
    {
        if (_tuples.TryGetValue(tuple, out TupleEnd end) && ReferenceEquals(end.Entry, entry))
            _tuples.Remove(tuple);
    }

    private uint CountEarlier(in ConntrackTuple tuple)
    {
        _earlier ??= new (ulong, uint)[RememberedTuples];
        ulong hash = tuple.Hash();
        ref (ulong Tuple, uint Count) slot = ref _earlier[(int)(hash % RememberedTuples)];
        slot = slot.Tuple == hash ? (hash, slot.Count + 1) : (hash, 0);
        return slot.Count;
    }
}
