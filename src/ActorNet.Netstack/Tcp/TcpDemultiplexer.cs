using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>
/// The TCP of a namespace: the table of connections, the listeners, the way of segments in and out. The last connection is remembered, so
/// a run of segments of one flow costs one look-up. Connections act at once and speak at the end of the turn, in <see cref="Transmit"/>.
/// </summary>
internal sealed partial class TcpDemultiplexer : ITransportProtocol, ITcpHost
{
    private readonly Dictionary<FlowKey, TcpFlow> _flows;
    private readonly DeadlineHeap<TcpFlow> _timers = new();
    private readonly HashSet<TcpConnection> _unread = [];
    private readonly TcpPorts _ports;
    private readonly KeyedHash _sequences;
    private readonly KeyedHash _timestamps;
    private List<TcpConnection> _queued = [];
    private List<TcpConnection> _transmitting = [];
    private FlowKey _lastKey;
    private TcpFlow? _lastFlow;
    private int _timeWaits;
    private int _orphans;
    private long _challengeSecond;
    private int _challenges;

    public TcpDemultiplexer(SocketLayer layer, ulong seed, TcpSettings settings)
    {
        Layer = layer;
        Settings = settings;
        SendMemory = new SendMemory(settings.MaxSendMemory);
        ReceiveMemory = new ReceiveMemory(settings.MaxReceiveMemory);
        _flows = new Dictionary<FlowKey, TcpFlow>(new FlowKeyComparer(seed));
        _ports = new TcpPorts(settings, seed);
        _sequences = KeyedHash.From(seed, 15);
        _timestamps = KeyedHash.From(seed, 16);
        _cookies = new SynCookies(seed);
    }

    public SocketLayer Layer { get; }

    public TcpSettings Settings { get; }

    public TcpCounters Counters { get; } = new();

    public SendMemory SendMemory { get; }

    public ReceiveMemory ReceiveMemory { get; }

    public FrameCache Frames => Layer.Stack.Frames;

    public Instant Now => Layer.Stack.Now;

    public Instant NextDeadline => _queued.Count > 0 ? default : _timers.Next;

    public IEnumerable<TcpConnectionEntry> Connections => _flows.Values.Select(f =>
        new TcpConnectionEntry(f.Local, f.Remote, f.State, f is TcpConnection connection ? connection.Info : Waiting(f)));

    private TcpInfo Waiting(TcpFlow flow) => new()
    {
        State = flow.State,
        Timer = TcpTimerKind.TimeWait,
        TimerRemaining = flow.Deadline <= Now ? TimeSpan.Zero : flow.Deadline - Now,
    };

    public void Receive(in DeliveryInfo info, ref Frame packet)
    {
        // A connection has one peer (RFC 1122, 4.2.3.10): what went to a group, be it by the MAC alone, is dropped (tcp_v4_rcv, PACKET_HOST).
        if (info.IsToLinkGroup)
        {
            Layer.Drop(ref packet, DropReason.NoSocket);
            return;
        }

        packet.Pull(info.HeaderLength);
        if (!packet.IsTrain)
        {
            ReceiveSegment(info, ref packet);
            return;
        }

        FrameTrain.Uncouple(packet);
        for (int i = 0; i < packet.Count; i++)
        {
            Frame part = FrameTrain.Part(packet, i);
            ReceiveSegment(info, ref part);
        }

        packet.Buffer = null!;
    }

    private void ReceiveSegment(in DeliveryInfo info, ref Frame packet)
    {
        Counters.InSegs++;
        Span<byte> bytes = packet.Span;
        if (TcpView.TryParse(bytes, out TcpView view) != ParseError.None)
        {
            Counters.InErrs++;
            Layer.Drop(ref packet, DropReason.BadTransportHeader);
            return;
        }

        if ((packet.Flags & FrameFlags.ChecksumVerified) == 0 && !view.HasValidChecksum(info.Source, info.Destination))
        {
            Counters.InErrs++;
            Counters.InCsumErrors++;
            Layer.Drop(ref packet, DropReason.BadTransportChecksum);
            return;
        }

        if (!Layer.Stack.IsLocal(info.Destination))
        {
            Layer.Drop(ref packet, DropReason.NoSocket);
            return;
        }

        TcpSegment segment = TcpSegment.From(view);
        var local = new Ipv4Endpoint(info.Destination, view.DestinationPort);
        var remote = new Ipv4Endpoint(info.Source, view.SourcePort);
        packet.Pull(view.HeaderLength);
        Dispatch(local, remote, segment, ref packet);
    }

