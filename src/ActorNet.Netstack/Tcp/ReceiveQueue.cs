using ActorNet.Dataplane.Frames;

namespace ActorNet.Netstack;

/// <summary>
/// Received data in order, in the frames it came in. A segment that fills less than half of its frame's memory is copied behind the last
/// one's data where there is room, or into small frames, so that what is held is never much more than twice the data
/// (linux tcp_try_coalesce, tcp_collapse). The first stays as it came: mostly it is read at once. What nobody read by the end of the turn is
/// packed, so that a few segments do not keep the large buffer of their train.
/// </summary>
internal sealed class ReceiveQueue(FrameCache frames, TcpCounters counters, ReceiveMemory memory)
{
    // Segments of a train share a large buffer: what is left of them is copied out when it fills less than this part of it.
    private const int LooseBelow = FramePool.LargeLength / 4;

    private Frame[] _ring = [];
    private int _head;
    private int _count;

    // Frames at the front that were looked at when a turn ended.
    private int _settled;
    private Frame[]? _packed;

    /// <summary>Bytes of data held.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes of memory held: truesize.</summary>
    public int Charge { get; private set; }

    /// <summary>The first piece of the data.</summary>
    public ReadOnlySpan<byte> First => _count == 0 ? default : _ring[_head].Span;

    /// <summary>Memory that a frame occupies.</summary>
    public static int TrueSize(in Frame frame) => frame.RegionEnd - frame.RegionStart;

    /// <summary>Takes a frame whose bytes are the next of the stream.</summary>
    public void Append(ref Frame data)
    {
        Length += data.Length;
        if (data.Length * 2 < TrueSize(data) && TryCoalesce(ref data))
            return;
        while ((_count > 0 || data.Length <= FramePool.SmallLength) && SparseFrames.TryCut(frames, ref data, out Frame piece))
            AddLast(piece);
        if (data.Buffer is not null)
            AddLast(data);
        data = default;
    }

    /// <summary>Copies what is left of the first frame into small ones when it is sparse: room is needed (tcp_collapse).</summary>
    /// <returns>Whether that freed memory.</returns>
    public bool TryCollapse()
    {
        if (_count == 0 || !SparseFrames.IsSparse(_ring[_head]))
            return false;
        Frame first = _ring[_head];
        int before = Charge;
        RemoveFirst();
        CutToFront(ref first);
        return Charge < before;
    }

    /// <summary>Whether the data at the front keeps a large buffer of which it fills less than a quarter.</summary>
    public bool IsLoose
    {
        get
        {
            if (_count == 0 || _ring[_head].Buffer.Size != FrameSize.Large)
                return false;
            int bytes = 0;
            for (int i = 0; i < _count && ReferenceEquals(At(i).Buffer, At(0).Buffer); i++)
            {
                bytes += At(i).Length;
                if (bytes >= LooseBelow || At(i).Length > SparseFrames.SmallCapacity)
                    return false;
            }

            return true;
        }
    }

    /// <summary>Copies the segments that stay when a turn ends, where they fill less than a quarter of the large buffer that they share.</summary>
    public void Pack()
    {
        if (_settled > 0)
            PackFront();
        int kept = _settled;
        for (int from = _settled; from < _count;)
        {
            bool loose = IsLooseRun(from, out int end, out int bytes);
            if (loose && TryCopyRun(from, end, bytes, out int count))
            {
                for (int i = 0; i < count; i++)
                    At(kept++) = _packed![i];
            }
            else
            {
                for (int i = from; i < end; i++)
                    At(kept++) = At(i);
            }

            from = end;
        }

        for (int i = kept; i < _count; i++)
            At(i) = default;
        _count = kept;
        _settled = kept;
    }

    public int Read(Span<byte> target)
    {
        int read = 0;
        while (read < target.Length && _count > 0)
        {
            ReadOnlySpan<byte> first = First;
            int count = Math.Min(first.Length, target.Length - read);
            first[..count].CopyTo(target[read..]);
            Consume(count);
            read += count;
        }

        return read;
    }

    /// <summary>Drops data from the front.</summary>
    public void Consume(int bytes)
    {
        Length -= bytes;
        while (bytes > 0)
        {
            ref Frame first = ref _ring[_head];
            if (bytes < first.Length)
            {
                first.Pull(bytes);
                return;
            }

            bytes -= first.Length;
            Frame read = first;
            RemoveFirst();
            frames.Release(ref read);
        }
    }

    public void Clear()
    {
        Consume(Length);
        _ring = [];
        _head = 0;
    }

