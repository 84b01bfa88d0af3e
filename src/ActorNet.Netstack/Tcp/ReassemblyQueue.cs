using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>
/// Segments that arrived beyond a gap, in order and without overlap, and what is to be said of them in SACK blocks
/// (linux tcp_data_queue_ofo). Bounded in segments here and in memory by the caller.
/// </summary>
internal sealed class ReassemblyQueue(FrameCache frames, ReceiveMemory memory, int maxSegments)
{
    private const int MaxBlocks = 4;

    private readonly List<Entry> _entries = [];
    private int _taken;
    private SackBlocks _recent;
    private int _recentCount;

    public int Count => _entries.Count - _taken;

    /// <summary>Bytes of memory held.</summary>
    public int Charge { get; private set; }

    /// <summary>Blocks that may be reported.</summary>
    public int BlockCount => _recentCount;

    /// <summary>The right edge of what is held.</summary>
    public uint End => _entries[^1].End;

    /// <summary>The blocks, that of the newest segment first (RFC 2018, 4).</summary>
    public SackBlock Block(int index) => _recent[index];

    /// <summary>Takes data from beyond a gap; the frame is always taken. What is already held is cut off.</summary>
    /// <param name="start">Sequence number of the first byte.</param>
    /// <param name="data">The frame, whose bytes are the data; may be empty when only FIN is told.</param>
    /// <param name="fin">Whether FIN lies behind the data.</param>
    /// <param name="duplicate">What was held already, to be reported as a duplicate; empty when nothing was.</param>
    /// <returns>False when there is no room.</returns>
    public bool TryAdd(uint start, ref Frame data, bool fin, out SackBlock duplicate)
    {
        duplicate = default;
        uint end = start + (uint)data.Length;
        int at = FindPlace(start);
        if (at > 0 && TcpSequence.IsAfter(_entries[at - 1].End, start))
        {
            uint covered = TcpSequence.Min(_entries[at - 1].End, end);
            duplicate = new SackBlock(start, covered);
            if (covered == end && !(fin && !_entries[at - 1].Fin && covered == _entries[at - 1].End))
            {
                frames.Release(ref data);
                Touch(start, covered);
                return true;
            }

            data.Pull((int)(covered - start));
            start = covered;
        }

        // What the new segment covers goes; one that sticks out behind stays and the new one is cut.
        while (at < _entries.Count && TcpSequence.IsBefore(_entries[at].Start, end))
        {
            Entry next = _entries[at];
            if (duplicate == default)
                duplicate = new SackBlock(next.Start, TcpSequence.Min(next.End, end));
            if (TcpSequence.IsAfter(next.End, end))
            {
                data.Length = (int)(next.Start - start);
                end = next.Start;
                fin = false;
                break;
            }

            fin |= next.Fin;
            RemoveAt(at);
        }

        if (_entries.Count >= maxSegments || (data.Length == 0 && !fin))
        {
            frames.Release(ref data);
            return _entries.Count < maxSegments;
        }

        Insert(at, start, ref data, fin);
        Touch(start, end);
        return true;
    }

    /// <summary>Takes the first segment out when it begins at or before a number. <see cref="Advance"/> ends a run of calls.</summary>
    /// <param name="next">The next number in order.</param>
    /// <param name="data">The bytes from there on; without a buffer when nothing of them is new.</param>
    /// <param name="fin">Whether FIN follows.</param>
    public bool TryTake(uint next, out Frame data, out bool fin)
    {
        data = default;
        fin = false;
        if (Count == 0 || TcpSequence.IsAfter(_entries[_taken].Start, next))
            return false;
        Entry first = _entries[_taken];
        _entries[_taken++] = default;
        Hold(-ReceiveQueue.TrueSize(first.Data));
        fin = first.Fin;
        data = first.Data;
        int old = TcpSequence.Distance(next, first.Start);
        if (old >= data.Length)
            frames.Release(ref data);
        else
            data.Pull(old);
        return true;
    }

    /// <summary>Forgets blocks that are in order by now.</summary>
    public void Advance(uint next)
    {
        _entries.RemoveRange(0, _taken);
        _taken = 0;
        int kept = 0;
        for (int i = 0; i < _recentCount; i++)
        {
            if (TcpSequence.IsAfter(_recent[i].Right, next) && _entries.Count > 0)
                _recent[kept++] = _recent[i];
        }

        _recentCount = kept;
    }

    /// <summary>Drops the segment furthest away: room is needed for what is in order (tcp_prune_ofo_queue).</summary>
    public bool TryDropLast()
    {
        if (_entries.Count == 0)
            return false;
        RemoveAt(_entries.Count - 1);
        // What was reported may be gone: RFC 2018, 8 allows it, and the blocks must not say more than is held.
        _recentCount = 0;
        if (_entries.Count > 0)
            Touch(_entries[^1].Start, _entries[^1].End);
        return true;
    }

    public void Clear()
    {
        while (_entries.Count > 0)
            RemoveAt(_entries.Count - 1);
        _entries.Capacity = 0;
        _recentCount = 0;
    }

    private void Insert(int at, uint start, ref Frame data, bool fin)
    {
        while (SparseFrames.TryCut(frames, ref data, out Frame piece))
        {
            Hold(ReceiveQueue.TrueSize(piece));
            _entries.Insert(at++, new Entry(start, start + (uint)piece.Length, piece, fin && data.Buffer is null));
            start += (uint)piece.Length;
        }

        if (data.Buffer is null)
            return;
        SparseFrames.Detach(frames, ref data);
        Hold(ReceiveQueue.TrueSize(data));
        _entries.Insert(at, new Entry(start, start + (uint)data.Length, data, fin));
        data = default;
    }

    private void Hold(int bytes)
    {
        Charge += bytes;
        memory.Add(bytes);
    }

    private void RemoveAt(int index)
    {
        Frame data = _entries[index].Data;
        Hold(-ReceiveQueue.TrueSize(data));
        frames.Release(ref data);
        _entries.RemoveAt(index);
    }

    // The index of the first segment that begins behind a number; nearly always the end.
    private int FindPlace(uint start)
    {
        int at = _entries.Count;
        if (at == 0 || TcpSequence.IsAtMost(_entries[at - 1].Start, start))
            return at;
        int low = 0;
        while (low < at)
        {
            int middle = (low + at) / 2;
            if (TcpSequence.IsAfter(_entries[middle].Start, start))
                at = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    // tcp_sack_new_ofo_skb: the block that a segment belongs to comes first, grown by it and joined with those it touches.
    private void Touch(uint start, uint end)
    {
        var block = new SackBlock(start, end);
        int kept = 0;
        SackBlocks others = default;
        for (int i = 0; i < _recentCount; i++)
        {
            SackBlock other = _recent[i];
            if (TcpSequence.IsAtMost(other.Left, block.Right) && TcpSequence.IsAtMost(block.Left, other.Right))
                block = new SackBlock(TcpSequence.Min(block.Left, other.Left), TcpSequence.Max(block.Right, other.Right));
            else if (kept < MaxBlocks)
                others[kept++] = other;
        }

        _recent[0] = block;
        _recentCount = Math.Min(kept + 1, MaxBlocks);
        for (int i = 1; i < _recentCount; i++)
            _recent[i] = others[i - 1];
    }

    private readonly record struct Entry(uint Start, uint End, Frame Data, bool Fin);

    [System.Runtime.CompilerServices.InlineArray(MaxBlocks)]
    private struct SackBlocks
    {
        private SackBlock _first;
    }
}