    /// <summary>Whether an ICMP error is about a segment in flight: anybody can send one (RFC 5927).</summary>
    public bool Believes(in IcmpErrorInfo error)
    {
        bool inFlight = Find(error)?.IsInFlight(BinaryPrimitives.ReadUInt32BigEndian(error.QuotedTransport[4..])) ?? false;
        if (!inFlight)
            Counters.OutOfWindowIcmps++;
        return inFlight;
    }

    public void ReceiveError(in IcmpErrorInfo error)
    {
        if (Find(error) is not { } connection)
            return;
        SocketResult result = SocketResults.FromIcmp(error.Type, error.Code, out _);
        if (result == SocketResult.MessageTooLong)
            connection.OnPathMtu(PathMtu(connection));
        else if (result != SocketResult.Ok)
            connection.OnIcmpError(result);
    }

    public void RunTimers(Instant now)
    {
        while (_timers.TryTakeDue(now, out TcpFlow? flow))
            flow.RunTimers(now);
    }

    /// <summary>Lets every connection that has something to say speak.</summary>
    public void Transmit(Instant now)
    {
        if (_queued.Count == 0)
            return;
        (_queued, _transmitting) = (_transmitting, _queued);
        foreach (TcpConnection connection in _transmitting)
        {
            connection.IsQueued = false;
            connection.Transmit(now);
            if (connection.State is TcpState.Closed or TcpState.TimeWait)
                continue;
            // A timer that moved to later is left where it is: it finds nothing due and is set again.
            Instant next = connection.NextDeadline;
            if (next < connection.Deadline)
                _timers.Set(connection, next);
        }

        _transmitting.Clear();
    }

    public SendError Send(TcpConnection connection, ref Frame segment)
    {
        TcpOptions options = connection.Options;
        var request = new Ipv4SendRequest
        {
            Source = connection.Local.Address,
            Destination = connection.Remote.Address,
            Protocol = IpProtocol.Tcp,
            DontFragment = true,
            TimeToLive = options.TimeToLive,
            TypeOfService = (byte)(options.TypeOfService & 0xFC),
            Device = options.Device,
        };
        return Layer.Stack.Send(request, ref segment);
    }

    public int PathMtu(TcpConnection connection) =>
        Layer.Stack.SelectSource(connection.Remote.Address, out _, out int mtu) == SendError.None ? mtu : 0;

    public void Changed(TcpConnection connection)
    {
        if (connection.IsQueued)
            return;
        connection.IsQueued = true;
        _queued.Add(connection);
    }

    public void Ended(TcpConnection connection)
    {
        if (connection.Listener is { } listener)
        {
            listener.HalfOpen--;
            connection.Listener = null;
        }

        Remove(connection);
        if (connection.Available > 0 && connection.Socket is not null)
            _unread.Add(connection);
        if (connection.State != TcpState.TimeWait)
            return;
        Counters.TW++;
        if (_timeWaits >= Settings.MaxTimeWait)
        {
            Counters.TCPTimeWaitOverflow++;
            return;
        }

        var wait = new TcpTimeWait(this, connection);
        _timeWaits++;
        Add(wait);
        Wait(wait, Now);
    }

    public bool TryOrphan()
    {
        if (_orphans >= Settings.MaxOrphans)
            return false;
        _orphans++;
        return true;
    }

    public void Forget(TcpConnection connection) => _unread.Remove(connection);

    /// <summary>Begins the wait of a connection in TIME-WAIT, or begins it anew.</summary>
    public void Wait(TcpTimeWait wait, Instant now) => _timers.Set(wait, now + Settings.TimeWait);

    public void Remove(TcpFlow flow)
    {
        if (!_flows.Remove(FlowKey.Of(flow.Local, flow.Remote)))
            return;
        if (flow is TcpTimeWait)
            _timeWaits--;
        else if (flow is TcpConnection { IsOrphan: true })
            _orphans--;
        _timers.Remove(flow);
        _ports.RemoveUser(flow.Local.Port);
        _lastFlow = null;
    }

    public bool TakeChallenge(Instant now)
    {
        long second = now.Nanoseconds / 1_000_000_000;
        if (second != _challengeSecond)
            (_challengeSecond, _challenges) = (second, 0);
        return ++_challenges <= Settings.ChallengeAckLimit;
    }

    public void Refuse(TcpConnection connection, in TcpSegment segment) => Refuse(connection.Local, connection.Remote, segment);

    /// <summary>Sends a segment that belongs to no connection object.</summary>
    public void SendControl(Ipv4Endpoint local, Ipv4Endpoint remote, uint sequence, uint acknowledgment, TcpFlags flags, ushort window, uint? timestamp, uint echo)
    {
        Span<byte> options = stackalloc byte[12];
        int optionsLength = 0;
        if (timestamp is { } stamp)
        {
            var writer = new TcpOptionWriter(options);
            writer.NoOperation();
            writer.NoOperation();
            writer.Timestamps(stamp, echo);
            optionsLength = writer.Finish();
        }

        SendControl(local, remote, sequence, acknowledgment, flags, window, options[..optionsLength]);
    }

