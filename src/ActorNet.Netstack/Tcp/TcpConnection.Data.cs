using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <content>Data in: order, reassembly, when to acknowledge and how large a window to offer (linux tcp_data_queue, __tcp_select_window).</content>
internal sealed partial class TcpConnection
{
    // TCP_MAX_QUICKACKS, TCP_ATO_MIN, TCP_DELACK_MAX.
    private const int MaxQuickAcks = 16;

    // TCP_MSS_DEFAULT.
    private const int MinFullSegment = 536;
    private const long MinAckTimeout = 40_000_000;
    private const long MaxAckTimeout = 200_000_000;

    private int _receiveLimit;
    private int _receiveMss = MinFullSegment;
    private int _quickAcks;
    private bool _isInteractive;
    private long _ackTimeout;
    private bool _ackNow;
    private bool _ackScheduled;
    private PushSeen _pushSeen;
    private int _lastSegmentSize;
    private int _unclockedDuplicates;
    private long _lastDataAt = -1;
    private SackBlock _duplicate;
    private long _consumed;
    private long _consumedBefore;
    private long _consumedPerRound;
    private long _roundStart = -1;

    /// <summary>Queues what is new of a segment.</summary>
    /// <returns>Whether the peer's FIN is reached by it.</returns>
    private bool TakeData(in TcpSegment segment, ref Frame data, Instant now)
    {
        if (segment.DataLength == 0 && !segment.IsFin)
            return false;
        if (segment.DataLength > 0)
            _dataSegmentsIn++;
        uint start = segment.Sequence;
        bool fin = segment.IsFin;
        int old = TcpSequence.Distance(_rcvNxt, start);
        if (old > 0 && old >= segment.DataLength + (fin ? 1 : 0))
        {
            TakeCopy(start, segment.End);
            return false;
        }

        uint windowEnd = _rcvNxt + OpenReceiveWindow;
        if (TcpSequence.IsAtMost(windowEnd, start) && OpenReceiveWindow == 0 && segment.DataLength > 0)
        {
            _host.Counters.TCPZeroWindowDrop++;
            EnterQuickAck();
            _ackNow = true;
            _host.Changed(this);
            return false;
        }

        if (segment.DataLength > 0)
        {
            MeasureSegment(segment);
            Trim(ref data, ref start, ref fin, old, windowEnd);
        }

        if (start == _rcvNxt)
            return TakeInOrder(ref data, fin, now);
        TakeOutOfOrder(start, ref data, fin, now);
        return false;
    }

    // All of it was here before: our ACK was lost, or the network copied it.
    private void TakeCopy(uint start, uint end)
    {
        _host.Counters.DelayedACKLost++;
        ReportDuplicate(start, TcpSequence.Min(end, _rcvNxt));
        EnterQuickAck();
        _ackNow = true;
        _host.Changed(this);
    }

    // What was received before and what lies beyond the window is cut off.
    private void Trim(ref Frame data, ref uint start, ref bool fin, int old, uint windowEnd)
    {
        if (old > 0)
        {
            ReportDuplicate(start, _rcvNxt);
            data.Pull(Math.Min(old, data.Length));
            start = _rcvNxt;
        }

        int beyond = TcpSequence.Distance(start + (uint)data.Length, windowEnd);
        if (beyond > 0)
        {
            data.Length -= Math.Min(beyond, data.Length);
            fin = false;
        }
    }

    private bool TakeInOrder(ref Frame data, bool fin, Instant now)
    {
        int length = data.Buffer is null ? 0 : data.Length;
        if (length > 0)
        {
            if (!MakeRoom() && !IsPromised)
            {
                // Said here: a segment whose ACK number was overtaken says it nowhere else, and the peer would hear nothing.
                _host.Counters.TCPRcvQDrop++;
                _ackNow = true;
                _host.Changed(this);
                return false;
            }

            ScheduleAck(now);
            Deliver(ref data);
        }

        if (_outOfOrder.Count > 0)
        {
            while (!fin && _outOfOrder.TryTake(_rcvNxt, out Frame next, out fin))
            {
                if (next.Buffer is not null)
                    Deliver(ref next);
            }

            _outOfOrder.Advance(_rcvNxt);
            // RFC 5681, 4.2: what fills a gap is acknowledged at once.
            _ackNow = true;
        }

        if (fin)
            TakeFin();
        Socket?.Signal();
        return fin;
    }

