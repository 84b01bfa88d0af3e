using System.Numerics;

namespace ActorNet.Netstack;

/// <summary>
/// The segments in flight in order of their sequence numbers, with what SACK and loss detection say of each (the scoreboard of RFC 6675;
/// linux tcp_rtx_queue). All sums are in bytes of sequence space. A ring that grows by doubling.
/// </summary>
internal sealed class Scoreboard
{
    /// <summary>Segments at most: nobody has more in flight than a send buffer of small segments holds.</summary>
    public const int MaxSegments = 32_768;

    // Cutting moves what lies behind: beyond this many it is refused, so that blocks chosen to cut cost no more than microseconds each.
    private const int MaxCut = 4096;

    private SentSegment[] _ring = [];
    private int _head;

    public int Count { get; private set; }

    /// <summary>Bytes that the peer holds beyond a gap.</summary>
    public int SackedBytes { get; private set; }

    /// <summary>Segments that the peer holds beyond a gap.</summary>
    public int SackedCount { get; private set; }

    /// <summary>Bytes taken for lost.</summary>
    public int LostBytes { get; private set; }

    /// <summary>Bytes whose retransmission is in flight.</summary>
    public int RetransmittedBytes { get; private set; }

    public bool IsFull => Count >= MaxSegments;

    public ref SentSegment this[int index] => ref _ring[(_head + index) & (_ring.Length - 1)];

    /// <summary>Bytes in the network: sent, less what was received or lost, plus what was sent again (RFC 6675, SetPipe).</summary>
    public int Pipe(int outstanding) => outstanding - SackedBytes - LostBytes + RetransmittedBytes;

    public void Append(uint start, uint end, long sentAt, SentFlags flags)
    {
        if (Count == _ring.Length)
            Grow();
        Count++;
        this[Count - 1] = new SentSegment { Start = start, End = end, SentAt = sentAt, Flags = flags };
    }

    /// <summary>Removes the first segment, which was acknowledged whole.</summary>
    public SentSegment RemoveFirst()
    {
        SentSegment first = this[0];
        Uncount(first);
        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
        return first;
    }

    /// <summary>The part of the first segment in front of a number goes: it was acknowledged.</summary>
    public void TrimFirst(uint una)
    {
        ref SentSegment first = ref this[0];
        Uncount(first);
        first.Start = una;
        first.Flags &= ~SentFlags.Syn;
        Recount(first);
    }

    /// <summary>Cuts a segment where a SACK block begins or ends.</summary>
    /// <returns>False when there are too many.</returns>
    public bool TryCut(int index, uint at) => Count < MaxCut && TrySplit(index, at);

    /// <summary>The first segment that ends behind a number, or <see cref="Count"/>.</summary>
    public int Find(uint sequence)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (TcpSequence.IsAfter(this[middle].End, sequence))
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    /// <summary>Cuts a segment in two.</summary>
    /// <returns>False when there are too many.</returns>
    public bool TrySplit(int index, uint at)
    {
        // Room beyond the bound of sending, so that a retransmission can always be cut to size.
        if (Count >= MaxSegments + MaxCut)
            return false;
        SentSegment whole = this[index];
        Append(whole.End, whole.End, 0, SentFlags.None);
        for (int i = Count - 1; i > index + 1; i--)
            this[i] = this[i - 1];
        SentSegment first = whole;
        first.End = at;
        first.Flags &= ~SentFlags.Fin;
        SentSegment second = whole;
        second.Start = at;
        second.Flags &= ~SentFlags.Syn;
        this[index] = first;
        this[index + 1] = second;
        if (whole.Is(SentFlags.Sacked))
            SackedCount++;
        return true;
    }

    public void MarkSacked(ref SentSegment segment)
    {
        Uncount(segment);
        segment.Flags = (segment.Flags | SentFlags.Sacked) & ~(SentFlags.Lost | SentFlags.Retransmitted);
        Recount(segment);
    }

    /// <summary>Takes a segment for lost; a retransmission of it that was in flight is lost with it.</summary>
    public void MarkLost(ref SentSegment segment)
    {
        Uncount(segment);
        segment.Flags = (segment.Flags | SentFlags.Lost) & ~SentFlags.Retransmitted;
        Recount(segment);
    }

    public void MarkRetransmitted(ref SentSegment segment, long now)
    {
        Uncount(segment);
        segment.Flags |= SentFlags.Retransmitted | SentFlags.EverRetransmitted;
        segment.SentAt = now;
        Recount(segment);
    }

    /// <summary>Takes back a mark of loss or of receipt.</summary>
    public void Clear(ref SentSegment segment, SentFlags flags)
    {
        Uncount(segment);
        segment.Flags &= ~flags;
        Recount(segment);
    }

    public void RemoveAll()
    {
        (Count, _head, SackedBytes, SackedCount, LostBytes, RetransmittedBytes) = (0, 0, 0, 0, 0, 0);
        _ring = [];
    }

    private void Uncount(in SentSegment segment) => Add(segment, -1);

    private void Recount(in SentSegment segment) => Add(segment, 1);

    private void Add(in SentSegment segment, int sign)
    {
        int length = segment.Length * sign;
        if (segment.Is(SentFlags.Sacked))
        {
            SackedBytes += length;
            SackedCount += sign;
        }

        if (segment.Is(SentFlags.Lost))
            LostBytes += length;
        if (segment.Is(SentFlags.Retransmitted))
            RetransmittedBytes += length;
    }

    private void Grow()
    {
        var ring = new SentSegment[Math.Max(8, (int)BitOperations.RoundUpToPowerOf2((uint)Count + 1))];
        for (int i = 0; i < Count; i++)
            ring[i] = this[i];
        _ring = ring;
        _head = 0;
    }
}