    public void CloseAll()
    {
        foreach (TcpListener listener in Listeners.ToArray())
            listener.Close();
        foreach (TcpFlow flow in _flows.Values.ToArray())
        {
            (flow as TcpConnection)?.Discard();
            Remove(flow);
        }

        foreach (TcpConnection connection in _unread)
            connection.Discard();
        _unread.Clear();
        _queued.Clear();
    }

    private void SendControl(Ipv4Endpoint local, Ipv4Endpoint remote, uint sequence, uint acknowledgment, TcpFlags flags, ushort window, ReadOnlySpan<byte> options)
    {
        if (!Frames.TryRentFrame(TcpView.MinHeaderLength + options.Length, out Frame frame))
            return;
        options.CopyTo(frame.Span[TcpView.MinHeaderLength..]);
        new TcpHeader
        {
            SourcePort = local.Port,
            DestinationPort = remote.Port,
            SequenceNumber = sequence,
            AcknowledgmentNumber = acknowledgment,
            Flags = flags,
            Window = window,
        }.Write(frame.Span, options.Length, local.Address, remote.Address);
        Counters.OutSegs++;
        Layer.Stack.Send(new Ipv4SendRequest { Source = local.Address, Destination = remote.Address, Protocol = IpProtocol.Tcp, DontFragment = true }, ref frame);
    }

    private TcpConnection? Find(in IcmpErrorInfo error)
    {
        ReadOnlySpan<byte> quoted = error.QuotedTransport;
        var local = new Ipv4Endpoint(error.QuotedSource, BinaryPrimitives.ReadUInt16BigEndian(quoted));
        var remote = new Ipv4Endpoint(error.QuotedDestination, BinaryPrimitives.ReadUInt16BigEndian(quoted[2..]));
        return _flows.GetValueOrDefault(FlowKey.Of(local, remote)) as TcpConnection;
    }

    private void Dispatch(Ipv4Endpoint local, Ipv4Endpoint remote, in TcpSegment segment, ref Frame data)
    {
        FlowKey key = FlowKey.Of(local, remote);
        TcpFlow? flow = _lastFlow;
        if (flow is null || key != _lastKey)
        {
            _flows.TryGetValue(key, out flow);
            (_lastKey, _lastFlow) = (key, flow);
        }

        Instant now = Now;
        uint reopened = 0;
        if (flow is TcpTimeWait wait && wait.MayReopen(segment) && FindListener(local) is not null)
        {
            // RFC 1122, 4.2.2.13: the new numbers begin behind all that the old connection could have sent.
            reopened = wait.NextSendSequence + 65_537;
            Remove(wait);
            flow = null;
        }

        if (flow is not null)
            flow.Receive(segment, ref data, now);
        else if (FindListener(local) is { } listener)
            OnListen(listener, local, remote, segment, reopened, now);
        else
            OnClosed(local, remote, segment);
        if (data.Buffer is not null)
            Frames.Release(ref data);
    }

    // RFC 9293, 3.10.7.1.
    private void OnClosed(Ipv4Endpoint local, Ipv4Endpoint remote, in TcpSegment segment)
    {
        Layer.Drops.Count(DropReason.NoSocket);
        if (!segment.IsRst)
            Refuse(local, remote, segment);
    }

    private void Refuse(Ipv4Endpoint local, Ipv4Endpoint remote, in TcpSegment segment)
    {
        Counters.OutRsts++;
        if (segment.HasAck)
            SendControl(local, remote, segment.Acknowledgment, 0, TcpFlags.Rst, 0, default(ReadOnlySpan<byte>));
        else
            SendControl(local, remote, 0, segment.End, TcpFlags.Rst | TcpFlags.Ack, 0, default(ReadOnlySpan<byte>));
    }

    private void Add(TcpFlow flow)
    {
        _flows[FlowKey.Of(flow.Local, flow.Remote)] = flow;
        _ports.AddUser(flow.Local.Port);
        _lastFlow = null;
    }

    // RFC 6528: a clock (of 64 ns, as Linux has it) and a keyed hash of the four numbers.
    private uint InitialSequence(Ipv4Endpoint local, Ipv4Endpoint remote) =>
        (uint)_sequences.Of(local, remote) + (uint)(Now.Nanoseconds >> 6);

    private uint TimestampOffset(Ipv4Endpoint local, Ipv4Endpoint remote) =>
        (uint)_timestamps.Of(local with { Port = 0 }, remote with { Port = 0 });
}