    private void Deliver(ref Frame data)
    {
        _rcvNxt += (uint)data.Length;
        _bytesReceived += data.Length;
        if (_orphan)
            _host.Frames.Release(ref data);
        else
            _received.Append(ref data);
    }

    private void TakeFin()
    {
        _rcvNxt++;
        _finReceived = true;
        _ackNow = true;
        _outOfOrder.Clear();
    }

    private void TakeOutOfOrder(uint start, ref Frame data, bool fin, Instant now)
    {
        _lastDataAt = now.Nanoseconds;
        if (data.Buffer is null || !MakeRoom())
        {
            if (data.Buffer is not null)
                _host.Counters.TCPOFODrop++;
        }
        else if (_outOfOrder.TryAdd(start, ref data, fin, out SackBlock duplicate))
        {
            _host.Counters.TCPOFOQueue++;
            if (duplicate != default)
                ReportDuplicate(duplicate.Left, duplicate.Right);
        }
        else
        {
            _host.Counters.TCPOFODrop++;
        }

        EnterQuickAck();
        _ackNow = true;
        // RFC 5681, 4.2: every segment out of order is answered. With SACK one ACK tells of many, so only the first three of a turn go alone
        // (as tcp_comp_sack_nr begins behind the third).
        if (!_recovery.HasSack || _unclockedDuplicates++ < 3)
            SendAck(now);
        _host.Changed(this);
    }

    // Room in truesize: what lies loosely is packed, then segments out of order make way for what is in order (tcp_prune_queue).
    private bool MakeRoom()
    {
        while (IsReceiveBufferFull)
        {
            if (_received.TryCollapse())
                continue;
            if (!_outOfOrder.TryDropLast())
                return false;
            _host.Counters.TCPOFODrop++;
        }

        return true;
    }

    // What is in order lies within the window that was told, of half the buffer. Small frames, each half full at the least, may take more than
    // the other half: the peer does not pay for that (RFC 9293, 3.8.6: a window is not drawn back). The namespace's memory is another matter.
    private bool IsPromised => _received.Charge < 2L * _receiveLimit && !_host.ReceiveMemory.IsExhausted;

    private bool IsReceiveBufferFull
    {
        get
        {
            int held = _received.Charge + _outOfOrder.Charge;
            return held >= _receiveLimit || (held >= ReceiveMemory.Minimum && _host.ReceiveMemory.IsExhausted);
        }
    }

    private void ReportDuplicate(uint left, uint right)
    {
        if (!_recovery.HasSack || left == right)
            return;
        _duplicate = new SackBlock(left, right);
        _host.Counters.TCPDSACKSent++;
    }

    // tcp_event_data_recv: the first segments are acknowledged quickly, then the timeout follows the pace of the data.
    private void ScheduleAck(Instant now)
    {
        long since = now.Nanoseconds - _lastDataAt;
        if (_ackTimeout == 0)
        {
            EnterQuickAck();
            _ackTimeout = MinAckTimeout;
        }
        else if (since <= MinAckTimeout / 2)
        {
            _ackTimeout = (_ackTimeout / 2) + (MinAckTimeout / 2);
        }
        else if (since < _ackTimeout)
        {
            _ackTimeout = Math.Min((_ackTimeout / 2) + since, MaxAckTimeout);
        }
        else if (since > _rtt.Timeout)
        {
            EnterQuickAck();
        }

        _lastDataAt = now.Nanoseconds;
        _ackScheduled = true;
        _host.Changed(this);
    }

    // tcp_measure_rcv_mss: what a full segment of the peer is, and whether this one looks like the end of something written.
    private void MeasureSegment(in TcpSegment segment)
    {
        int length = segment.DataLength;
        if (length >= _receiveMss)
        {
            _receiveMss = Math.Min(length, Math.Max(_advertisedMss, MinFullSegment));
            if (segment.IsPush && _pushSeen == PushSeen.None)
                _pushSeen = PushSeen.Once;
            return;
        }

        // Two of one size are full segments of a peer that a small window or path holds down.
        if (length >= MinFullSegment)
        {
            (int last, _lastSegmentSize) = (_lastSegmentSize, length);
            if (last == length)
            {
                _receiveMss = length;
                return;
            }
        }

        _pushSeen = _pushSeen == PushSeen.None ? PushSeen.Once : PushSeen.Again;
    }

