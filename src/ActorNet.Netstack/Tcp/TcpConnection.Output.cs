using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <content>Segments out (linux net/ipv4/tcp_output.c): retransmissions first, then new data, then an ACK if none went along.</content>
internal sealed partial class TcpConnection
{
    private const int MaxOptionsLength = TcpView.MaxHeaderLength - TcpView.MinHeaderLength;

    private Instant _lastSentAt;
    private uint _smallEnd;
    private bool _smallSent;

    /// <summary>Sends what there is to send and sets the timers: the end of a turn.</summary>
    public void Transmit(Instant now)
    {
        _received.Pack();
        if (_state is TcpState.Closed or TcpState.TimeWait)
            return;
        _unclockedDuplicates = 0;
        if (_state is not (TcpState.SynSent or TcpState.SynReceived))
        {
            _gathers = _host.Settings.SegmentationOffload;
            RetransmitLost(now);
            SendNew(now);
            SendGathered(now);
            _gathers = false;
            DecideAck(now);
        }

        if (_ackNow && _state != TcpState.SynSent)
            SendAck(now);
        ArmRetransmission(now);
    }

    // tcp_xmit_retransmit_queue: what is lost goes again in order, as far as the congestion window allows.
    private void RetransmitLost(Instant now)
    {
        if (_recovery.Segments.LostBytes == 0)
            return;
        for (int i = 0; i < _recovery.Segments.Count; i++)
        {
            SentSegment segment = _recovery.Segments[i];
            if ((segment.Flags & (SentFlags.Lost | SentFlags.Retransmitted)) != SentFlags.Lost)
                continue;
            int length = Math.Min(segment.Length, FullLength);
            if (_recovery.Pipe(_una, _nxt, _mss) + length > _recovery.Congestion.Window)
                return;
            if (i > 0 && TcpSequence.IsAfter(segment.Start + (uint)length, _una + _sendWindow))
                return;
            if (_recovery.State == CongestionState.Loss)
                _host.Counters.TCPSlowStartRetrans++;
            else
                _host.Counters.TCPFastRetrans++;
            Retransmit(i, now);
        }
    }

    private void Retransmit(int index, Instant now)
    {
        // A segment made for a larger path, or before there were SACK blocks to go along, is cut (tcp_retransmit_skb, tcp_current_mss).
        OnProbeLost(_recovery.Segments[index].Start, now);
        int full = FullLength;
        if (_recovery.Segments[index].Length > full && !_recovery.Segments.TrySplit(index, _recovery.Segments[index].Start + (uint)full))
            return;
        ref SentSegment segment = ref _recovery.Segments[index];
        _recovery.Segments.MarkRetransmitted(ref segment, now.Nanoseconds);
        _recovery.OnRetransmitted(Timestamp(now));
        _recovery.OnSent(segment.Length);
        _host.Counters.RetransSegs++;
        _retransmissions++;
        int data = segment.Length - (segment.Is(SentFlags.Fin) ? 1 : 0);
        _bytesRetransmitted += data;
        Gather(segment.Start, data, FlagsOf(segment.Start, data, segment.Is(SentFlags.Fin)), now);
    }

    private void SendNew(Instant now)
    {
        if (_nxt == EndOfQueue)
            return;
        RestartAfterIdle(now);
        bool limited = false;
        while (_nxt != EndOfQueue && !_recovery.Segments.IsFull)
        {
            int length = NextLength(out bool fin);
            int probe = IsMtuInDoubt ? ProbeLength(TcpSequence.Distance(_writeEnd, _nxt), now) : 0;
            if (probe > 0)
                (length, fin) = (probe, false);
            int size = length + (fin ? 1 : 0);
            int pipe = _recovery.Pipe(_una, _nxt, _mss);
            if (pipe > 0 && pipe + size > _recovery.Congestion.Window)
            {
                limited = true;
                break;
            }

            // Sender's silly window avoidance: a segment goes whole or not at all (tcp_snd_wnd_test; RFC 9293, 3.8.6.2.1).
            if (TcpSequence.IsAfter(_nxt + (uint)size, _una + _sendWindow) || (!fin && IsHeldByNagle(length)))
                break;
            if (probe > 0)
                OnProbeSent(_nxt, _nxt + (uint)length);
            SendNext(length, fin, now);
        }

        NoteWindowUsage(limited);
    }

    // The number of the first byte that the send buffer holds. Not reckoned from ISS, which is ahead of it again after 2 GiB.
    private uint SendStart => _writeEnd - (uint)_send.Length;

    private uint EndOfQueue => _finQueued ? _writeEnd + 1 : _writeEnd;

    private int NextLength(out bool fin)
    {
        int unsent = _nxt == _writeEnd + 1 ? 0 : TcpSequence.Distance(_writeEnd, _nxt);
        int length = Math.Min(unsent, FullLength);
        fin = _finQueued && length == unsent;
        return length;
    }

