using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>What a tracker says about a packet.</summary>
internal enum TrackResult : byte
{
    /// <summary>It belongs to the connection.</summary>
    Accept,

    /// <summary>It belongs to none: INVALID.</summary>
    Invalid,

    /// <summary>The connection was over and is deleted: look up again (NF_REPEAT).</summary>
    Repeat,

    /// <summary>It ended the connection, which is to be deleted.</summary>
    Kill,
}

/// <summary>
/// TCP in conntrack: states, windows, time-outs (linux net/netfilter/nf_conntrack_proto_tcp.c nf_conntrack_tcp_packet, tcp_in_window; after
/// van Rooij, "Real Stateful TCP Packet Filtering in IP Filter", 2000).
/// </summary>
/// <param name="options">Settings.</param>
internal sealed class TcpTracker(NetfilterOptions options)
{
    private const uint MaxAckWindow = 66_000;
    private const byte MaxRetransmissions = 3;
    private const double RetransmissionTimeout = 300;
    private const double UnacknowledgedTimeout = 300;

    // Letters are the kernel's: S SYN_SENT, R SYN_RECV, E ESTABLISHED, F FIN_WAIT, C CLOSE_WAIT, L LAST_ACK, T TIME_WAIT, X CLOSE, 2 SYN_SENT2,
    // i ignored, - invalid. Columns are the old states from NONE to SYN_SENT2; rows syn, synack, fin, ack, rst, none; the originator's first.
    private static readonly string[] Transitions =
    [
        "SSiiiiiSS2", "--R------R", "--FFLLLTX-", "E-EECCTTX-", "-XXXXXXXXX", "----------",
        "-2-----S-2", "-RiiiiiiiR", "--FFLLLTX-", "-iRECCTTXi", "-XXXXXXXXX", "----------",
    ];

    private static readonly double[] Timeouts = [120, 120, 60, 432_000, 120, 60, 30, 120, 10, 120];

    /// <summary>How long a connection that was reset is remembered.</summary>
    internal static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(Timeouts[(int)TcpState.Close]);

    private enum WindowResult : byte
    {
        Accept,
        Ignore,
        Invalid,
    }

    /// <summary>The name that conntrack -L shows.</summary>
    internal static string NameOf(TcpState state) => state switch
    {
        TcpState.SynSent => "SYN_SENT",
        TcpState.SynReceived => "SYN_RECV",
        TcpState.Established => "ESTABLISHED",
        TcpState.FinWait => "FIN_WAIT",
        TcpState.CloseWait => "CLOSE_WAIT",
        TcpState.LastAck => "LAST_ACK",
        TcpState.TimeWait => "TIME_WAIT",
        TcpState.Close => "CLOSE",
        TcpState.SynSent2 => "SYN_SENT2",
        _ => "NONE",
    };

    /// <summary>tcp_can_early_drop: closing connections make room even when they are assured.</summary>
    internal static bool MayDropEarly(TcpState state) => state is TcpState.FinWait or TcpState.LastAck or TcpState.TimeWait or TcpState.Close or TcpState.CloseWait;

