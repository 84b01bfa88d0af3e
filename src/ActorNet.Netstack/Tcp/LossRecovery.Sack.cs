using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <content>Reading SACK blocks (linux tcp_sacktag_write_queue) and taking reductions back.</content>
internal sealed partial class LossRecovery
{
    private TcpSegment.SackBlocks _seen;
    private int _seenCount;
    private bool _canUndo;
    private uint _undoMarker;
    private int _undoRetransmissions;
    private long _undoWindow;
    private long _undoThreshold;
    private uint _retransmissionStamp;
    private bool _hasRetransmissionStamp;

    /// <summary>Reads the SACK blocks of an ACK.</summary>
    /// <param name="segment">The ACK.</param>
    /// <param name="una">First unacknowledged number, before the ACK.</param>
    /// <param name="nxt">Next sequence number.</param>
    /// <param name="now">Time.</param>
    /// <param name="minimumRtt">The least round-trip time.</param>
    /// <param name="summary">What was learned.</param>
    public void ReadSacks(in TcpSegment segment, uint una, uint nxt, Instant now, long minimumRtt, ref AckSummary summary)
    {
        int first = 0;
        if (segment.SackCount == 0)
            return;
        if (IsDuplicateReport(segment))
        {
            first = 1;
            OnDuplicateSack(segment.Sacks[0], una, nxt, ref summary);
        }

        uint forwardmost = _forwardmost;
        bool hadForwardmost = _hasForwardmost;
        TcpSegment.SackBlocks kept = default;
        int keptCount = 0;
        for (int i = first; i < segment.SackCount; i++)
        {
            SackBlock block = segment.Sacks[i];
            if (!IsValid(block, una, nxt))
            {
                counters.TCPSACKDiscard++;
                continue;
            }

            uint left = SkipSeen(block);
            if (TcpSequence.IsBefore(left, block.Right))
                MarkReceived(left, block.Right, now, minimumRtt, hadForwardmost ? forwardmost : null, ref summary);
            kept[keptCount++] = block;
        }

        (_seen, _seenCount) = (kept, keptCount);
    }

    /// <summary>A retransmission left: it counts for taking the reduction back.</summary>
    public void OnRetransmitted(uint timestamp)
    {
        if (!_canUndo)
            return;
        _undoRetransmissions++;
        if (_hasRetransmissionStamp)
            return;
        _retransmissionStamp = timestamp;
        _hasRetransmissionStamp = true;
    }

    // RFC 2883, 4: the first block lies in front of the acknowledgment number or inside the second block.
    private static bool IsDuplicateReport(in TcpSegment segment)
    {
        SackBlock first = segment.Sacks[0];
        if (TcpSequence.IsBefore(first.Left, segment.Acknowledgment))
            return true;
        return segment.SackCount > 1
            && TcpSequence.IsAtMost(segment.Sacks[1].Left, first.Left) && TcpSequence.IsAtMost(first.Right, segment.Sacks[1].Right);
    }

    // tcp_is_sackblock_valid
    private static bool IsValid(SackBlock block, uint una, uint nxt) =>
        TcpSequence.IsBefore(block.Left, block.Right) && !TcpSequence.IsAfter(block.Right, nxt) && TcpSequence.IsAfter(block.Right, una);

    private void OnDuplicateSack(SackBlock block, uint una, uint nxt, ref AckSummary summary)
    {
        if (!TcpSequence.IsBefore(block.Left, block.Right) || TcpSequence.IsAfter(block.Right, nxt))
        {
            counters.TCPSACKDiscard++;
            return;
        }

        counters.TCPDSACKRecv++;
        DuplicateSacks++;
        summary.DuplicateSack = true;
        Rack.OnDuplicateSack(una, nxt);
        if (_canUndo && _undoRetransmissions > 0 && !TcpSequence.IsBefore(block.Left, _undoMarker))
            _undoRetransmissions--;
    }

    // Blocks come again and again, grown at their right: only what is new is walked through.
    private uint SkipSeen(SackBlock block)
    {
        for (int i = 0; i < _seenCount; i++)
        {
            if (_seen[i].Left == block.Left && TcpSequence.IsAtMost(_seen[i].Right, block.Right))
                return _seen[i].Right;
        }

        return block.Left;
    }

    private void MarkReceived(uint left, uint right, Instant now, long minimumRtt, uint? forwardmost, ref AckSummary summary)
    {
        for (int i = Segments.Find(left); i < Segments.Count && TcpSequence.IsBefore(Segments[i].Start, right); i++)
        {
            if (Segments[i].Is(SentFlags.Sacked))
                continue;
            if (TcpSequence.IsBefore(Segments[i].Start, left))
            {
                if (!Segments.TryCut(i, left))
                    return;
                continue;
            }

            if (TcpSequence.IsAfter(Segments[i].End, right) && !Segments.TryCut(i, right))
                return;
            ref SentSegment segment = ref Segments[i];
            Rack.OnDelivered(segment, now.Nanoseconds, minimumRtt);
            if (!segment.Is(SentFlags.EverRetransmitted))
            {
                summary.LastSentAt = Math.Max(summary.LastSentAt, segment.SentAt);
                if (forwardmost is { } most && TcpSequence.IsBefore(segment.End, most))
                    Rack.OnReordering();
            }

            summary.Delivered += segment.Length;
            summary.NewlySacked = true;
            Segments.MarkSacked(ref segment);
            if (!_hasForwardmost || TcpSequence.IsAfter(segment.End, _forwardmost))
                (_forwardmost, _hasForwardmost) = (segment.End, true);
        }
    }

    // The peer dropped what it had reported (RFC 2018, 8): nothing it said counts any more.
    private void ForgetSacks()
    {
        counters.TCPSACKReneging++;
        for (int i = 0; i < Segments.Count; i++)
        {
            if (Segments[i].Is(SentFlags.Sacked))
                Segments.Clear(ref Segments[i], SentFlags.Sacked);
        }

        _seenCount = 0;
        _hasForwardmost = false;
    }

    private void RememberForUndo(in AckContext context)
    {
        if (!_canUndo || State <= CongestionState.Disorder)
        {
            _undoWindow = Congestion.Window;
            _undoThreshold = Congestion.Threshold;
        }

        _canUndo = true;
        _undoMarker = context.Una;
        _undoRetransmissions = 0;
        _hasRetransmissionStamp = false;
    }

    // tcp_may_undo: either every retransmission was reported as a duplicate (RFC 3708), or the ACK echoes a time before the first of them
    // (RFC 4015): the original had arrived.
    private bool TryUndo(in AckContext context, in AckSummary summary)
    {
        if (!_canUndo)
            return false;
        bool early = summary.Acknowledged > 0 && _hasRetransmissionStamp && context.TimestampEcho is { } echo
            && TcpSequence.IsBefore(echo, _retransmissionStamp);
        bool allDuplicates = summary.DuplicateSack && _hasRetransmissionStamp && _undoRetransmissions == 0;
        if (!early && !allDuplicates)
            return false;
        if (State == CongestionState.Loss)
            counters.TCPLossUndo++;
        else
            counters.TCPFullUndo++;
        for (int i = 0; i < Segments.Count; i++)
        {
            if (Segments[i].Is(SentFlags.Lost))
                Segments.Clear(ref Segments[i], SentFlags.Lost);
        }

        Congestion.Window = Math.Max(Congestion.Window, _undoWindow);
        Congestion.Threshold = Math.Max(Congestion.Threshold, _undoThreshold);
        State = CongestionState.Open;
        _duplicateAcks = 0;
        _canUndo = false;
        return true;
    }
}