    // RFC 896 with Minshall's change: a small segment waits while another small one is unacknowledged (tcp_nagle_check).
    private bool IsHeldByNagle(int length)
    {
        if (length >= FullLength)
            return false;
        if (_options.Cork)
            return true;
        return !_options.NoDelay && _smallSent && TcpSequence.IsAfter(_smallEnd, _una) && _recovery.Segments.Count > 0;
    }

    private void SendNext(int length, bool fin, Instant now)
    {
        uint start = _nxt;
        uint end = start + (uint)length + (fin ? 1u : 0u);
        _recovery.Segments.Append(start, end, now.Nanoseconds, fin ? SentFlags.Fin : SentFlags.None);
        _nxt = end;
        _recovery.OnSent((int)(end - start));
        _host.Counters.TCPOrigDataSent += (length + _mss - 1) / _mss;
        if (length < FullLength)
            (_smallEnd, _smallSent) = (end, true);
        // A reply within the ACK timeout: the exchange is interactive, ACKs wait for the next reply (tcp_event_data_sent).
        if (_lastDataAt >= 0 && now.Nanoseconds - _lastDataAt < _ackTimeout)
            _isInteractive = true;
        _lastSentAt = now;
        _newDataSent = true;
        if (_recovery.Segments.Count == 1)
            _lastProgressAt = now;
        Gather(start, length, FlagsOf(start, length, fin), now);
    }

    private TcpFlags FlagsOf(uint start, int length, bool fin)
    {
        TcpFlags flags = TcpFlags.Ack;
        if (fin)
            flags |= TcpFlags.Fin;
        if (length > 0 && start + (uint)length == _writeEnd)
            flags |= TcpFlags.Psh;
        return flags;
    }

    // RFC 5681, 4.1; tcp_cwnd_restart: the window halves for every timeout that passed in silence.
    private void RestartAfterIdle(Instant now)
    {
        if (_recovery.Segments.Count > 0 || _lastSentAt == default)
            return;
        long idle = now.Nanoseconds - _lastSentAt.Nanoseconds;
        long rto = _rtt.Timeout;
        if (idle <= rto)
            return;
        _recovery.Congestion.OnIdle(idle);
        if (!_host.Settings.SlowStartAfterIdle)
            return;
        long floor = Math.Min(InitialCongestionWindow(), _recovery.Congestion.Window);
        long window = _recovery.Congestion.Window;
        for (; idle > rto && window > floor; idle -= rto)
            window /= 2;
        _recovery.Congestion.Window = Math.Max(window, floor);
        _usageMost = 0;
    }

    private void SendSyn(Instant now)
    {
        _synTimestamp = Timestamp(now);
        _nxt = _iss + 1;
        _recovery.Segments.Append(_iss, _nxt, now.Nanoseconds, SentFlags.Syn);
        SendSegment(_iss, 0, SynFlags, now);
    }

    private void ResendSyn(Instant now)
    {
        _host.Counters.RetransSegs++;
        _retransmissions++;
        SendSynAgain(now);
    }

    // Which of the two the peer acknowledges cannot be told: no round-trip time is taken from them.
    private void SendSynAgain(Instant now)
    {
        ref SentSegment syn = ref _recovery.Segments[0];
        _recovery.Segments.MarkRetransmitted(ref syn, now.Nanoseconds);
        SendSegment(_iss, 0, SynFlags, now);
    }

    private TcpFlags SynFlags => _state == TcpState.SynSent ? TcpFlags.Syn : TcpFlags.Syn | TcpFlags.Ack;

    private void SendAck(Instant now) => SendSegment(_nxt, 0, TcpFlags.Ack, now);

    private void SendReset()
    {
        _host.Counters.OutRsts++;
        SendSegment(_nxt, 0, TcpFlags.Rst | TcpFlags.Ack, _host.Now);
    }

    // A probe that the peer must answer: a number that it has already seen (tcp_xmit_probe_skb).
    private void SendProbe(Instant now) => SendSegment(_una - 1, 0, TcpFlags.Ack, now);

    /// <summary>Data that fill a segment together with the options that go along now.</summary>
    private int FullLength => _mss - SackOptionLength;

    private int SackOptionLength
    {
        get
        {
            if (!_recovery.HasSack)
                return 0;
            int blocks = Math.Min(_outOfOrder.BlockCount + (_duplicate == default ? 0 : 1), _hasTimestamps ? 3 : 4);
            return blocks == 0 ? 0 : 4 + (8 * blocks);
        }
    }