    /// <summary>Takes a segment of a connection.</summary>
    /// <param name="entry">The connection.</param>
    /// <param name="reply">Its direction.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="now">Time.</param>
    /// <param name="timeout">The time-out that it gives the connection; null to leave it.</param>
    internal TrackResult Track(ConntrackEntry entry, bool reply, in TcpSegmentFacts segment, Time.Instant now, out TimeSpan? timeout)
    {
        timeout = null;
        if (!entry.IsConfirmed && entry.Tcp.State == TcpState.None && !TryBegin(ref entry.Tcp, segment))
            return TrackResult.Invalid;
        ref TcpTracking tcp = ref entry.Tcp;
        TcpSegmentKind kind = segment.Kind;
        TcpState old = tcp.State;
        TcpState next = Next(reply, kind, old);
        bool skipWindow = false;
        switch (next)
        {
            case TcpState.SynSent when old >= TcpState.TimeWait:
                if (MayReopen(tcp, reply))
                    return TrackResult.Repeat;
                goto case TcpState.Ignore;
            case TcpState.Ignore:
                if (!TryCatchUp(ref tcp, reply, kind, segment))
                {
                    Annotate(ref tcp, reply, kind, old, segment);
                    return TrackResult.Accept;
                }

                old = TcpState.SynSent;
                next = TcpState.SynReceived;
                break;
            case TcpState.Invalid:
                return TrackResult.Invalid;
            case TcpState.TimeWait when old == TcpState.LastAck && kind == TcpSegmentKind.Ack && tcp.LastWasReply != reply && tcp.LastKind == TcpSegmentKind.Syn && tcp.ExpectsChallenge:
                tcp.ExpectsChallenge = false;
                return TrackResult.Accept;
            case TcpState.SynSent2:
                tcp.SimultaneousOpen = true;
                break;
            case TcpState.SynReceived when reply && kind == TcpSegmentKind.Ack && tcp.SimultaneousOpen:
                next = TcpState.Established;
                break;
            case TcpState.Close when kind == TcpSegmentKind.Rst:
                if (!AcceptsReset(entry, reply, segment, old, ref next, out skipWindow))
                    return TrackResult.Invalid;
                break;
        }

        if (!skipWindow)
        {
            switch (CheckWindow(ref tcp, reply, kind, segment))
            {
                case WindowResult.Ignore:
                    return TrackResult.Accept;
                case WindowResult.Invalid:
                    ShortenAfterInvalid(entry, reply, kind, now);
                    return TrackResult.Invalid;
            }
        }

        return Advance(entry, reply, kind, old, next, out timeout);
    }

    /// <summary>
    /// Takes a segment as <see cref="Track"/> does if it is data or an acknowledgment of an established connection and in window. False: nothing was changed.
    /// </summary>
    internal bool TryTrackData(ConntrackEntry entry, bool reply, in TcpSegmentFacts segment, Time.Instant now, out TimeSpan? timeout)
    {
        timeout = null;
        ref TcpTracking tcp = ref entry.Tcp;
        // With both windows known a segment that is out of them is found so before anything is written.
        return tcp.State == TcpState.Established && tcp.Originator.MaxWindow != 0 && tcp.Replier.MaxWindow != 0 && segment.HasValidFlags && segment.Kind == TcpSegmentKind.Ack
            && Track(entry, reply, segment, now, out timeout) == TrackResult.Accept;
    }

    private static TcpState Next(bool reply, TcpSegmentKind kind, TcpState state) => Transitions[(reply ? 6 : 0) + (int)kind][(int)state] switch
    {
        'S' => TcpState.SynSent,
        'R' => TcpState.SynReceived,
        'E' => TcpState.Established,
        'F' => TcpState.FinWait,
        'C' => TcpState.CloseWait,
        'L' => TcpState.LastAck,
        'T' => TcpState.TimeWait,
        'X' => TcpState.Close,
        '2' => TcpState.SynSent2,
        'i' => TcpState.Ignore,
        _ => TcpState.Invalid,
    };

    // tcp_new
    private bool TryBegin(ref TcpTracking tcp, in TcpSegmentFacts segment)
    {
        TcpState state = Next(false, segment.Kind, TcpState.None);
        if (state == TcpState.Invalid || (state != TcpState.SynSent && !options.TcpLoose))
            return false;
        tcp = default;
        tcp.LastKind = TcpSegmentKind.None;
        ref TcpSide side = ref tcp.Originator;
        side.End = segment.End;
        side.MaxWindow = Math.Max(1u, segment.Window);
        side.MaxEnd = segment.End;
        if (state == TcpState.SynSent)
        {
            segment.ReadOptions(ref side);
            return true;
        }

        // Picked up in mid-stream: scale and selective acknowledgments are unknown.
        side.MaxEnd += side.MaxWindow;
        side.Flags = tcp.Replier.Flags = TcpSideFlags.SackPermitted | TcpSideFlags.BeLiberal;
        return true;
    }

    // RFC 1122 4.2.2.13 allows a new SYN in TIME-WAIT; and a client that aborted may begin anew.
    private static bool MayReopen(in TcpTracking tcp, bool reply) =>
        ((tcp.Originator.Flags | tcp.Replier.Flags) & TcpSideFlags.CloseInitiated) != 0 || (tcp.LastWasReply == reply && tcp.LastKind == TcpSegmentKind.Rst);

