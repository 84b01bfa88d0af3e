using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <content>How connections begin: binding, connecting, listening, SYN cookies (linux tcp_v4_connect, tcp_conn_request).</content>
internal sealed partial class TcpDemultiplexer
{
    private readonly Dictionary<ushort, List<TcpListener>> _listeners = [];
    private readonly SynCookies _cookies;
    private Instant _lastCookieAt = new(long.MinValue / 2);

    public IEnumerable<TcpListener> Listeners => _listeners.Values.SelectMany(l => l);

    public SocketResult BindPort(Ipv4Endpoint local, bool reuse) => _ports.TryBind(local, reuse) ? SocketResult.Ok : SocketResult.AddressInUse;

    public void ReleasePort(Ipv4Endpoint local) => _ports.Release(local);

    public SocketResult Connect(TcpSocket socket, Ipv4Endpoint bound, Ipv4Endpoint remote, out TcpConnection? connection)
    {
        connection = null;
        if (_flows.Count >= Settings.MaxConnections)
        {
            Counters.TCPAbortOnMemory++;
            return SocketResult.NoBuffers;
        }

        SendError route = Layer.Stack.SelectSource(remote.Address, out Ipv4Address source, out _);
        if (route != SendError.None)
            return SocketResults.From(route);
        if (!bound.Address.IsAny)
            source = bound.Address;
        ushort port = bound.Port;
        if (port == 0 && !_ports.TryChoose(source, remote, p => IsFree(new Ipv4Endpoint(source, p), remote), out port))
            return SocketResult.AddressNotAvailable;
        var local = new Ipv4Endpoint(source, port);
        if (!TryClaim(local, remote, out uint sequence))
            return SocketResult.AddressInUse;
        connection = new TcpConnection(this, local, remote, socket.Options, sequence, TimestampOffset(local, remote)) { Socket = socket };
        Add(connection);
        connection.Open(Now);
        return SocketResult.InProgress;
    }

    public SocketResult Listen(Ipv4Endpoint local, int backlog, TcpOptions options, out TcpListener? listener)
    {
        listener = null;
        if (!local.Address.IsAny && !Layer.Stack.IsLocal(local.Address))
            return SocketResult.AddressNotAvailable;
        ushort port = local.Port;
        if (port == 0 && !_ports.TryChoose(local.Address, default, p => !_ports.IsUsed(p), out port))
            return SocketResult.AddressInUse;
        local = local with { Port = port };
        if (FindListener(local, exact: true) is not null || !_ports.TryBind(local, options.ReuseAddress))
            return SocketResult.AddressInUse;
        listener = new(this, local, Math.Clamp(backlog, 0, Settings.MaxBacklog), options);
        if (!_listeners.TryGetValue(port, out List<TcpListener>? all))
            _listeners[port] = all = [];
        all.Add(listener);
        return SocketResult.Ok;
    }

    public void Remove(TcpListener listener)
    {
        if (!_listeners.TryGetValue(listener.Local.Port, out List<TcpListener>? all) || !all.Remove(listener))
            return;
        if (all.Count == 0)
            _listeners.Remove(listener.Local.Port);
        _ports.Release(listener.Local);
        // inet_csk_listen_stop: half-open connections are forgotten; their peers learn it when they speak.
        foreach (TcpConnection connection in _flows.Values.OfType<TcpConnection>().Where(c => c.Listener == listener).ToArray())
        {
            connection.Listener = null;
            connection.Discard();
            Remove(connection);
        }

        listener.HalfOpen = 0;
    }

    public bool TryAccept(TcpConnection connection)
    {
        TcpListener listener = connection.Listener!;
        if (listener.IsAcceptQueueFull)
        {
            Counters.ListenOverflows++;
            if (Settings.AbortOnOverflow)
                connection.Abort();
            return false;
        }

        listener.HalfOpen--;
        connection.Listener = null;
        Counters.PassiveOpens++;
        var socket = new TcpSocket(Layer, this, connection.Options);
        socket.Adopt(connection);
        connection.Socket = socket;
        listener.Enqueue(socket);
        return true;
    }

    private bool IsFree(Ipv4Endpoint local, Ipv4Endpoint remote) =>
        !_listeners.ContainsKey(local.Port)
        && (!_flows.TryGetValue(FlowKey.Of(local, remote), out TcpFlow? flow) || flow is TcpTimeWait wait && IsReusable(wait));

    // tcp_twsk_unique: with timestamps a second is enough to tell the old connection's segments.
    private bool IsReusable(TcpTimeWait wait) =>
        Settings.TimeWaitReuse && wait.HasTimestamps && wait.Deadline - Now <= Settings.TimeWait - TimeSpan.FromSeconds(1);

