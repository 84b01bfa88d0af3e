using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Ip;
using ActorNet.Netstack;
using ActorNet.Netstack.Tests;
using ActorNet.Packets;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Interop.Tests.Tools;

/// <summary>
/// A host with sockets in many states on a clock that stands still, and what the kernel would write about them into /proc/net
/// (proc(5); linux net/ipv4/tcp_ipv4.c get_tcp4_sock, net/ipv4/udp.c udp4_format_sock). Real tools read those files.
/// </summary>
internal sealed class SocketScene : IDisposable
{
    private readonly TwoHosts _net = new();

    public SocketScene()
    {
        TcpListener web = Listen(_net.A, "0.0.0.0", 80);
        Listen(_net.A, "10.0.0.1", 8443);
        TcpListener far = Listen(_net.B, "0.0.0.0", 5201);
        TcpSocket reader = Pair(_net.B, 40_001, _net.A, web, out TcpSocket readerPeer);
        Assert.Equal(SocketResult.Ok, reader.Send("unread"u8, out _));
        TcpSocket waiting = Pair(_net.B, 40_002, _net.A, web, out TcpSocket closeWait);
        waiting.ShutdownSend();
        TcpSocket half = Pair(_net.A, 40_003, _net.B, far, out TcpSocket halfPeer);
        half.ShutdownSend();
        TcpSocket done = Pair(_net.A, 40_004, _net.B, far, out TcpSocket donePeer);
        _net.Settle();
        done.Close();
        _net.Settle();
        donePeer.Close();
        _net.Settle();
        TcpSocket queued = _net.B.Sockets.OpenTcp();
        queued.Bind(new Ipv4Endpoint(default, 40_005));
        queued.Connect(new Ipv4Endpoint(_net.A.Address, 80));
        _net.Settle();
        TcpSocket alive = Pair(_net.A, 40_006, _net.B, far, out TcpSocket alivePeer, new TcpOptions { KeepAlive = true });
        UdpSocket bound = _net.A.Bind(53);
        UdpSocket sender = _net.B.Sockets.OpenUdp();
        sender.Bind(new Ipv4Endpoint(default, 40_007));
        sender.SendTo("0123456789"u8, new Ipv4Endpoint(_net.A.Address, 53));
        UdpSocket connected = _net.A.Sockets.OpenUdp();
        connected.Bind(new Ipv4Endpoint(default, 40_008));
        connected.Connect(new Ipv4Endpoint(_net.B.Address, 40_007));
        _net.Settle();
        // Nobody answers a SYN any more, nor data: timers run.
        _net.B.Eth0.SetUp(false);
        _net.B.Namespace.DeviceChanged(_net.B.Eth0);
        TcpSocket lost = _net.A.Sockets.OpenTcp();
        lost.Bind(new Ipv4Endpoint(default, 40_009));
        lost.Connect(new Ipv4Endpoint(_net.B.Address, 9));
        readerPeer.Send("nobody takes this"u8, out _);
        _net.Settle();
        _net.Advance(TimeSpan.FromSeconds(2));
        GC.KeepAlive((closeWait, halfPeer, alive, alivePeer, bound));
    }

