using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Reassembly;

/// <summary>What fragments of one datagram have in common (RFC 791, 3.2): addresses, identification, protocol; and where they came in.</summary>
internal readonly record struct FragmentKey(Ipv4Address Source, Ipv4Address Destination, ushort Identification, byte Protocol, int IfIndex);

/// <summary>What taking a fragment came to.</summary>
internal enum FragmentOutcome : byte
{
    /// <summary>It waits for others.</summary>
    Waiting,

    /// <summary>It is the last that was missing.</summary>
    Complete,

    /// <summary>It was here before and is dropped alone.</summary>
    Duplicate,

    /// <summary>It contradicts what was here: the whole datagram is dropped.</summary>
    Bad,
}

/// <summary>
/// The fragments of one datagram (linux net/ipv4/ip_fragment.c ip_frag_queue, net/ipv4/inet_fragment.c inet_frag_queue_insert). Pieces are kept
/// in order of their offsets; one that lies within what is already here is a duplicate, any other overlap spoils the datagram, as RFC 5722
/// has it for IPv6 and Linux for both since 4.19.
/// </summary>
internal sealed class FragmentQueue(FragmentKey key, IpInterface device) : TimedEntry
{
    private readonly List<Piece> _pieces = [];
    private int _length;
    private int _received;
    private bool _lastSeen;
    private byte _ecnSeen;
    private int _largest;
    private int _largestDontFragment;

    internal FragmentKey Key { get; } = key;

    internal IpInterface Interface { get; } = device;

    /// <summary>Buffer memory of the pieces in bytes.</summary>
    internal int Memory { get; private set; }

    internal int Count => _pieces.Count;

    /// <summary>The first fragment, with the transport header, when it has come.</summary>
    internal bool HasFirst => _pieces.Count > 0 && _pieces[0].Offset == 0;

    internal ref readonly Frame First => ref System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pieces)[0].Frame;

    /// <summary>Takes a fragment from its IPv4 header on; the frame is taken only when the outcome is waiting or complete.</summary>
    internal FragmentOutcome Add(ref Frame frame)
    {
        ReadOnlySpan<byte> packet = frame.Span;
        ushort field = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        int headerLength = (packet[0] & 0x0F) * 4;
        int offset = (field & 0x1FFF) * 8;
        int end = offset + packet.Length - headerLength;
        if ((field & 0x2000) == 0)
        {
            if (end < _length || (_lastSeen && end != _length))
                return FragmentOutcome.Bad;
            _lastSeen = true;
            _length = end;
        }
        else
        {
            // A fragment that is not the last ends on a multiple of 8; what is beyond is cut off.
            end &= ~7;
            if (end > _length)
            {
                if (_lastSeen)
                    return FragmentOutcome.Bad;
                _length = end;
            }
        }

        // RFC 791: a datagram has 65,535 bytes at most (the "ping of death" has more).
        if (end <= offset || end + headerLength > 65_535)
            return FragmentOutcome.Bad;
        FragmentOutcome outcome = Insert(offset, end, headerLength, ref frame);
        if (outcome != FragmentOutcome.Waiting)
            return outcome;
        return HasFirst && _lastSeen && _received == _length ? FragmentOutcome.Complete : FragmentOutcome.Waiting;
    }

    /// <summary>Writes the whole datagram (ip_frag_reasm).</summary>
    /// <param name="frames">Where the memory comes from.</param>
    /// <param name="whole">The datagram from its IPv4 header on.</param>
    /// <returns>False when the marks contradict each other, the datagram is too long or there is no memory.</returns>
    internal bool TryAssemble(FrameCache frames, out Frame whole)
    {
        whole = default;
        Frame first = _pieces[0].Frame;
        int headerLength = _pieces[0].HeaderLength;
        int total = headerLength + _length;
        if (total > 65_535 || !TryMergeEcn(out byte ecn) || !frames.TryRentFrame(total, out whole))
            return false;
        Span<byte> bytes = whole.Span;
        first.Span[..headerLength].CopyTo(bytes);
        foreach (Piece piece in _pieces)
            piece.Frame.Span.Slice(piece.HeaderLength, piece.End - piece.Offset).CopyTo(bytes[(headerLength + piece.Offset)..]);
        // DF stays when the largest fragment bore it: path MTU discovery with fragments (ip_frag_reasm, max_df_size).
        bool dontFragment = _largestDontFragment == _largest;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)total);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)(dontFragment ? 0x4000 : 0));
        bytes[1] |= ecn;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[10..], InternetChecksum.Compute(bytes[..headerLength]));
        whole.Flags = first.Flags & FrameFlags.Traced;
        return true;
    }

    /// <summary>Releases every piece.</summary>
    internal void Release(FrameCache frames)
    {
        foreach (ref Piece piece in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pieces))
            frames.Release(ref piece.Frame);
        _pieces.Clear();
        Memory = 0;
    }

    private FragmentOutcome Insert(int offset, int end, int headerLength, ref Frame frame)
    {
        int at = _pieces.Count;
        while (at > 0 && _pieces[at - 1].Offset > offset)
            at--;
        if (IsCovered(offset, end, at))
            return FragmentOutcome.Duplicate;
        if ((at > 0 && _pieces[at - 1].End > offset) || (at < _pieces.Count && _pieces[at].Offset < end))
            return FragmentOutcome.Bad;
        int size = frame.Length;
        if ((frame.Span[6] & 0x40) != 0)
            _largestDontFragment = Math.Max(_largestDontFragment, size);
        _largest = Math.Max(_largest, size);
        _ecnSeen |= (byte)(1 << (frame.Span[1] & 3));
        _received += end - offset;
        Memory += frame.Buffer.Length;
        _pieces.Insert(at, new Piece(frame, offset, end, headerLength));
        frame.Buffer = null!;
        return FragmentOutcome.Waiting;
    }

    // Whether one run of adjoining pieces holds all of it.
    private bool IsCovered(int offset, int end, int at)
    {
        int index = at < _pieces.Count && _pieces[at].Offset == offset ? at : at - 1;
        if (index < 0 || _pieces[index].End <= offset)
            return false;
        int run = _pieces[index].End;
        while (run < end && index + 1 < _pieces.Count && _pieces[index + 1].Offset == run)
            run = _pieces[++index].End;
        return run >= end;
    }

    // ip_frag_ecn_table (RFC 3168, 5.3): any CE makes the whole CE; Not-ECT beside ECT or CE is a contradiction.
    private bool TryMergeEcn(out byte ecn)
    {
        const int notEct = 1, ce = 1 << 3;
        ecn = 0;
        if ((_ecnSeen & notEct) != 0)
            return _ecnSeen == notEct;
        if ((_ecnSeen & ce) != 0)
            ecn = 3;
        return true;
    }

    private struct Piece(Frame frame, int offset, int end, int headerLength)
    {
        internal Frame Frame = frame;

        internal int Offset { get; } = offset;

        internal int End { get; } = end;

        internal int HeaderLength { get; } = headerLength;
    }
}
