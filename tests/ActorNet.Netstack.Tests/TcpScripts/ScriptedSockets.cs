using ActorNet.Packets;
using ActorNet.TcpScripts;

namespace ActorNet.Netstack.Tests.TcpScripts;

/// <summary>The calls of a script on our sockets, with the errno that each result stands for.</summary>
internal sealed class ScriptedSockets(SocketLayer layer, Ipv4Address address, Ipv4Address peer)
{
    private readonly List<Entry> _entries = [];

    public SocketAnswer Open() => Add(new Entry { Socket = layer.OpenTcp() });

    // Ours makes a listener in one call, so a port waits for what the socket becomes.
    public SocketAnswer Bind(int handle, ushort port)
    {
        _entries[handle].Port = port;
        return SocketAnswer.Ok();
    }

    public SocketAnswer Listen(int handle, int backlog)
    {
        Entry entry = _entries[handle];
        TcpOptions? options = entry.Socket?.Options;
        entry.Socket?.Close();
        entry.Socket = null;
        SocketResult result = layer.ListenTcp(new Ipv4Endpoint(address, entry.Port), backlog, options, out TcpListener? listener);
        entry.Listener = listener;
        return Answer(result);
    }

    public SocketAnswer Accept(int handle) => _entries[handle].Listener!.TryAccept(out TcpSocket? socket)
        ? Add(new Entry { Socket = socket })
        : SocketAnswer.Fail("EAGAIN");

    public SocketAnswer Connect(int handle, ushort port)
    {
        Entry entry = _entries[handle];
        SocketResult bound = entry.Port == 0 ? SocketResult.Ok : entry.Socket!.Bind(new Ipv4Endpoint(address, entry.Port));
        return bound == SocketResult.Ok ? Answer(entry.Socket!.Connect(new Ipv4Endpoint(peer, port))) : Answer(bound);
    }

    public SocketAnswer Write(int handle, ReadOnlySpan<byte> data)
    {
        SocketResult result = _entries[handle].Socket!.Send(data, out int sent);
        return Answer(result, sent);
    }

    public SocketAnswer Read(int handle, Span<byte> buffer)
    {
        SocketResult result = _entries[handle].Socket!.Receive(buffer, out int received);
        return Answer(result, received);
    }

    public SocketAnswer Shutdown(int handle, ShutdownWay way)
    {
        TcpSocket socket = _entries[handle].Socket!;
        SocketResult result = way == ShutdownWay.Write ? SocketResult.Ok : socket.ShutdownReceive();
        return Answer(result == SocketResult.Ok && way != ShutdownWay.Read ? socket.ShutdownSend() : result);
    }

    public SocketAnswer Close(int handle)
    {
        _entries[handle].Socket?.Close();
        _entries[handle].Listener?.Close();
        return SocketAnswer.Ok();
    }

    /// <summary>The end of the process that held the sockets.</summary>
    public void CloseAll()
    {
        foreach (Entry entry in _entries)
        {
            entry.Socket?.Abort();
            entry.Listener?.Close();
        }
    }

    public SocketAnswer SetOption(int handle, string option, int value)
    {
        TcpSocket socket = _entries[handle].Socket!;
        bool on = value != 0;
        TcpOptions? changed = option switch
        {
            "nodelay" => socket.Options with { NoDelay = on },
            "cork" => socket.Options with { Cork = on },
            "keepalive" => socket.Options with { KeepAlive = on },
            "keepidle" => socket.Options with { KeepAliveIdle = TimeSpan.FromSeconds(value) },
            "keepintvl" => socket.Options with { KeepAliveInterval = TimeSpan.FromSeconds(value) },
            "keepcnt" => socket.Options with { KeepAliveCount = value },
            "user_timeout" => socket.Options with { UserTimeout = TimeSpan.FromMilliseconds(value) },
            "linger" => socket.Options with { Linger = TimeSpan.FromSeconds(value) },
            "reuseaddr" => socket.Options with { ReuseAddress = on },
            "rcvbuf" => socket.Options with { ReceiveBufferSize = value },
            "sndbuf" => socket.Options with { SendBufferSize = value },
            "maxseg" => socket.Options with { MaxSegmentSize = value },
            _ => null,
        };
        if (changed is null)
            return SocketAnswer.Fail("ENOPROTOOPT");
        socket.Options = changed;
        return SocketAnswer.Ok();
    }