    /// <summary>Writes the files.</summary>
    /// <param name="folder">What stands for /proc/net.</param>
    /// <param name="showBacklog">Whether a listener's backlog stands in tx_queue: ss takes it from netlink, which no file can stand for.</param>
    public void WriteFiles(string folder, bool showBacklog)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "tcp"), TcpText(showBacklog));
        File.WriteAllText(Path.Combine(folder, "udp"), UdpText());
        File.WriteAllText(Path.Combine(folder, "raw"), "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n");
        File.WriteAllText(Path.Combine(folder, "unix"), "Num       RefCount Protocol Flags    Type St Inode Path\n");
        int waiting = _net.A.Sockets.TcpConnections.Count(static each => each.State == TcpState.TimeWait);
        int tcp = _net.A.Sockets.TcpConnections.Count() - waiting + _net.A.Sockets.TcpListeners.Count();
        int udp = _net.A.Sockets.UdpSockets.Count();
        File.WriteAllText(Path.Combine(folder, "sockstat"), string.Create(CultureInfo.InvariantCulture,
            $"sockets: used {tcp + udp}\nTCP: inuse {tcp} orphan 0 tw {waiting} alloc {tcp} mem 1\nUDP: inuse {udp} mem 1\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n"));
        File.WriteAllText(Path.Combine(folder, "snmp"), $"Tcp: CurrEstab\nTcp: {_net.A.Sockets.Tcp.CurrEstab}\n");
        File.WriteAllText(Path.Combine(folder, "netstat"), "");
    }

    /// <summary>Writes the counters as /proc/net/snmp and /proc/net/netstat: from the counters' own properties, by the kernel's names.</summary>
    /// <param name="folder">What stands for /proc/net.</param>
    public async Task WriteCountersAsync(string folder)
    {
        SocketLayer sockets = _net.A.Sockets;
        string[] tcpNames = ["ActiveOpens", "PassiveOpens", "AttemptFails", "EstabResets", "CurrEstab", "InSegs", "OutSegs", "RetransSegs", "InErrs", "OutRsts", "InCsumErrors"];
        string[] ipNames = ["InReceives", "InHdrErrors", "InAddrErrors", "ForwDatagrams", "InUnknownProtos", "InDiscards", "InDelivers", "OutRequests", "OutDiscards", "OutNoRoutes", "ReasmTimeout", "ReasmReqds", "ReasmOKs", "ReasmFails", "FragOKs", "FragFails", "FragCreates"];
        IcmpCounters icmp = sockets.Stack.IcmpCounters;
        (string Name, byte Type)[] types = [("DestUnreachs", 3), ("TimeExcds", 11), ("ParmProbs", 12), ("SrcQuenchs", 4), ("Redirects", 5), ("Echos", 8), ("EchoReps", 0), ("Timestamps", 13), ("TimestampReps", 14), ("AddrMasks", 17), ("AddrMaskReps", 18)];
        await File.WriteAllTextAsync(Path.Combine(folder, "snmp"),
            Section("Ip", [("Forwarding", 2), .. ipNames.Select(name => (name, Value(sockets.Stack.Ip, name)))])
            + Section("Icmp", [("InMsgs", icmp.InMsgs), ("InErrors", icmp.InErrors), ("InCsumErrors", icmp.InCsumErrors), .. types.Select(each => ("In" + each.Name, icmp.Received(each.Type))),
                ("OutMsgs", icmp.OutMsgs), ("OutErrors", icmp.OutErrors), ("OutRateLimitGlobal", icmp.OutRateLimitGlobal), ("OutRateLimitHost", icmp.OutRateLimitHost), .. types.Select(each => ("Out" + each.Name, icmp.Sent(each.Type)))])
            + Section("Tcp", [.. tcpNames.Select(name => (name, Value(sockets.Tcp, name)))])
            + Section("Udp", [("InDatagrams", sockets.Udp.InDatagrams), ("NoPorts", sockets.Udp.NoPorts), ("InErrors", sockets.Udp.InErrors), ("OutDatagrams", sockets.Udp.OutDatagrams),
                ("RcvbufErrors", sockets.Udp.ReceiveBufferErrors), ("SndbufErrors", sockets.Udp.SendBufferErrors), ("InCsumErrors", sockets.Udp.ChecksumErrors)]));
        // Those of /proc/net/netstat that these sockets moved, in the kernel's order.
        string[] extended = ["TW", "DelayedACKs", "TCPPureAcks", "TCPTimeouts", "TCPLossProbes", "TCPOrigDataSent"];
        string[] moved = [.. typeof(TcpCounters).GetProperties().Select(static each => each.Name).Except(tcpNames).Where(name => Value(sockets.Tcp, name) != 0)];
        Assert.Empty(moved.Except(extended).Except(["TCPSlowStartRetrans"]));
        await File.WriteAllTextAsync(Path.Combine(folder, "netstat"),
            Section("TcpExt", [.. extended.Take(3).Append("TCPSlowStartRetrans").Concat(extended.Skip(3)).Select(name => (name, Value(sockets.Tcp, name)))])
            + Section("IpExt", [("InNoRoutes", sockets.Stack.Ip.InNoRoutes), ("InTruncatedPkts", sockets.Stack.Ip.InTruncatedPkts)]));
    }

    /// <summary>Runs our tool on the host.</summary>
    /// <param name="command">Words.</param>
    public async Task<ToolResult> RunAsync(string command)
    {
        ProgramTable programs = ProgramTable.CreateDefault();
        FileTree files = ContainerFiles.Create("host", null, programs.Names, TimeProvider.System);
        files.AddText("/etc/services", await File.ReadAllTextAsync("/etc/services"));
        var output = new StringWriter();
        var error = new StringWriter();
        var context = new ProgramContext { Stdout = output, Stderr = error, Namespace = new Door(_net.A), HostName = "host", Files = files };
        int code = await programs.RunAsync(context, command.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return new ToolResult(code, output.ToString(), error.ToString());
    }

    public void Dispose() => _net.Dispose();

    private static TcpListener Listen(TestHost host, string address, ushort port)
    {
        Assert.Equal(SocketResult.Ok, host.Sockets.ListenTcp(new Ipv4Endpoint(Ipv4Address.Parse(address), port), 128, null, out TcpListener? listener));
        return listener!;
    }

    private TcpSocket Pair(TestHost from, ushort port, TestHost to, TcpListener listener, out TcpSocket accepted, TcpOptions? options = null)
    {
        TcpSocket socket = from.Sockets.OpenTcp(options);
        socket.Bind(new Ipv4Endpoint(default, port));
        socket.Connect(new Ipv4Endpoint(to.Address, listener.Local.Port));
        _net.Settle();
        Assert.True(listener.TryAccept(out TcpSocket? taken));
        accepted = taken;
        return socket;
    }

    private string TcpText(bool showBacklog)
    {
        var text = new StringBuilder("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n");
        int line = 0;
        foreach (TcpListener listener in _net.A.Sockets.TcpListeners.OrderBy(static each => each.Local.Port))
            Append(text, line++, listener.Local, default, 10, showBacklog ? listener.Backlog : 0, listener.Pending, default);
        foreach (TcpConnectionEntry each in _net.A.Sockets.TcpConnections.OrderBy(static each => each.Local.Port).ThenBy(static each => each.Remote.Port))
            Append(text, line++, each.Local, each.Remote, StateNumber(each.State), each.Info.SendQueue, each.Info.ReceiveQueue, each.Info);
        return text.ToString();
    }

    private static long Value(object counters, string name) => (long)counters.GetType().GetProperty(name)!.GetValue(counters)!;

    private static string Section(string title, (string Name, long Value)[] counters) =>
        $"{title}: {string.Join(' ', counters.Select(static each => each.Name))}\n{title}: {string.Join(' ', counters.Select(static each => each.Value))}\n";

    private string UdpText()
    {
        var text = new StringBuilder("   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n");
        int line = 0;
        foreach (UdpSocket each in _net.A.Sockets.UdpSockets.OrderBy(static each => each.Local.Port))
            Append(text, line++, each.Local, each.Remote, each.IsConnected ? 1 : 7, 0, each.QueuedBytes, default, " 2 0000000000000000 0");
        return text.ToString();
    }

    private static void Append(StringBuilder text, int line, Ipv4Endpoint local, Ipv4Endpoint remote, int state, long send, long receive, TcpInfo info, string end = " 1 0000000000000000 20 4 0 10 -1")
    {
        // 1 retransmission, 2 keep-alive, 3 TIME-WAIT, 4 window probe; in hundredths of a second.
        int timer = (int)info.Timer;
        long when = (long)(info.TimerRemaining.TotalMilliseconds / 10);
        int retransmissions = info.Timer == TcpTimerKind.On ? info.TimerCount : 0;
        text.Append(CultureInfo.InvariantCulture, $"{line,4}: {End(local)} {End(remote)} {state:X2} {send:X8}:{receive:X8} {timer:X2}:{when:X8} {retransmissions:X8}     0 {info.Probes,8} 0{end}\n");
    }

    // The address's octets as a number of this (little-endian) machine.
    private static string End(Ipv4Endpoint end) => string.Create(CultureInfo.InvariantCulture, $"{System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(end.Address.Value):X8}:{end.Port:X4}");

    // linux include/net/tcp_states.h
    private static int StateNumber(TcpState state) => state switch
    {
        TcpState.Established => 1,
        TcpState.SynSent => 2,
        TcpState.SynReceived => 3,
        TcpState.FinWait1 => 4,
        TcpState.FinWait2 => 5,
        TcpState.TimeWait => 6,
        TcpState.CloseWait => 8,
        TcpState.LastAck => 9,
        TcpState.Closing => 11,
        _ => 7,
    };

    private sealed class Door(TestHost host) : INamespaceExecutor
    {
        public CancellationToken Closed => CancellationToken.None;

        public void Post(Action<SocketLayer> work) => work(host.Sockets);
    }
}
