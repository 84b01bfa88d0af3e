using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

/// <summary>
/// Watches one direction of a link, before and behind its impairments, and judges every segment by RFC 9293 without knowing what the
/// stacks think: data are the stream's, lie within the window that arrived, acknowledge only what arrived; a window is never drawn back.
/// </summary>
internal sealed class WireReferee(string name, ulong stream, MonotonicClock clock, Action<string>? trace)
{
    private WireReferee _other = null!;
    private MacAddress _mac;
    private bool _hasIsn;
    private uint _isn;
    private int _shift = -1;
    private Instant _unansweredSince = Instant.Never;
    private long _arrivedAck;
    private long _largestWindow;
    private long _sentEnd;
    private long _arrivedEnd;
    private long _offeredEdge = -1;
    private long _arrivedEdge = -1;

    /// <summary>Segments that were sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Segments that came through.</summary>
    public long Arrived { get; private set; }

    /// <summary>Bytes of data in the segments that were sent.</summary>
    public long DataSent { get; private set; }

    /// <summary>When an acknowledgment of something new last came back.</summary>
    public Instant LastProgress { get; private set; }

    /// <summary>For how long data that arrived have not been answered by any segment.</summary>
    public TimeSpan UnansweredFor => _unansweredSince == Instant.Never ? TimeSpan.Zero : clock.Now - _unansweredSince;

    /// <summary>Whether a SYN was sent.</summary>
    public bool HasStarted => _hasIsn;

    /// <summary>The timestamp of the first SYN, or 0.</summary>
    public uint FirstTimestamp { get; private set; }

    /// <summary>The initial sequence number.</summary>
    public uint InitialSequence => _isn;

    /// <summary>Makes the two directions know each other.</summary>
    public static void Pair(WireReferee a, WireReferee b) => (a._other, b._other) = (b, a);

    /// <summary>Puts the referee in front of a link.</summary>
    public IFrameSink Before(IFrameSink link) => new Tap(link, OnSent);

    /// <summary>Puts the referee behind a link.</summary>
    public IFrameSink Behind(IFrameSink next) => new Tap(next, OnArrived);

    private void OnSent(Span<byte> frame)
    {
        if (!TryParse(frame, out TcpView view))
            return;
        Sent++;
        _mac = MacAddress.Read(frame);
        DataSent += view.Payload.Length;
        bool syn = (view.Flags & TcpFlags.Syn) != 0;
        if (syn && (!_hasIsn || view.SequenceNumber != _isn))
            Begin(view);
        Note(view, "");
        if ((view.Flags & TcpFlags.Rst) != 0)
            return;
        if (syn)
            _shift = ReadShift(view);
        long start = Relative(view.SequenceNumber, _sentEnd);
        long end = start + view.SequenceLength;
        JudgeData(view, start, end);
        if ((view.Flags & TcpFlags.Ack) != 0)
            JudgeAcknowledgment(view, syn);
        _unansweredSince = Instant.Never;
        _sentEnd = Math.Max(_sentEnd, end);
    }

    // A listener answers a copy of a SYN with new numbers when what the first began was reset.
    private void Begin(in TcpView syn)
    {
        (_hasIsn, _isn) = (true, syn.SequenceNumber);
        (_sentEnd, _arrivedEnd, _offeredEdge) = (0, 0, -1);
        (_other._arrivedAck, _other._arrivedEdge, _other._offeredEdge) = (0, -1, -1);
        _arrivedEdge = -1;
        foreach (TcpOption option in syn.EnumerateOptions())
        {
            if (option.TryGetTimestamps(out uint value, out _))
                FirstTimestamp = value;
        }
    }

    private void JudgeData(in TcpView view, long start, long end)
    {
        Span<byte> data = view.Payload;
        for (int i = 0; i < data.Length; i++)
        {
            if (data[i] != SimulatedEnd.ByteAt(stream, start - 1 + i))
                Assert.Fail($"{name} sent a wrong byte at {start - 1 + i}.");
        }

        Assert.True(start <= _sentEnd, $"{name} left {_sentEnd} to {start} out.");
        if (data.Length > 0)
            Assert.True(end <= _other._arrivedEdge, $"{name} sent up to {end}, and the window ends at {_other._arrivedEdge}.");
    }

    private void JudgeAcknowledgment(in TcpView view, bool syn)
    {
        long ack = _other.Relative(view.AcknowledgmentNumber, _other._sentEnd);
        Assert.True(ack <= _other._arrivedEnd, $"{name} acknowledged {ack}, and {_other._arrivedEnd} arrived.");
        long edge = Edge(view, ack, syn);
        // A SYN that goes again says what it said before, and what was said meanwhile is rounded up to the scale.
        Assert.True(syn || edge >= _offeredEdge, $"{name} drew its window back from {_offeredEdge} to {edge}.");
        _offeredEdge = Math.Max(edge, _offeredEdge);
    }