    public SocketAnswer TakeError(int handle) => Answer(_entries[handle].Socket!.TakePendingError());

    public string State(int handle) => _entries[handle].Listener is not null ? "LISTEN" : _entries[handle].Socket!.State switch
    {
        TcpState.Listen => "LISTEN",
        TcpState.SynSent => "SYN-SENT",
        TcpState.SynReceived => "SYN-RECEIVED",
        TcpState.Established => "ESTABLISHED",
        TcpState.FinWait1 => "FIN-WAIT-1",
        TcpState.FinWait2 => "FIN-WAIT-2",
        TcpState.CloseWait => "CLOSE-WAIT",
        TcpState.Closing => "CLOSING",
        TcpState.LastAck => "LAST-ACK",
        TcpState.TimeWait => "TIME-WAIT",
        _ => "CLOSED",
    };

    public SocketAnswer Info(int handle, string field)
    {
        TcpInfo info = _entries[handle].Socket!.Info;
        return field switch
        {
            "snd_cwnd" => SocketAnswer.Ok(info.CongestionWindow),
            "snd_ssthresh" => SocketAnswer.Ok(info.SlowStartThreshold),
            "snd_mss" => SocketAnswer.Ok(info.SendMss),
            "unacked" => SocketAnswer.Ok((int)(info.BytesInFlight + Math.Max(1, info.SendMss) - 1) / Math.Max(1, info.SendMss)),
            _ => throw new ScriptException($"ours has no figure like {field}"),
        };
    }

    private SocketAnswer Add(Entry entry)
    {
        _entries.Add(entry);
        return SocketAnswer.Ok(_entries.Count - 1);
    }

    private static SocketAnswer Answer(SocketResult result, int value = 0) => result switch
    {
        SocketResult.Ok => SocketAnswer.Ok(value),
        SocketResult.WouldBlock => SocketAnswer.Fail("EAGAIN"),
        SocketResult.InProgress => SocketAnswer.Fail("EINPROGRESS"),
        SocketResult.AlreadyInProgress => SocketAnswer.Fail("EALREADY"),
        SocketResult.AlreadyConnected => SocketAnswer.Fail("EISCONN"),
        SocketResult.NotConnected => SocketAnswer.Fail("ENOTCONN"),
        SocketResult.AddressInUse => SocketAnswer.Fail("EADDRINUSE"),
        SocketResult.ConnectionRefused => SocketAnswer.Fail("ECONNREFUSED"),
        SocketResult.ConnectionReset => SocketAnswer.Fail("ECONNRESET"),
        SocketResult.ConnectionAborted => SocketAnswer.Fail("ECONNABORTED"),
        SocketResult.BrokenPipe => SocketAnswer.Fail("EPIPE"),
        SocketResult.TimedOut => SocketAnswer.Fail("ETIMEDOUT"),
        SocketResult.HostUnreachable => SocketAnswer.Fail("EHOSTUNREACH"),
        SocketResult.NetworkUnreachable => SocketAnswer.Fail("ENETUNREACH"),
        SocketResult.ProtocolUnreachable => SocketAnswer.Fail("ENOPROTOOPT"),
        SocketResult.Closed => SocketAnswer.Fail("EBADF"),
        _ => SocketAnswer.Fail(result.ToString()),
    };

    private sealed class Entry
    {
        public TcpSocket? Socket { get; set; }

        public TcpListener? Listener { get; set; }

        public ushort Port { get; set; }
    }
}