    // A SYN/ACK to a SYN that was let through as ignored: both ends agree and we were wrong.
    private static bool TryCatchUp(ref TcpTracking tcp, bool reply, TcpSegmentKind kind, in TcpSegmentFacts segment)
    {
        if (kind != TcpSegmentKind.SynAck || tcp.LastKind != TcpSegmentKind.Syn || tcp.LastWasReply == reply || segment.Acknowledgment != tcp.LastEnd)
            return false;
        ref TcpSide last = ref tcp.LastWasReply ? ref tcp.Replier : ref tcp.Originator;
        last.End = last.MaxEnd = tcp.LastEnd;
        last.MaxWindow = Math.Max(1u, tcp.LastWindow);
        last.Scale = tcp.LastScale;
        last.Flags = tcp.LastFlags;
        tcp.ExpectsChallenge = false;
        ref TcpSide own = ref reply ? ref tcp.Replier : ref tcp.Originator;
        own = new TcpSide { Flags = own.Flags & TcpSideFlags.BeLiberal };
        return true;
    }

    private static void Annotate(ref TcpTracking tcp, bool reply, TcpSegmentKind kind, TcpState old, in TcpSegmentFacts segment)
    {
        tcp.LastKind = kind;
        tcp.LastWasReply = reply;
        tcp.LastSequence = segment.Sequence;
        tcp.LastEnd = segment.End;
        tcp.LastWindow = segment.Window;
        if (kind == TcpSegmentKind.Syn && !reply)
        {
            TcpSide seen = default;
            segment.ReadOptions(ref seen);
            tcp.LastFlags = seen.Flags;
            tcp.LastScale = seen.Scale;
            tcp.ExpectsChallenge = old == TcpState.LastAck;
        }

        if (old == TcpState.SynSent && kind == TcpSegmentKind.Ack && reply)
            tcp.LastAck = segment.Acknowledgment;
    }

    private static bool AcceptsReset(ConntrackEntry entry, bool reply, in TcpSegmentFacts segment, TcpState old, ref TcpState next, out bool skipWindow)
    {
        ref TcpTracking tcp = ref entry.Tcp;
        skipWindow = MayDropEarly(tcp.State);
        if (skipWindow)
            return true;
        ref TcpSide other = ref reply ? ref tcp.Originator : ref tcp.Replier;
        bool established = IsEstablished(entry);
        if ((other.Flags & TcpSideFlags.MaxAckSet) != 0 && tcp.LastKind != TcpSegmentKind.Syn)
        {
            if (segment.Sequence == 0 && !established)
                return true;
            if (Before(segment.Sequence, other.MaxAck))
                return false;
            if (!established || segment.Sequence == other.MaxAck)
                return true;
            // The reset may end a run of data that was just sent.
            if (tcp.LastKind == TcpSegmentKind.Ack && tcp.LastWasReply == reply && segment.Sequence == tcp.LastEnd)
                return true;
            // In window but not exact: a challenge ACK may follow.
            next = old;
        }

        bool seenReply = (entry.Status & ConntrackStatus.SeenReply) != 0;
        bool assured = (entry.Status & ConntrackStatus.Assured) != 0;
        skipWindow = (((seenReply && tcp.LastKind == TcpSegmentKind.Syn) || (!assured && tcp.LastKind == TcpSegmentKind.Ack)) && segment.Acknowledgment == tcp.LastEnd)
            || (old == TcpState.SynSent && tcp.LastKind == TcpSegmentKind.Ack && tcp.LastWasReply && segment.Sequence == tcp.LastAck);
        return true;
    }

    private static bool IsEstablished(ConntrackEntry entry) =>
        entry.Tcp.State == TcpState.Established && (entry.Status & ConntrackStatus.Assured) != 0;