    private void OnArrived(Span<byte> frame)
    {
        // What the link spoilt nobody has to answer.
        if (!TryParse(frame, out TcpView view) || MacAddress.Read(frame) != _mac || !HasValidChecksums(frame, view))
            return;
        Arrived++;
        Note(view, "          ");
        if ((view.Flags & TcpFlags.Rst) != 0)
            return;
        long end = Relative(view.SequenceNumber, _arrivedEnd) + view.SequenceLength;
        // RFC 9293, 3.10.7.4: a segment in front of the window, as a probe of keep-alive is, is answered and its acknowledgment not read.
        bool isAcceptable = end >= _arrivedEnd;
        _arrivedEnd = Math.Max(_arrivedEnd, end);
        if ((view.Flags & TcpFlags.Ack) == 0)
            return;
        long ack = _other.Relative(view.AcknowledgmentNumber, _other._sentEnd);
        // RFC 5961, 5.2: what acknowledges less than was acknowledged a window ago is only challenged, and that sparingly.
        long edge = Edge(view, ack, (view.Flags & TcpFlags.Syn) != 0);
        _largestWindow = Math.Max(_largestWindow, edge - ack);
        if (view.Payload.Length > 0 && ack >= _arrivedAck - _largestWindow && _other._unansweredSince == Instant.Never)
            _other._unansweredSince = clock.Now;
        if (isAcceptable && ack > _arrivedAck)
            (_arrivedAck, _other.LastProgress) = (ack, clock.Now);
        _arrivedEdge = Math.Max(_arrivedEdge, edge);
    }

    // RFC 7323, 2.2: only when both SYNs have the option, and never in a SYN.
    private long Edge(in TcpView view, long ack, bool syn) => ack + ((long)view.Window << (syn || _other._shift < 0 ? 0 : Math.Max(_shift, 0)));

    // The 64-bit place of a number: the one nearest to a place that is known.
    private long Relative(uint sequence, long near) => near + (int)(sequence - _isn - (uint)near);

    private static int ReadShift(in TcpView view)
    {
        foreach (TcpOption option in view.EnumerateOptions())
        {
            if (option.TryGetWindowScale(out byte shift))
                return shift;
        }

        return -1;
    }

    private static bool TryParse(Span<byte> frame, out TcpView view)
    {
        view = default;
        if (frame.Length < 54 || frame[12] != 8 || frame[13] != 0 || frame[23] != (byte)IpProtocol.Tcp)
            return false;
        int length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(frame[16..]), frame.Length - 14) - 20;
        return length >= 20 && TcpView.TryParse(frame.Slice(34, length), out view) == ParseError.None;
    }

    private static bool HasValidChecksums(Span<byte> frame, in TcpView view) =>
        InternetChecksum.Compute(frame[14..34]) == 0 && view.HasValidChecksum(Ipv4Address.Read(frame[26..]), Ipv4Address.Read(frame[30..]));

    private void Note(in TcpView view, string indent)
    {
        if (trace is null)
            return;
        string options = "";
        foreach (TcpOption option in view.EnumerateOptions())
        {
            if (option.TryGetMaximumSegmentSize(out ushort mss))
                options += $" mss {mss}";
            else if (option.TryGetWindowScale(out byte shift))
                options += $" scale {shift}";
            else if (option.IsSackPermitted)
                options += " sackOK";
            else if (option.TryGetTimestamps(out uint value, out uint echo))
                options += $" ts {value}/{echo}";
            for (int i = 0; i < option.SackBlockCount; i++)
                options += $" sack {option.GetSackBlock(i).Left - _other._isn}:{option.GetSackBlock(i).Right - _other._isn}";
        }

        uint sequence = view.SequenceNumber - _isn;
        string ack = (view.Flags & TcpFlags.Ack) != 0 ? $" ack {view.AcknowledgmentNumber - _other._isn}" : "";
        trace($"{indent}{name} {(indent.Length == 0 ? "sends " : "through")} {view.Flags} {sequence}:{sequence + (uint)view.SequenceLength}{ack} win {view.Window}{options}");
    }

    private delegate void Look(Span<byte> frame);

    private sealed class Tap(IFrameSink next, Look look) : IFrameSink
    {
        public void Push(FrameVector frames)
        {
            foreach (ref Frame frame in frames.Frames)
                look(frame.Span);
            next.Push(frames);
        }
    }
}
