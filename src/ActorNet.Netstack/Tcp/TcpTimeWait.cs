using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <summary>What is left of a connection in TIME-WAIT (linux net/ipv4/tcp_minisocks.c tcp_timewait_state_process).</summary>
internal sealed class TcpTimeWait : TcpFlow
{
    private readonly TcpDemultiplexer _tcp;
    private readonly uint _nxt;
    private readonly uint _window;
    private readonly byte _shift;
    private readonly uint _timestampOffset;
    private uint _timestampRecent;
    private long _answeredAt = long.MinValue / 2;

    public TcpTimeWait(TcpDemultiplexer tcp, TcpConnection connection)
        : base(connection.Local, connection.Remote)
    {
        _tcp = tcp;
        TcpConnection.TimeWaitFacts facts = connection.TimeWait;
        (_nxt, NextReceiveSequence, _window, _shift) = (facts.NextSend, facts.NextReceive, facts.Window, facts.Shift);
        (HasTimestamps, _timestampRecent, _timestampOffset) = (facts.HasTimestamps, facts.TimestampRecent, facts.TimestampOffset);
    }

    public override TcpState State => TcpState.TimeWait;

    public bool HasTimestamps { get; }

    public uint NextReceiveSequence { get; }

    public uint NextSendSequence => _nxt;

    /// <summary>Whether a SYN may open a new connection in this place: its number or its timestamp is newer (RFC 1122 4.2.2.13, RFC 6191).</summary>
    public bool MayReopen(in TcpSegment segment) =>
        segment.IsSyn && !segment.IsRst && !segment.HasAck
        && (TcpSequence.IsAfter(segment.Sequence, NextReceiveSequence)
            || (HasTimestamps && segment.HasTimestamps && TcpSequence.IsAfter(segment.TimestampValue, _timestampRecent)));

    public override void Receive(in TcpSegment segment, ref Frame data, Instant now)
    {
        bool outdated = HasTimestamps && segment.HasTimestamps && TcpSequence.IsBefore(segment.TimestampValue, _timestampRecent);
        if (outdated)
            _tcp.Counters.PAWSEstab++;
        if (segment.IsRst)
        {
            // RFC 1337 would ignore it; Linux lets an exact one end the wait (tcp_rfc1337 is 0).
            if (!outdated && segment.Sequence == NextReceiveSequence)
                _tcp.Remove(this);
            return;
        }

        if (!outdated && HasTimestamps && segment.HasTimestamps)
            _timestampRecent = TcpSequence.Max(_timestampRecent, segment.TimestampValue);
        // "If the segment is a retransmission of the peer's FIN: acknowledge it and restart the 2 MSL timeout."
        if (segment.IsFin && !outdated)
            _tcp.Wait(this, now);
        bool empty = segment.DataLength == 0 && !segment.IsFin && !segment.IsSyn;
        if (empty && !outdated && segment.Sequence == NextReceiveSequence)
            return;
        if (empty && now.Nanoseconds - _answeredAt < _tcp.Settings.InvalidRateLimit.Ticks * 100)
        {
            _tcp.Counters.TCPACKSkipped++;
            return;
        }

        _answeredAt = now.Nanoseconds;
        uint? stamp = HasTimestamps ? (uint)(now.Nanoseconds / 1_000_000) + _timestampOffset : null;
        _tcp.SendControl(Local, Remote, _nxt, NextReceiveSequence, Packets.TcpFlags.Ack, (ushort)Math.Min(_window >> _shift, 65_535), stamp, _timestampRecent);
    }

    public override void RunTimers(Instant now) => _tcp.Remove(this);
}