    private bool TryClaim(Ipv4Endpoint local, Ipv4Endpoint remote, out uint sequence)
    {
        sequence = InitialSequence(local, remote);
        if (!_flows.TryGetValue(FlowKey.Of(local, remote), out TcpFlow? flow))
            return true;
        if (flow is not TcpTimeWait wait || !IsReusable(wait))
            return false;
        Counters.TWRecycled++;
        sequence = wait.NextSendSequence + 65_537;
        Remove(wait);
        return true;
    }

    private TcpListener? FindListener(Ipv4Endpoint local, bool exact = false)
    {
        if (!_listeners.TryGetValue(local.Port, out List<TcpListener>? all))
            return null;
        TcpListener? any = null;
        foreach (TcpListener listener in all)
        {
            if (listener.Local.Address == local.Address)
                return listener;
            if (listener.Local.Address.IsAny)
                any = listener;
        }

        return exact ? null : any;
    }

    // RFC 9293, 3.10.7.2.
    private void OnListen(TcpListener listener, Ipv4Endpoint local, Ipv4Endpoint remote, in TcpSegment segment, uint reopened, Instant now)
    {
        if (segment.IsRst)
            return;
        if (segment.HasAck)
        {
            if (segment.IsSyn || !TryTakeCookie(listener, local, remote, segment, now))
                Refuse(local, remote, segment);
            return;
        }

        // A SYN with FIN is no request (linux tcp_rcv_state_process).
        if (!segment.IsSyn || segment.IsFin)
            return;
        bool cookie = listener.IsRequestQueueFull || _flows.Count >= Settings.MaxConnections;
        if (cookie && !Settings.SynCookies)
        {
            Counters.TCPReqQFullDrop++;
            Counters.ListenDrops++;
            return;
        }

        if (listener.IsAcceptQueueFull)
        {
            Counters.ListenOverflows++;
            Counters.ListenDrops++;
            return;
        }

        if (cookie)
        {
            SendCookie(local, remote, segment, now);
            return;
        }

        uint sequence = reopened != 0 ? reopened : InitialSequence(local, remote);
        Begin(listener, local, remote, sequence).OnListenSyn(segment, now);
    }

    private TcpConnection Begin(TcpListener listener, Ipv4Endpoint local, Ipv4Endpoint remote, uint sequence)
    {
        var connection = new TcpConnection(this, local, remote, listener.Options, sequence, TimestampOffset(local, remote)) { Listener = listener };
        listener.HalfOpen++;
        Add(connection);
        return connection;
    }

    private void SendCookie(Ipv4Endpoint local, Ipv4Endpoint remote, in TcpSegment syn, Instant now)
    {
        Counters.TCPReqQFullDoCookies++;
        Counters.SyncookiesSent++;
        _lastCookieAt = now;
        bool stamps = Settings.Timestamps && syn.HasTimestamps;
        Layer.Stack.SelectSource(remote.Address, out _, out int mtu);
        Span<byte> options = stackalloc byte[40];
        var writer = new TcpOptionWriter(options);
        writer.MaximumSegmentSize((ushort)Math.Clamp(mtu - 40, 536, 65_535));
        if (stamps)
        {
            if (Settings.Sack && syn.SackPermitted)
                writer.SackPermitted();
            uint clock = SynCookies.Stamp((uint)(now.Nanoseconds / 1_000_000), syn);
            writer.Timestamps(clock + TimestampOffset(local, remote), syn.TimestampValue);
            if (Settings.WindowScaling && syn.HasWindowScale)
            {
                writer.NoOperation();
                writer.WindowScale(TcpConnection.ReceiveScale(Settings));
            }
        }

        int length = writer.Finish();
        uint sequence = _cookies.Make(local, remote, syn, now);
        SendControl(local, remote, sequence, syn.Sequence + 1, TcpFlags.Syn | TcpFlags.Ack, 65_535, options[..length]);
    }

    // cookie_v4_check: only while cookies are out can an ACK be one.
    private bool TryTakeCookie(TcpListener listener, Ipv4Endpoint local, Ipv4Endpoint remote, in TcpSegment ack, Instant now)
    {
        if (!Settings.SynCookies || now - _lastCookieAt > TimeSpan.FromMinutes(2))
            return false;
        if (!_cookies.TryRead(local, remote, ack, TimestampOffset(local, remote), now, out TcpSegment syn))
        {
            Counters.SyncookiesFailed++;
            return false;
        }

        Counters.SyncookiesRecv++;
        if (listener.IsAcceptQueueFull || _flows.Count >= Settings.MaxConnections)
        {
            Counters.ListenOverflows++;
            return true;
        }

        Begin(listener, local, remote, ack.Acknowledgment - 1).OnCookie(syn, ack, now);
        return true;
    }
}
