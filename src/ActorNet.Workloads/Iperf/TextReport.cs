using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Iperf;

/// <summary>The lines that iperf 3 prints (formats of esnet/iperf src/iperf_locale.c).</summary>
internal sealed class TextReport(ProgramContext context, IperfOptions options) : ITestReport
{
    private const string Line = "- - - - - - - - - - - - - - - - - - - - - - - - -\n";

    private TestStart? _start;
    private bool _hasIntervals;
    private bool _isServer;

    public async Task ConnectedAsync(string peerName, Ipv4Endpoint peer, bool reverse)
    {
        _isServer = options.Server;
        if (options.Verbose)
            await WriteAsync($"iperf {IperfProgram.Version}\nTime: {context.Time.GetUtcNow():R}\n").ConfigureAwait(false);
        await WriteAsync(_isServer ? $"Accepted connection from {peer.Address}, port {peer.Port}\n"
            : $"Connecting to host {peerName}, port {peer.Port}\n{(reverse ? $"Reverse mode, remote host {peerName} is sending\n" : "")}").ConfigureAwait(false);
    }

    public async Task StartAsync(TestStart start)
    {
        _start = start;
        _hasIntervals = false;
        TestParameters test = start.Parameters;
        if (options.Verbose)
            await WriteAsync($"      Cookie: {start.Cookie}\n{(test.IsUdp ? "" : $"      TCP MSS: {(test.Mss > 0 ? test.Mss : start.ControlMss)}{(test.Mss > 0 ? "" : " (default)")}\n")}").ConfigureAwait(false);
        for (int i = 0; i < start.Streams.Count; i++)
        {
            TestStream stream = start.Streams[i];
            await WriteAsync($"{Id(i)} local {stream.Local.Address} port {stream.Local.Port} connected to {stream.Remote.Address} port {stream.Remote.Port}\n").ConfigureAwait(false);
        }

        if (options.Verbose)
        {
            string length = test.Bytes > 0 ? $"{test.Bytes} bytes to send" : test.Blocks > 0 ? $"{test.Blocks} blocks to send" : $"{test.Time} second test";
            await WriteAsync($"Starting Test: protocol: {(test.IsUdp ? "UDP" : "TCP")}, {test.Streams} streams, {test.BlockSize} byte blocks, omitting {test.Omit} seconds, {length}, tos {test.TypeOfService}\n").ConfigureAwait(false);
        }
    }

    public async Task IntervalAsync(Interval interval)
    {
        TestStart start = _start!;
        bool several = interval.Streams.Count > 1;
        if (!_hasIntervals)
            await WriteAsync(Header(start.Parameters.IsUdp ? start.IsSender ? "Total Datagrams" : "Jitter    Lost/Total Datagrams" : start.IsSender ? "Retr  Cwnd" : "")).ConfigureAwait(false);
        else if (several)
            await WriteAsync(Line).ConfigureAwait(false);
        _hasIntervals = true;
        string omitted = interval.IsOmitted ? "(omitted)" : "";
        for (int i = 0; i < interval.Streams.Count; i++)
        {
            StreamSample stream = interval.Streams[i];
            string rest = start.Parameters.IsUdp
                ? start.IsSender ? $"{stream.Packets}  {omitted}" : $"{Datagrams(new DatagramTotal(stream.Packets, stream.Lost, 0, stream.Jitter))}  {omitted}"
                : start.IsSender ? $"{interval.Retransmissions[i],3}   {IperfUnits.Amount(StreamExtremes.CongestionWindow(stream.Tcp))}       {omitted}"
                : $"                {omitted}";
            await WriteAsync($"{Span(Id(i), interval.Start, interval.End, stream.Bytes)}  {rest}\n").ConfigureAwait(false);
        }

        if (!several)
            return;
        string sum = start.Parameters.IsUdp
            ? start.IsSender ? $"{interval.Streams.Sum(stream => stream.Packets)}  {omitted}"
            : $"{Datagrams(Sum(interval.Streams.Select(stream => new DatagramTotal(stream.Packets, stream.Lost, 0, stream.Jitter))))}  {omitted}"
            : start.IsSender ? $"{interval.Retransmissions.Sum(),3}             {omitted}"
            : $"                {omitted}";
        await WriteAsync($"{Span("[SUM]", interval.Start, interval.End, interval.Streams.Sum(stream => stream.Bytes))}  {sum}\n").ConfigureAwait(false);
    }

