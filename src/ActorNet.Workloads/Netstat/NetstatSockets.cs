using System.Globalization;
using System.Text;
using ActorNet.Netstack;
using ActorNet.Workloads.Names;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.SocketTables;

namespace ActorNet.Workloads.Netstat;

/// <summary>The table of sockets (net-tools netstat.c tcp_do_one, udp_do_one).</summary>
internal sealed class NetstatSockets(ProgramContext context, NetstatOptions options, ServiceNames services)
{
    // Address and port together have 23 columns, which -W widens where one needs more.
    private const int EndWidth = 23;

    /// <summary>The text.</summary>
    /// <param name="sockets">The sockets.</param>
    public string Render(IReadOnlyList<SocketEntry> sockets)
    {
        string which = options.All ? "(servers and established)" : options.Listening ? "(only servers)" : "(w/o servers)";
        var text = new StringBuilder();
        bool isInternet = options.Tables.Count == 0 || options.Tables.Overlaps("tuw");
        if (isInternet)
        {
            text.Append("Active Internet connections ").Append(which).Append("\nProto Recv-Q Send-Q Local Address           Foreign Address         State      ");
            text.Append(options.Extended > 0 ? " User       Inode     " : "").Append(options.Programs ? " PID/Program name    " : "");
            text.Append(options.Timers ? " Timer" : "").Append('\n');
            foreach (string protocol in (string[])["tcp", "udp"])
            {
                foreach (SocketEntry socket in sockets.Where(each => each.Protocol == protocol && IsListed(each)))
                    Append(text, socket);
            }
        }

        if (options.Tables.Count == 0 || options.Tables.Contains('x'))
        {
            text.Append("Active UNIX domain sockets ").Append(which).Append("\nProto RefCnt Flags       Type       State         I-Node  ");
            text.Append(options.Programs ? " PID/Program name    " : "").Append(" Path\n");
        }

        return text.ToString();
    }

    // A UDP socket without a peer counts as a server.
    private bool IsListed(SocketEntry socket)
    {
        bool isServer = socket.State is TcpState.Listen or TcpState.Closed;
        return options.Ipv4 && (options.Tables.Count == 0 || options.Tables.Contains(socket.Protocol[0])) && (options.All || isServer == options.Listening);
    }

    private void Append(StringBuilder text, SocketEntry socket)
    {
        CultureInfo plain = CultureInfo.InvariantCulture;
        // What a listener shows as its backlog in ss is no queue of bytes.
        long send = socket.State == TcpState.Listen ? 0 : socket.SendQueue;
        string state = StateName(socket);
        text.Append(plain, $"{socket.Protocol,-4}  {socket.ReceiveQueue,6} {send,6} {End(socket, socket.Local),-EndWidth} {End(socket, socket.Remote),-EndWidth} {state,-11}");
        if (options.Extended > 0)
            text.Append(plain, $" {(options.NumericHosts ? "0" : "root"),-10} {0,-10}");
        if (options.Programs)
            text.Append(plain, $" {"-",-20}");
        if (options.Timers)
            text.Append(plain, $" {Timer(socket.Info)}");
        text.Append('\n');
    }

    private string End(SocketEntry socket, Ipv4Endpoint end)
    {
        string port = end.Port == 0 ? "*" : (options.NumericPorts ? null : services.Find(end.Port, socket.Protocol)) ?? end.Port.ToString(CultureInfo.InvariantCulture);
        string host = (options.NumericHosts || end.Address.IsAny ? null : context.FindName(end.Address)) ?? end.Address.ToString();
        // Without -n nothing bound is told as any address; a name gives way to its port.
        int room = EndWidth - 1 - port.Length;
        return $"{(options.Wide || host.Length <= room ? host : host[..room])}:{port}";
    }

    private static string Timer(in TcpInfo info)
    {
        string name = info.Timer switch
        {
            TcpTimerKind.On => "on",
            TcpTimerKind.KeepAlive => "keepalive",
            TcpTimerKind.TimeWait => "timewait",
            TcpTimerKind.Persist => "probe",
            _ => "off",
        };
        int retransmissions = info.Timer == TcpTimerKind.On ? info.TimerCount : 0;
        return string.Create(CultureInfo.InvariantCulture, $"{name} ({info.TimerRemaining.TotalSeconds:F2}/{retransmissions}/{info.Probes})");
    }

    private static string StateName(SocketEntry socket) => socket.State switch
    {
        TcpState.Established => "ESTABLISHED",
        TcpState.SynSent => "SYN_SENT",
        TcpState.SynReceived => "SYN_RECV",
        TcpState.FinWait1 => "FIN_WAIT1",
        TcpState.FinWait2 => "FIN_WAIT2",
        TcpState.TimeWait => "TIME_WAIT",
        TcpState.CloseWait => "CLOSE_WAIT",
        TcpState.LastAck => "LAST_ACK",
        TcpState.Listen => "LISTEN",
        TcpState.Closing => "CLOSING",
        _ => socket.Protocol == "udp" ? "" : "CLOSE",
    };
}
