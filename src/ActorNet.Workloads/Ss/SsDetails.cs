using System.Globalization;
using System.Text;
using ActorNet.Netstack;
using ActorNet.Workloads.SocketTables;

namespace ActorNet.Workloads.Ss;

/// <summary>
/// What ss tells beside a socket: timers (-o), memory (-m) and a connection's numbers (-i), in the order of iproute2 misc/ss.c
/// tcp_stats_print. Left out is what nothing here measures: pacing and delivery rates, the time that each limit took, rcv_ssthresh.
/// </summary>
internal static class SsDetails
{
    /// <summary>The last cell of a socket's row.</summary>
    /// <param name="socket">Socket.</param>
    /// <param name="options">Options.</param>
    public static string Of(SocketEntry socket, SsOptions options)
    {
        var text = new StringBuilder();
        if (options.Timers && socket.Info.Timer != TcpTimerKind.Off)
            text.Append(CultureInfo.InvariantCulture, $" timer:({TimerName(socket.Info.Timer)},{Milliseconds((long)socket.Info.TimerRemaining.TotalMilliseconds)},{socket.Info.TimerCount})");
        bool hasNumbers = options.Info && socket.Protocol == "tcp";
        if (!options.Memory && !options.Info)
            return text.ToString();
        text.Append(options.OneLine ? " " : "\n\t");
        if (socket.State == TcpState.TimeWait)
            return text.ToString();
        if (options.Memory)
            AppendMemory(text, socket);
        if (hasNumbers)
            AppendNumbers(text, socket, options);
        return text.ToString();
    }

    private static string TimerName(TcpTimerKind kind) => kind switch
    {
        TcpTimerKind.On => "on",
        TcpTimerKind.KeepAlive => "keepalive",
        TcpTimerKind.TimeWait => "timewait",
        TcpTimerKind.Persist => "persist",
        _ => "off",
    };

    // print_ms_timer: two units at most, the smaller one only where the larger is small.
    private static string Milliseconds(long timeout)
    {
        long seconds = timeout / 1000 % 60;
        long minutes = timeout / 60_000;
        long milliseconds = timeout % 1000;
        string text = "";
        if (minutes > 0)
        {
            milliseconds = 0;
            text = string.Create(CultureInfo.InvariantCulture, $"{minutes}min");
            if (minutes > 9)
                seconds = 0;
        }

        if (seconds > 0)
        {
            if (seconds > 9)
                milliseconds = 0;
            text += string.Create(CultureInfo.InvariantCulture, $"{seconds}{(milliseconds > 0 ? "." : "sec")}");
        }

        return milliseconds > 0 ? text + string.Create(CultureInfo.InvariantCulture, $"{milliseconds:000}ms") : text;
    }

    // Of the send buffer, what is queued stands for its truesize.
    private static void AppendMemory(StringBuilder text, SocketEntry socket)
    {
        bool isListener = socket.State == TcpState.Listen;
        long received = isListener ? 0 : socket.ReceiveQueue;
        long queued = isListener ? 0 : socket.SendQueue;
        text.Append(CultureInfo.InvariantCulture, $" skmem:(r{received},rb{socket.ReceiveBuffer},t0,tb{socket.SendBuffer},f0,w{queued},o0,bl0,d{socket.Drops})");
    }

    private static void AppendNumbers(StringBuilder text, SocketEntry socket, SsOptions options)
    {
        TcpInfo info = socket.Info;
        CultureInfo plain = CultureInfo.InvariantCulture;
        if (socket.State == TcpState.Listen)
        {
            text.Append(plain, $" cubic cwnd:10{(socket.ReceiveQueue > 0 ? " unacked:" + socket.ReceiveQueue.ToString(plain) : "")}");
            return;
        }

        if (options.Timers)
            text.Append(info.Timestamps ? " ts" : "").Append(info.Sack ? " sack" : "");
        text.Append(" cubic");
        if (info.WindowScaling)
            text.Append(plain, $" wscale:{info.SendWindowScale},{info.ReceiveWindowScale}");
        text.Append(plain, $" rto:{Number(info.RetransmissionTimeout.TotalMilliseconds)}");
        Append(text, "backoff", info.Backoff);
        if (info.RoundTripTime > TimeSpan.Zero)
            text.Append(plain, $" rtt:{Number(info.RoundTripTime.TotalMilliseconds)}/{Number(info.RoundTripVariation.TotalMilliseconds)}");
        if (info.AckTimeout > TimeSpan.Zero)
            text.Append(plain, $" ato:{Number(info.AckTimeout.TotalMilliseconds)}");
        Append(text, "mss", info.SendMss);
        Append(text, "pmtu", info.PathMtu);
        Append(text, "rcvmss", info.ReceiveMss);
        Append(text, "advmss", info.AdvertisedMss);
        Append(text, "cwnd", info.CongestionWindow);
        Append(text, "ssthresh", info.SlowStartThreshold < ushort.MaxValue ? info.SlowStartThreshold : 0);
        AppendCounts(text, info);
        AppendTimes(text, info, options.Numeric);
        AppendState(text, info);
    }

