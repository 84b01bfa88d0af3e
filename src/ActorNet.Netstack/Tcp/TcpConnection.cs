using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <summary>
/// One connection (RFC 9293). Pure and poll-driven: segments and time come in by Receive, <see cref="RunTimers"/> and the
/// user's calls; segments leave in <see cref="Transmit"/> at the end of a turn; between turns <see cref="NextDeadline"/> says when time
/// matters. The roles lie in parts of their own: the send buffer, <see cref="LossRecovery"/>, <see cref="CubicCongestion"/>,
/// <see cref="RttEstimator"/>, the receive and reassembly queues.
/// </summary>
internal sealed partial class TcpConnection : TcpFlow
{
    // SOCK_MIN_RCVBUF and SOCK_MIN_SNDBUF in bytes of truesize, where an sk_buff counts 256 (linux include/net/sock.h).
    private const int MinReceiveLimit = 2048 + 256;
    private const int MinSendLimit = 2 * MinReceiveLimit;

    private readonly ITcpHost _host;
    private readonly SendBuffer _send;
    private readonly LossRecovery _recovery;
    private readonly ReceiveQueue _received;
    private readonly ReassemblyQueue _outOfOrder;
    private TcpOptions _options;
    private TcpState _state;
    private RttEstimator _rtt;

    // Send sequence space (RFC 9293, 3.3.1): SND.UNA, SND.NXT, SND.WND, SND.WL1, ISS; then the end of what the user queued.
    private readonly uint _iss;
    private uint _una;
    private uint _nxt;
    private uint _writeEnd;
    private uint _sendWindow;
    private uint _lastWindowSequence;
    private uint _maxSendWindow;

    // Receive sequence space: RCV.NXT, what RCV.NXT was when we last sent it, and the window sent with it.
    private uint _rcvNxt;
    private uint _rcvAcked;
    private uint _rcvWindow;

    private bool _finQueued;
    private bool _finReceived;
    private bool _receiveShut;
    private bool _orphan;
    private bool _wantsWrite;

    public TcpConnection(ITcpHost host, Ipv4Endpoint local, Ipv4Endpoint remote, TcpOptions options, uint iss, uint timestampOffset)
        : base(local, remote)
    {
        _host = host;
        _options = options;
        _send = new SendBuffer(host.SendMemory);
        _recovery = new LossRecovery(host.Counters);
        _received = new ReceiveQueue(host.Frames, host.Counters, host.ReceiveMemory);
        _outOfOrder = new ReassemblyQueue(host.Frames, host.ReceiveMemory, host.Settings.MaxOutOfOrder);
        _iss = iss;
        _una = iss;
        _nxt = iss;
        _writeEnd = iss + 1;
        _timestampOffset = timestampOffset;
        _receiveLimit = options.ReceiveBufferSize > 0 ? Doubled(options.ReceiveBufferSize, MinReceiveLimit) : host.Settings.DefaultReceiveBuffer;
    }

    public override TcpState State => _state;

    /// <summary>The user's end, or null before a listener's connection is accepted and after it was closed.</summary>
    public TcpSocket? Socket { get; set; }

    /// <summary>The listener that the connection came through, while the handshake lasts.</summary>
    public TcpListener? Listener { get; set; }

    public TcpOptions Options => _options;

    /// <summary>Whether it counts among the connections that go on without a user.</summary>
    public bool IsOrphan { get; private set; }

    /// <summary>Whether the host already counts on calling <see cref="Transmit"/>.</summary>
    public bool IsQueued { get; set; }

    public int Available => _received.Length;

    public bool IsEndOfStream => _received.Length == 0 && (_finReceived || _receiveShut);

    public int SendQueueLength => _send.Length;

    public int SendRoom => _state is TcpState.Established or TcpState.CloseWait && !_finQueued ? Math.Max(SendLimit - _send.Length, 0) : 0;

    public uint NextSendSequence => _nxt;

    public uint NextReceiveSequence => _rcvNxt;

    /// <summary>Bytes of window that the peer was told of and may still fill.</summary>
    public uint OpenReceiveWindow => TcpSequence.IsAfter(_rcvAcked + _rcvWindow, _rcvNxt) ? _rcvAcked + _rcvWindow - _rcvNxt : 0;

    /// <summary>What TIME-WAIT has to remember.</summary>
    public TimeWaitFacts TimeWait => new(_nxt, _rcvNxt, _rcvWindow, (byte)_receiveShift, _hasTimestamps, _timestampRecent, _timestampOffset);

    // sk_setsockopt: twice what was asked, for overhead, and at least this.
    private static int Doubled(int asked, int least) => (int)Math.Clamp(2L * asked, least, int.MaxValue / 2);

    private int SendLimit => _options.SendBufferSize > 0
        ? Doubled(_options.SendBufferSize, MinSendLimit)
        : (int)Math.Clamp(2 * _recovery.Congestion.Window, _host.Settings.DefaultSendBuffer, _host.Settings.MaxSendBuffer);

    public void OptionsChanged(TcpOptions options)
    {
        _options = options;
        if (options.ReceiveBufferSize > 0)
            _receiveLimit = Doubled(options.ReceiveBufferSize, MinReceiveLimit);
        RestartKeepAlive(_host.Now);
        _host.Changed(this);
    }