    private WindowResult CheckWindow(ref TcpTracking tcp, bool reply, TcpSegmentKind kind, in TcpSegmentFacts segment)
    {
        ref TcpSide sender = ref reply ? ref tcp.Replier : ref tcp.Originator;
        ref TcpSide receiver = ref reply ? ref tcp.Originator : ref tcp.Replier;
        uint sequence = segment.Sequence;
        uint end = segment.End;
        uint window = segment.Window;
        uint ack = segment.Acknowledgment;
        uint sack = (receiver.Flags & TcpSideFlags.SackPermitted) != 0 ? segment.HighestAcknowledged() : ack;
        bool syn = segment.Has(TcpFlags.Syn);
        bool wasUnknown = sender.MaxWindow == 0;
        if (BeginsSide(tcp, sender, segment))
        {
            BeginSide(ref sender, ref receiver, reply, segment);
            if (!segment.Has(TcpFlags.Ack) && (wasUnknown || reply))
                return WindowResult.Accept;
        }
        else if (sender.MaxWindow == 0)
        {
            PickUpSide(ref sender, ref receiver, end, window, sack);
        }

        if (!segment.Has(TcpFlags.Ack) || (segment.Has(TcpFlags.Rst) && ack == 0))
            ack = sack = receiver.End;
        if (segment.Has(TcpFlags.Rst) && sequence == 0 && tcp.State == TcpState.SynSent)
            sequence = end = sender.End;
        WindowResult result = Judge(ref sender, receiver, sequence, end, sack);
        if (result != WindowResult.Accept)
        {
            bool liberal = (sender.Flags & TcpSideFlags.BeLiberal) != 0 || options.TcpBeLiberal;
            return liberal ? WindowResult.Accept : result;
        }

        Learn(ref sender, ref receiver, syn ? window : window << sender.Scale, end, ack, sack, segment.Has(TcpFlags.Ack));
        CountRetransmission(ref tcp, reply, kind, sequence, ack, end, segment.Window);
        return WindowResult.Accept;
    }

    private static bool BeginsSide(in TcpTracking tcp, in TcpSide sender, in TcpSegmentFacts segment) =>
        segment.Has(TcpFlags.Syn)
        && (sender.MaxWindow == 0 || (After(segment.End, sender.End) && tcp.State is TcpState.SynSent or TcpState.SynReceived));

    // tcp_init_sender: both must offer scaling, or none scales (RFC 7323, 2.2).
    private static void BeginSide(ref TcpSide sender, ref TcpSide receiver, bool reply, in TcpSegmentFacts segment)
    {
        sender.End = sender.MaxEnd = segment.End;
        sender.MaxWindow = Math.Max(1u, segment.Window);
        segment.ReadOptions(ref sender);
        if (reply && (sender.Flags & receiver.Flags & TcpSideFlags.WindowScale) == 0)
            sender.Scale = receiver.Scale = 0;
    }

    private static void PickUpSide(ref TcpSide sender, ref TcpSide receiver, uint end, uint window, uint sack)
    {
        sender.End = end;
        sender.MaxWindow = Math.Max(1u, window << sender.Scale);
        sender.MaxEnd = end + sender.MaxWindow;
        if (receiver.MaxWindow == 0)
            receiver.End = receiver.MaxEnd = sack;
        else if (sack == receiver.End + 1)
            receiver.End++;
    }

    // The four bounds of tcp_in_window.
    private static WindowResult Judge(ref TcpSide sender, in TcpSide receiver, uint sequence, uint end, uint sack)
    {
        uint lowestAck = receiver.End - Math.Max(sender.MaxWindow, MaxAckWindow) - 1;
        if (!Before(sequence, sender.MaxEnd + 1))
        {
            uint overshot = end - sender.MaxEnd + 1;
            bool inWindow = receiver.MaxWindow != 0 && After(end, sender.End - receiver.MaxWindow - 1);
            if (!inWindow || !After(sack, lowestAck) || overshot > receiver.MaxWindow || !Before(sack, receiver.End + 1))
                return WindowResult.Invalid;
            sender.End = end;
            sender.Flags |= TcpSideFlags.DataUnacknowledged;
            return WindowResult.Ignore;
        }

        if (!Before(sack, receiver.End + 1))
            return WindowResult.Invalid;
        if (receiver.MaxWindow != 0 && !After(end, sender.End - receiver.MaxWindow - 1))
            return WindowResult.Ignore;
        return After(sack, lowestAck) ? WindowResult.Accept : WindowResult.Ignore;
    }

    private static void Learn(ref TcpSide sender, ref TcpSide receiver, uint window, uint end, uint ack, uint sack, bool hasAck)
    {
        sender.MaxWindow = Math.Max(sender.MaxWindow, window + (sack - ack));
        if (After(end, sender.End))
        {
            sender.End = end;
            sender.Flags |= TcpSideFlags.DataUnacknowledged;
        }

        if (hasAck && ((sender.Flags & TcpSideFlags.MaxAckSet) == 0 || After(ack, sender.MaxAck)))
        {
            sender.MaxAck = ack;
            sender.Flags |= TcpSideFlags.MaxAckSet;
        }

        if (receiver.MaxWindow != 0 && After(end, sender.MaxEnd))
            receiver.MaxWindow += end - sender.MaxEnd;
        if (After(sack + window, receiver.MaxEnd - 1))
            receiver.MaxEnd = sack + window + (window == 0 ? 1u : 0);
        if (ack == receiver.End)
            receiver.Flags &= ~TcpSideFlags.DataUnacknowledged;
    }