    private static void AppendCounts(StringBuilder text, in TcpInfo info)
    {
        Append(text, "bytes_sent", info.BytesSent);
        Append(text, "bytes_retrans", info.BytesRetransmitted);
        Append(text, "bytes_acked", info.BytesAcked);
        Append(text, "bytes_received", info.BytesReceived);
        Append(text, "segs_out", info.SegmentsOut);
        Append(text, "segs_in", info.SegmentsIn);
        Append(text, "data_segs_out", info.DataSegmentsOut);
        Append(text, "data_segs_in", info.DataSegmentsIn);
    }

    private static void AppendTimes(StringBuilder text, in TcpInfo info, bool numeric)
    {
        CultureInfo plain = CultureInfo.InvariantCulture;
        if (info.RoundTripTime > TimeSpan.Zero && info.SendMss > 0 && info.CongestionWindow > 0)
            text.Append(plain, $" send {Rate(info.CongestionWindow * (double)info.SendMss * 8 / info.RoundTripTime.TotalSeconds, numeric)}bps");
        // A connection that has sent or received nothing counts from its beginning, as the kernel's clock does.
        text.Append(plain, $" lastsnd:{(long)(info.SinceDataSent ?? info.SinceReceived).TotalMilliseconds}");
        text.Append(plain, $" lastrcv:{(long)(info.SinceDataReceived ?? info.SinceReceived).TotalMilliseconds} lastack:{(long)info.SinceReceived.TotalMilliseconds}");
    }

    private static void AppendState(StringBuilder text, in TcpInfo info)
    {
        Append(text, "unacked", info.Unacknowledged);
        if (info.TimerCount > 0 || info.TotalRetransmissions > 0)
            text.Append(CultureInfo.InvariantCulture, $" retrans:{(info.Timer == TcpTimerKind.On ? info.TimerCount : 0)}/{info.TotalRetransmissions}");
        Append(text, "dsack_dups", info.DuplicateSacks);
        Append(text, "reord_seen", info.ReorderingsSeen);
        Append(text, "rcv_space", info.ReceiveWindow);
        Append(text, "notsent", Math.Max(0, info.SendQueue - info.BytesInFlight));
        if (info.MinRoundTripTime > TimeSpan.Zero)
            text.Append(CultureInfo.InvariantCulture, $" minrtt:{Number(info.MinRoundTripTime.TotalMilliseconds)}");
        Append(text, "snd_wnd", info.SendWindow);
    }

    private static void Append(StringBuilder text, string name, long value)
    {
        if (value != 0)
            text.Append(CultureInfo.InvariantCulture, $" {name}:{value}");
    }

    // %g of a number of microseconds.
    private static string Number(double milliseconds) => Math.Round(milliseconds, 3).ToString("G6", CultureInfo.InvariantCulture);

    // sprint_bw
    private static string Rate(double bits, bool numeric) => numeric ? bits.ToString("F0", CultureInfo.InvariantCulture)
        : bits > 1_000_000_000 ? (bits / 1_000_000_000).ToString("F1", CultureInfo.InvariantCulture) + "G"
        : bits > 1_000_000 ? (bits / 1_000_000).ToString("F1", CultureInfo.InvariantCulture) + "M"
        : bits > 1000 ? (bits / 1000).ToString("F1", CultureInfo.InvariantCulture) + "K"
        : bits.ToString("G6", CultureInfo.InvariantCulture);
}