    private ref Frame At(int index) => ref _ring[(_head + index) & (_ring.Length - 1)];

    // Of the front a part may have been read since it was looked at.
    private void PackFront()
    {
        if (!IsLoose || !IsLooseRun(0, out int end, out int bytes) || !TryCopyRun(0, end, bytes, out int count))
            return;
        int gone = end - count;
        for (int i = 0; i < gone; i++)
            At(i) = default;
        _head = (_head + gone) & (_ring.Length - 1);
        _count -= gone;
        _settled = Math.Max(_settled - gone, count);
        for (int i = 0; i < count; i++)
            At(i) = _packed![i];
    }

    // The frames from an index on that share one large buffer, unless they fill a quarter of it. One too long for a small frame stays: with
    // such an MTU the buffer holds few of them.
    private bool IsLooseRun(int from, out int end, out int bytes)
    {
        FrameBuffer buffer = At(from).Buffer;
        bool loose = buffer.Size == FrameSize.Large;
        bytes = 0;
        for (end = from; end < _count && ReferenceEquals(At(end).Buffer, buffer); end++)
        {
            bytes += At(end).Length;
            loose = loose && bytes < LooseBelow && At(end).Length <= SparseFrames.SmallCapacity;
        }

        return loose;
    }

    // Copies frames one behind the other into small ones and releases them. False when there is no memory: all stays as it is.
    private bool TryCopyRun(int from, int end, int bytes, out int count)
    {
        _packed ??= new Frame[(LooseBelow / SparseFrames.SmallCapacity) + 1];
        for (count = 0; bytes > 0; count++)
        {
            if (!frames.TryRentFrame(Math.Min(bytes, SparseFrames.SmallCapacity), out _packed[count]))
            {
                while (count > 0)
                    frames.Release(ref _packed[--count]);
                return false;
            }

            bytes -= _packed[count].Length;
        }

        int into = 0;
        int filled = 0;
        for (int i = from; i < end; i++)
        {
            for (ReadOnlySpan<byte> rest = At(i).Span; rest.Length > 0;)
            {
                Span<byte> room = _packed[into].Span[filled..];
                int length = Math.Min(rest.Length, room.Length);
                rest[..length].CopyTo(room);
                rest = rest[length..];
                filled = length == room.Length ? 0 : filled + length;
                into += length == room.Length ? 1 : 0;
            }

            Hold(-TrueSize(At(i)));
            frames.Release(ref At(i));
        }

        for (int i = 0; i < count; i++)
            Hold(TrueSize(_packed[i]));
        return true;
    }

    private void Hold(int bytes)
    {
        Charge += bytes;
        memory.Add(bytes);
    }

    private bool TryCoalesce(ref Frame data)
    {
        if (_count == 0)
            return false;
        ref Frame last = ref _ring[(_head + _count - 1) & (_ring.Length - 1)];
        if (last.Tailroom < data.Length || (last.Flags & FrameFlags.Shared) != 0)
            return false;
        data.Span.CopyTo(last.Buffer.Slab.AsSpan(last.Start + last.Length));
        last.Length += data.Length;
        counters.TCPRcvCoalesce++;
        frames.Release(ref data);
        data = default;
        return true;
    }

    // The pieces are cut from the front and go in front of the rest: the rest waits on the stack until its turn.
    private void CutToFront(ref Frame data)
    {
        bool cut = SparseFrames.TryCut(frames, ref data, out Frame piece);
        if (cut && data.Buffer is not null)
            CutToFront(ref data);
        else if (!cut)
            piece = data;
        AddFirst(piece);
    }

    private void AddLast(in Frame frame)
    {
        Hold(TrueSize(frame));
        if (_count == _ring.Length)
            Grow();
        _ring[(_head + _count++) & (_ring.Length - 1)] = frame;
    }

    private void AddFirst(in Frame frame)
    {
        Hold(TrueSize(frame));
        if (_count == _ring.Length)
            Grow();
        _head = (_head - 1) & (_ring.Length - 1);
        _ring[_head] = frame;
        _count++;
        _settled++;
    }

    private void RemoveFirst()
    {
        Hold(-TrueSize(_ring[_head]));
        _ring[_head] = default;
        _head = (_head + 1) & (_ring.Length - 1);
        _count--;
        _settled = Math.Max(_settled - 1, 0);
    }

    private void Grow()
    {
        var ring = new Frame[Math.Max(4, _ring.Length * 2)];
        for (int i = 0; i < _count; i++)
            ring[i] = _ring[(_head + i) & (_ring.Length - 1)];
        _ring = ring;
        _head = 0;
    }
}