    private void EnterQuickAck()
    {
        int quick = (int)Math.Min(_rcvWindow / (2u * (uint)Math.Max(_receiveMss, 1)), MaxQuickAcks);
        _quickAcks = Math.Max(Math.Max(quick, 2), _quickAcks);
        _isInteractive = false;
        _ackTimeout = Math.Max(_ackTimeout, MinAckTimeout);
    }

    // __tcp_ack_snd_check, at the end of the turn: at once beyond one full segment, or in quick mode; else later.
    private void DecideAck(Instant now)
    {
        if (!_ackScheduled || _ackNow)
            return;
        if (TcpSequence.Distance(_rcvNxt, _rcvAcked) > _receiveMss || (_quickAcks > 0 && !_isInteractive))
            _ackNow = true;
        else if (_delayedAckAt == Instant.Never)
            _delayedAckAt = new Instant(now.Nanoseconds + Math.Min(_ackTimeout, MaxAckTimeout));
    }

    // What the user took makes room: the window grows at the sender when it doubled (tcp_cleanup_rbuf), and the buffer with the pace.
    private void Consumed(int bytes)
    {
        _consumed += bytes;
        if (_state is TcpState.Closed or TcpState.TimeWait)
            return;
        GrowReceiveBuffer(_host.Now);
        if (_received.IsLoose)
            _host.Changed(this);
        if (_receiveShut || _finReceived)
            return;
        uint open = OpenReceiveWindow;
        uint next = NextWindow();
        if ((next > 0 && next >= 2 * open) || (_ackScheduled && (TcpSequence.Distance(_rcvNxt, _rcvAcked) > _receiveMss || IsPushRead)))
        {
            _ackNow = true;
            _host.Changed(this);
        }
    }

    // The reader has taken everything, the last of it was small: a writer under Nagle's rule waits for this ACK, and no answer will carry it.
    private bool IsPushRead => _received.Length == 0 && (_pushSeen == PushSeen.Again || (_pushSeen == PushSeen.Once && !_isInteractive));

    // tcp_rcv_space_adjust: the window is to be twice what the reader takes in a round trip.
    private void GrowReceiveBuffer(Instant now)
    {
        long round = Math.Max(_rtt.Smoothed, 1_000_000);
        if (_roundStart < 0)
            (_roundStart, _consumedBefore) = (now.Nanoseconds, _consumed);
        if (now.Nanoseconds - _roundStart < round)
            return;
        long taken = _consumed - _consumedBefore;
        if (taken > _consumedPerRound)
        {
            _consumedPerRound = taken;
            if (_options.ReceiveBufferSize == 0 && !_host.ReceiveMemory.IsUnderPressure)
            {
                long window = (2 * taken) + (16 * _receiveMss);
                _receiveLimit = (int)Math.Clamp(2 * window, _receiveLimit, _host.Settings.MaxReceiveBuffer);
            }
        }

        (_roundStart, _consumedBefore) = (now.Nanoseconds, _consumed);
    }

    private uint InitialWindow() => (uint)Math.Min(_receiveLimit / 2, 65_535);

    /// <summary>
    /// The window to offer, without ever drawing back the edge that was told (RFC 9293, 3.8.6.2.2 for the receiver's silly window;
    /// linux tcp_select_window). Half of the buffer's memory is taken for overhead (tcp_adv_win_scale 1).
    /// </summary>
    private uint NextWindow()
    {
        int full = _receiveLimit / 2;
        int free = Math.Max(_receiveLimit - _received.Charge - _outOfOrder.Charge, 0) / 2;
        // Under pressure four segments are offered (__tcp_select_window).
        if (_host.ReceiveMemory.IsUnderPressure)
            free = IsReceiveBufferFull ? 0 : Math.Min(free, 4 * _receiveMss);
        int mss = Math.Min(_receiveMss, full);
        long window;
        if (free < full / 2 && (free < full / 16 || free < mss))
            window = 0;
        else if (_receiveShift > 0)
            window = free;
        else
            window = _rcvWindow <= free - mss || _rcvWindow > free ? free / mss * mss : _rcvWindow;
        window = Math.Max(window, OpenReceiveWindow);
        // Units of the scale, rounded up so that the edge does not move left.
        long unit = 1L << _receiveShift;
        window = (window + unit - 1) & -unit;
        return (uint)Math.Min(window, 65_535L << _receiveShift);
    }

    /// <summary>Segments since the last ACK that ended something written (ICSK_ACK_PUSHED, ICSK_ACK_PUSHED2).</summary>
    private enum PushSeen : byte
    {
        None,
        Once,
        Again,
    }
}