    private void SendSegment(uint sequence, int length, TcpFlags flags, Instant now)
    {
        Span<byte> options = stackalloc byte[MaxOptionsLength];
        int optionsLength = WriteOptions(options, flags, now);
        int headerLength = TcpView.MinHeaderLength + optionsLength;
        CountSent(length);
        ushort window = TakeWindow(flags);
        if (!_host.Frames.TryRentFrame(headerLength + length, out Frame frame))
            return;
        Write(frame.Span, options[..optionsLength], sequence, length, flags, window);
        if ((flags & TcpFlags.Ack) != 0)
            AckSent();
        Pass(ref frame);
    }

    private void Write(Span<byte> segment, ReadOnlySpan<byte> options, uint sequence, int length, TcpFlags flags, ushort window)
    {
        options.CopyTo(segment[TcpView.MinHeaderLength..]);
        if (length > 0)
            _send.CopyTo(TcpSequence.Distance(sequence, SendStart), segment[(TcpView.MinHeaderLength + options.Length)..]);
        new TcpHeader
        {
            SourcePort = Local.Port,
            DestinationPort = Remote.Port,
            SequenceNumber = sequence,
            AcknowledgmentNumber = (flags & TcpFlags.Ack) != 0 ? _rcvNxt : 0,
            Flags = flags,
            Window = window,
        }.Write(segment, options.Length, Local.Address, Remote.Address);
    }

    private void Pass(ref Frame frame)
    {
        frame.Flags |= FrameFlags.ChecksumVerified;
        // What could not be sent is as good as lost on the way: the timers find out.
        if (_host.Send(this, ref frame) == SendError.MessageTooLong)
            AdoptPathMtu(Math.Max(_host.PathMtu(this), 68));
    }

    private void CountSent(int length)
    {
        _host.Counters.OutSegs++;
        _segmentsOut++;
        if (length == 0)
            return;
        _dataSegmentsOut++;
        _bytesSent += length;
    }

    private void AckSent()
    {
        if (_quickAcks > 0 && _rcvNxt != _rcvAcked)
            _quickAcks--;
        _rcvAcked = _rcvNxt;
        _ackNow = false;
        _ackScheduled = false;
        _pushSeen = PushSeen.None;
        _delayedAckAt = Instant.Never;
        _duplicate = default;
    }

    private ushort TakeWindow(TcpFlags flags)
    {
        if ((flags & TcpFlags.Syn) != 0)
        {
            _rcvWindow = InitialWindow();
            return (ushort)_rcvWindow;
        }

        if ((flags & TcpFlags.Ack) == 0)
            return 0;
        uint window = NextWindow();
        if (window == 0 && _rcvWindow > 0)
            _host.Counters.TCPToZeroWindowAdv++;
        else if (window > 0 && _rcvWindow == 0)
            _host.Counters.TCPFromZeroWindowAdv++;
        _rcvWindow = window;
        return (ushort)(window >> _receiveShift);
    }

    private int WriteOptions(Span<byte> target, TcpFlags flags, Instant now)
    {
        var writer = new TcpOptionWriter(target);
        if ((flags & TcpFlags.Syn) != 0)
        {
            // In the order that Linux writes them (tcp_options_write).
            writer.MaximumSegmentSize((ushort)Math.Min(_advertisedMss, 65_535));
            if (_recovery.HasSack)
                writer.SackPermitted();
            if (_hasTimestamps)
            {
                if (!_recovery.HasSack)
                    Pad(ref writer, 2);
                writer.Timestamps(Timestamp(now), (flags & TcpFlags.Ack) != 0 ? _timestampRecent : 0);
            }
            else if (_recovery.HasSack)
            {
                Pad(ref writer, 2);
            }

            if (_receiveShift > 0)
            {
                writer.NoOperation();
                writer.WindowScale((byte)_receiveShift);
            }

            return writer.Finish();
        }

        if (_hasTimestamps)
        {
            Pad(ref writer, 2);
            writer.Timestamps(Timestamp(now), _timestampRecent);
        }

        if (SackOptionLength > 0 && (flags & TcpFlags.Rst) == 0)
            WriteSacks(ref writer);
        return writer.Finish();
    }

    // RFC 2883, 4: a duplicate comes first; then the block of the newest segment (RFC 2018, 4).
    private void WriteSacks(ref TcpOptionWriter writer)
    {
        Span<SackBlock> blocks = stackalloc SackBlock[4];
        int count = 0;
        if (_duplicate != default)
            blocks[count++] = _duplicate;
        for (int i = 0; i < _outOfOrder.BlockCount && count < blocks.Length; i++)
            blocks[count++] = _outOfOrder.Block(i);
        Pad(ref writer, 2);
        writer.Sack(blocks[..count]);
    }

    private static void Pad(ref TcpOptionWriter writer, int count)
    {
        for (int i = 0; i < count; i++)
            writer.NoOperation();
    }
}
