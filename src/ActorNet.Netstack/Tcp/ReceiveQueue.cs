using ActorNet.Dataplane.Frames;

namespace ActorNet.Netstack;

/// <summary>
/// Received data in order, in the frames it came in. A segment that fills less than half of its frame's memory is copied behind the last
/// one's data where there is room, or into small frames, so that what is held is never much more than twice the data
/// (linux tcp_try_coalesce, tcp_collapse). The first stays as it came: mostly it is read at once.
/// </summary>
internal sealed class ReceiveQueue(FrameCache frames, TcpCounters counters, ReceiveMemory memory)
{
    private Frame[] _ring = [];
    private int _head;
    private int _count;

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
    }

    private void RemoveFirst()
    {
        Hold(-TrueSize(_ring[_head]));
        _ring[_head] = default;
        _head = (_head + 1) & (_ring.Length - 1);
        _count--;
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