    public async Task EndAsync(TestEnd end)
    {
        TestStart start = _start!;
        bool sender = !start.IsServer || start.IsSender;
        bool receiver = !start.IsServer || !start.IsSender;
        bool retransmissions = !start.Parameters.IsUdp && end.Streams.Any(stream => stream.Sent.Retransmissions >= 0);
        await WriteAsync(Line + (options.Verbose ? "Test Complete. Summary Results:\n" : "")
            + Header(start.Parameters.IsUdp ? "Jitter    Lost/Total Datagrams" : retransmissions ? "Retr" : "")).ConfigureAwait(false);
        for (int i = 0; i < end.Streams.Count; i++)
            await WriteTotalsAsync(Id(i), end.Streams[i].Sent, end.Streams[i].Received, sender, receiver).ConfigureAwait(false);
        if (end.Streams.Count > 1)
            await WriteTotalsAsync("[SUM]", Sum(end.Streams.Select(stream => stream.Sent)), Sum(end.Streams.Select(stream => stream.Received)), sender, receiver).ConfigureAwait(false);
        if (options.Verbose)
            await WriteAsync(Verbose(start, end)).ConfigureAwait(false);
        if (!start.IsServer)
            await WriteAsync("\niperf Done.\n").ConfigureAwait(false);
    }

    public async Task FinishAsync(string? error)
    {
        if (error is not null)
            await context.Stderr.WriteAsync($"iperf3: {(error.StartsWith(IperfException.Interrupt, StringComparison.Ordinal) ? "" : "error - ")}{error}\n").ConfigureAwait(false);
    }

    /// <summary>The totals of several streams: the longest time, the mean jitter.</summary>
    public static StreamTotal Sum(IEnumerable<StreamTotal> totals)
    {
        StreamTotal[] all = [.. totals];
        return new StreamTotal(all.Sum(total => total.Bytes), all.Max(total => total.Seconds),
            all.Any(total => total.Retransmissions >= 0) ? all.Sum(total => Math.Max(0, total.Retransmissions)) : -1,
            Sum(all.Select(total => total.Datagrams)));
    }

    private static DatagramTotal Sum(IEnumerable<DatagramTotal> totals)
    {
        DatagramTotal[] all = [.. totals];
        return new DatagramTotal(all.Sum(total => total.Packets), all.Sum(total => total.Lost), all.Sum(total => total.OutOfOrder), all.Average(total => total.Jitter));
    }

    private async Task WriteTotalsAsync(string id, StreamTotal sent, StreamTotal received, bool sender, bool receiver)
    {
        bool udp = _start!.Parameters.IsUdp;
        if (sender)
        {
            string rest = udp ? $"{Datagrams(new DatagramTotal(sent.Datagrams.Packets, 0, 0, 0))}  sender"
                : sent.Retransmissions >= 0 ? $"{sent.Retransmissions,3}             sender" : "                sender";
            await WriteAsync($"{Span(id, 0, sent.Seconds, sent.Bytes)}  {rest}\n").ConfigureAwait(false);
        }

        if (receiver)
            await WriteAsync($"{Span(id, 0, received.Seconds, received.Bytes)}  {(udp ? Datagrams(received.Datagrams) + "  receiver" : "                receiver")}\n").ConfigureAwait(false);
    }

    private static string Verbose(TestStart start, TestEnd end)
    {
        (string local, string remote) = start.IsSender ? ("local/sender", "remote/receiver") : ("local/receiver", "remote/sender");
        string text = $"CPU Utilization: {local} {Cpu(end.Local)}, {remote} {Cpu(end.Remote)}\n";
        if (end.SenderCongestion is not null)
            text += $"snd_tcp_congestion {end.SenderCongestion}\n";
        return end.ReceiverCongestion is null ? text : text + $"rcv_tcp_congestion {end.ReceiverCongestion}\n";
    }

    private static string Cpu(CpuShare cpu) => string.Create(CultureInfo.InvariantCulture, $"{cpu.Total:0.0}% ({cpu.User:0.0}%u/{cpu.System:0.0}%s)");

    private static string Id(int index) => string.Create(CultureInfo.InvariantCulture, $"[{TestStart.SocketNumber(index),3}]");

    private static string Header(string more) => $"[ ID] Interval           Transfer     Bitrate{(more.Length > 0 ? "         " + more : "")}\n";

    private string Span(string id, double begin, double end, long bytes)
    {
        string rate = IperfUnits.Rate(end > begin ? bytes / (end - begin) : 0, options.Format);
        return string.Create(CultureInfo.InvariantCulture, $"{id} {begin,6:0.00}-{end,-6:0.00} sec  {IperfUnits.Amount(bytes)}  {rate}/sec");
    }

    private static string Datagrams(in DatagramTotal total)
    {
        double percent = total.Packets > 0 ? 100.0 * total.Lost / total.Packets : 0;
        string text = percent >= 99.5 ? "100" : percent.ToString("G2", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{total.Jitter * 1000,5:0.000} ms  {total.Lost}/{total.Packets} ({text}%)");
    }

    private async Task WriteAsync(string text)
    {
        await context.Stdout.WriteAsync(text).ConfigureAwait(false);
        await context.Stdout.FlushAsync(context.Cancellation).ConfigureAwait(false);
    }
}