    private static void CountRetransmission(ref TcpTracking tcp, bool reply, TcpSegmentKind kind, uint sequence, uint ack, uint end, ushort window)
    {
        if (kind != TcpSegmentKind.Ack)
            return;
        if (tcp.LastWasReply == reply && tcp.LastSequence == sequence && tcp.LastAck == ack && tcp.LastEnd == end && tcp.LastWindow == window)
        {
            if (tcp.Retransmissions < byte.MaxValue)
                tcp.Retransmissions++;
            return;
        }

        tcp.LastWasReply = reply;
        tcp.LastSequence = sequence;
        tcp.LastAck = ack;
        tcp.LastEnd = end;
        tcp.LastWindow = window;
        tcp.Retransmissions = 0;
    }

    // nf_tcp_handle_invalid: a FIN or RST out of window and an answer to it end the long wait.
    private static void ShortenAfterInvalid(ConntrackEntry entry, bool reply, TcpSegmentKind kind, Time.Instant now)
    {
        ref TcpTracking tcp = ref entry.Tcp;
        if ((entry.Status & ConntrackStatus.Assured) == 0 || kind is not (TcpSegmentKind.Rst or TcpSegmentKind.Fin))
            return;
        if (tcp.LastWasReply == reply || tcp.LastKind is not (TcpSegmentKind.Fin or TcpSegmentKind.Rst))
        {
            tcp.LastKind = kind;
            tcp.LastWasReply = reply;
            return;
        }

        Time.Instant soon = now + TimeSpan.FromSeconds(UnacknowledgedTimeout);
        if (entry.Expires > soon)
            entry.Expires = soon;
    }

    private static TrackResult Advance(ConntrackEntry entry, bool reply, TcpSegmentKind kind, TcpState old, TcpState next, out TimeSpan? timeout)
    {
        ref TcpTracking tcp = ref entry.Tcp;
        tcp.LastKind = kind;
        tcp.LastWasReply = reply;
        tcp.State = next;
        if (old != next && next == TcpState.FinWait)
            (reply ? ref tcp.Replier : ref tcp.Originator).Flags |= TcpSideFlags.CloseInitiated;
        double seconds = TimeoutOf(tcp, kind, next);
        timeout = null;
        if ((entry.Status & ConntrackStatus.SeenReply) == 0)
        {
            if (kind == TcpSegmentKind.Rst)
                return TrackResult.Kill;
            // A SYN that is sent again does not lengthen the wait.
            if (kind == TcpSegmentKind.Syn && old == TcpState.SynSent)
                return TrackResult.Accept;
            if (next == TcpState.Established)
                seconds = Math.Min(seconds, UnacknowledgedTimeout);
        }
        else if (old is TcpState.SynReceived or TcpState.Established && next == TcpState.Established)
        {
            entry.Status |= ConntrackStatus.Assured;
        }

        timeout = TimeSpan.FromSeconds(seconds);
        return TrackResult.Accept;
    }

    private static double TimeoutOf(in TcpTracking tcp, TcpSegmentKind kind, TcpState state)
    {
        double usual = Timeouts[(int)state];
        if (tcp.Retransmissions >= MaxRetransmissions && usual > RetransmissionTimeout)
            return RetransmissionTimeout;
        if (kind == TcpSegmentKind.Rst)
            return Timeouts[(int)TcpState.Close];
        bool unacknowledged = ((tcp.Originator.Flags | tcp.Replier.Flags) & TcpSideFlags.DataUnacknowledged) != 0;
        if (unacknowledged && usual > UnacknowledgedTimeout)
            return UnacknowledgedTimeout;
        return tcp.LastWindow == 0 && usual > RetransmissionTimeout ? RetransmissionTimeout : usual;
    }

    private static bool After(uint a, uint b) => (int)(a - b) > 0;

    private static bool Before(uint a, uint b) => (int)(a - b) < 0;
}