    public SocketResult Send(ReadOnlySpan<byte> data, out int sent)
    {
        sent = 0;
        if (_state is TcpState.SynSent or TcpState.SynReceived)
            return SocketResult.WouldBlock;
        if (_state is not (TcpState.Established or TcpState.CloseWait) || _finQueued)
            return SocketResult.BrokenPipe;
        int room = SendRoom;
        sent = room > 0 ? _send.Append(data[..Math.Min(data.Length, room)]) : 0;
        _writeEnd += (uint)sent;
        if (sent < data.Length)
            _wantsWrite = true;
        if (sent > 0)
            _host.Changed(this);
        return sent > 0 || data.IsEmpty ? SocketResult.Ok : SocketResult.WouldBlock;
    }

    public int Receive(Span<byte> buffer)
    {
        int read = _received.Read(buffer);
        if (read > 0)
            Consumed(read);
        return read;
    }

    public ReadOnlySpan<byte> Peek() => _received.First;

    public void Consume(int bytes)
    {
        _received.Consume(bytes);
        Consumed(bytes);
    }

    /// <summary>Sends SYN (RFC 9293, 3.10.1).</summary>
    public void Open(Instant now)
    {
        _state = TcpState.SynSent;
        _host.Counters.ActiveOpens++;
        PrepareSegmentSize();
        SendSyn(now);
        _host.Changed(this);
    }

    public void ShutdownSend()
    {
        if (_finQueued || _state is not (TcpState.SynReceived or TcpState.Established or TcpState.CloseWait))
            return;
        _finQueued = true;
        Enter(_state == TcpState.CloseWait ? TcpState.LastAck : TcpState.FinWait1);
        _host.Changed(this);
    }

    public void ShutdownReceive()
    {
        _receiveShut = true;
        Socket?.Signal();
    }

    /// <summary>The user lets go (tcp_close).</summary>
    public void Close(bool unread)
    {
        unread |= _received.Length > 0;
        LetGo();
        if (_state is TcpState.Closed or TcpState.TimeWait)
        {
            _state = TcpState.Closed;
            return;
        }

        if (unread)
            _host.Counters.TCPAbortOnClose++;
        if (unread || _options.Linger == TimeSpan.Zero)
        {
            Abort();
            return;
        }

        if (_state == TcpState.SynSent)
        {
            End(SocketResult.Ok);
            return;
        }

        IsOrphan = _host.TryOrphan();
        if (!IsOrphan)
        {
            _host.Counters.TCPAbortOnMemory++;
            Abort();
            return;
        }

        _receiveShut = true;
        ShutdownSend();
        Instant now = _host.Now;
        if (_state == TcpState.FinWait2)
            _finishAt = now + _host.Settings.FinTimeout;
        if (_options.Linger is { } linger)
            _lingerUntil = now + linger;
        _host.Changed(this);
    }

    /// <summary>Resets (RFC 9293, 3.10.5).</summary>
    public void Abort()
    {
        LetGo();
        // "CLOSING, LAST-ACK and TIME-WAIT: respond with ok and delete the TCB" (tcp_need_reset).
        if (_state is TcpState.SynReceived or TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2 or TcpState.CloseWait)
            SendReset();
        End(SocketResult.Ok);
    }

    /// <summary>Ends the connection at once; the user hears why. Received data stays readable.</summary>
    public void End(SocketResult why)
    {
        if (_state == TcpState.Closed)
            return;
        if (_state is TcpState.SynSent or TcpState.SynReceived)
            _host.Counters.AttemptFails++;
        bool wasTimeWait = _state == TcpState.TimeWait;
        Enter(TcpState.Closed);
        if (!wasTimeWait)
            _host.Ended(this);
        ReleaseSending();
        _outOfOrder.Clear();
        if (Socket is null)
            _received.Clear();
        else if (why != SocketResult.Ok)
            Socket.ReportError(why);
        else
            Socket.Signal();
    }

    /// <summary>Drops everything without a word: the namespace is going.</summary>
    public void Discard()
    {
        Enter(TcpState.Closed);
        ReleaseSending();
        _outOfOrder.Clear();
        _received.Clear();
        Socket = null;
    }

    // The user is gone: nobody reads what came, and nobody keeps what is left of a connection that ended.
    private void LetGo()
    {
        Socket = null;
        _orphan = true;
        _received.Clear();
        _host.Forget(this);
    }

    private void ReleaseSending()
    {
        _send.Clear();
        _recovery.Segments.RemoveAll();
        StopTimers();
    }

    private void Enter(TcpState state)
    {
        bool was = _state is TcpState.Established or TcpState.CloseWait;
        bool becomes = state is TcpState.Established or TcpState.CloseWait;
        if (was != becomes)
            _host.Counters.CurrEstab += becomes ? 1 : -1;
        _state = state;
    }

    internal readonly record struct TimeWaitFacts(
        uint NextSend, uint NextReceive, uint Window, byte Shift, bool HasTimestamps, uint TimestampRecent, uint TimestampOffset);
}
