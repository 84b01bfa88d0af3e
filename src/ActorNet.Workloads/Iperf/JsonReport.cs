using System.Globalization;
using System.Text;
using System.Text.Json;
using ActorNet.Netstack;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Iperf;

/// <summary>The JSON document of -J, written when the test is over (members as in esnet/iperf src/iperf_api.c and iperf_client_api.c).</summary>
internal sealed class JsonReport(ProgramContext context, IperfOptions options) : ITestReport
{
    private readonly List<Interval> _intervals = [];
    private (string Name, Ipv4Endpoint Peer)? _connected;
    private TestStart? _start;
    private TestEnd? _end;

    public Task ConnectedAsync(string peerName, Ipv4Endpoint peer, bool reverse)
    {
        _connected = (peerName, peer);
        return Task.CompletedTask;
    }

    public Task StartAsync(TestStart start)
    {
        _start = start;
        return Task.CompletedTask;
    }

    public Task IntervalAsync(Interval interval)
    {
        _intervals.Add(interval);
        return Task.CompletedTask;
    }

    public Task EndAsync(TestEnd end)
    {
        _end = end;
        return Task.CompletedTask;
    }

    public async Task FinishAsync(string? error)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, IndentCharacter = '\t', IndentSize = 1, NewLine = "\n" }))
        {
            json.WriteStartObject();
            WriteStart(json);
            json.WriteStartArray("intervals");
            foreach (Interval interval in _intervals)
                WriteInterval(json, interval);
            json.WriteEndArray();
            json.WriteStartObject("end");
            if (_end is not null)
                WriteEnd(json, _start!, _end);
            json.WriteEndObject();
            if (error is not null)
                json.WriteString("error", error);
            json.WriteEndObject();
        }

        await context.Stdout.WriteAsync(Encoding.UTF8.GetString(buffer.ToArray()) + "\n").ConfigureAwait(false);
    }

    private void WriteStart(Utf8JsonWriter json)
    {
        json.WriteStartObject("start");
        json.WriteStartArray("connected");
        for (int i = 0; i < (_start?.Streams.Count ?? 0); i++)
            WriteConnected(json, i, _start!.Streams[i]);
        json.WriteEndArray();
        json.WriteString("version", $"iperf {IperfProgram.Version}");
        json.WriteString("system_info", $"ActorNet {context.HostName}");
        if (_connected is { } connected)
        {
            json.WriteStartObject(options.Server ? "accepted_connection" : "connecting_to");
            json.WriteString("host", connected.Name);
            json.WriteNumber("port", connected.Peer.Port);
            json.WriteEndObject();
        }

        if (_start is { } start)
            WriteTest(json, start);
        json.WriteEndObject();
    }

    private static void WriteConnected(Utf8JsonWriter json, int index, TestStream stream)
    {
        json.WriteStartObject();
        json.WriteNumber("socket", TestStart.SocketNumber(index));
        json.WriteString("local_host", stream.Local.Address.ToString());
        json.WriteNumber("local_port", stream.Local.Port);
        json.WriteString("remote_host", stream.Remote.Address.ToString());
        json.WriteNumber("remote_port", stream.Remote.Port);
        json.WriteEndObject();
    }

    private static void WriteTest(Utf8JsonWriter json, TestStart start)
    {
        TestParameters test = start.Parameters;
        json.WriteStartObject("timestamp");
        json.WriteString("time", start.At.ToString("R", CultureInfo.InvariantCulture));
        json.WriteNumber("timesecs", start.At.ToUnixTimeSeconds());
        json.WriteEndObject();
        json.WriteString("cookie", start.Cookie);
        if (!test.IsUdp)
            json.WriteNumber(test.Mss > 0 ? "tcp_mss" : "tcp_mss_default", test.Mss > 0 ? test.Mss : start.ControlMss);
        json.WriteNumber("target_bitrate", test.Rate);
        json.WriteNumber("sock_bufsize", test.Window);
        json.WriteNumber("sndbuf_actual", start.Buffers.Send);
        json.WriteNumber("rcvbuf_actual", start.Buffers.Receive);
        json.WriteStartObject("test_start");
        json.WriteString("protocol", test.IsUdp ? "UDP" : "TCP");
        json.WriteNumber("num_streams", test.Streams);
        json.WriteNumber("blksize", test.BlockSize);
        json.WriteNumber("omit", test.Omit);
        json.WriteNumber("duration", test.Bytes > 0 || test.Blocks > 0 ? 0 : test.Time);
        json.WriteNumber("bytes", test.Bytes);
        json.WriteNumber("blocks", test.Blocks);
        json.WriteNumber("reverse", test.Reverse ? 1 : 0);
        json.WriteNumber("tos", test.TypeOfService);
        json.WriteNumber("target_bitrate", test.Rate);
        json.WriteEndObject();
    }

    private void WriteInterval(Utf8JsonWriter json, Interval interval)
    {
        TestStart start = _start!;
        json.WriteStartObject();
        json.WriteStartArray("streams");
        for (int i = 0; i < interval.Streams.Count; i++)
        {
            StreamSample sample = interval.Streams[i];
            json.WriteStartObject();
            json.WriteNumber("socket", TestStart.SocketNumber(i));
            WriteSpan(json, interval.Start, interval.End, sample.Bytes);
            if (start.Parameters.IsUdp)
                WriteDatagrams(json, start.IsSender, new DatagramTotal(sample.Packets, sample.Lost, sample.OutOfOrder, sample.Jitter));
            else if (start.IsSender)
                WriteTcp(json, interval.Retransmissions[i], sample.Tcp);
            WriteFlags(json, interval.IsOmitted, start.IsSender);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("sum");
        WriteSpan(json, interval.Start, interval.End, interval.Streams.Sum(sample => sample.Bytes));
        if (start.Parameters.IsUdp)
            WriteDatagrams(json, start.IsSender, TextReport.Sum(interval.Streams.Select(sample => new StreamTotal(0, 0, -1, new DatagramTotal(sample.Packets, sample.Lost, sample.OutOfOrder, sample.Jitter)))).Datagrams);
        else if (start.IsSender)
            json.WriteNumber("retransmits", interval.Retransmissions.Sum());
        WriteFlags(json, interval.IsOmitted, start.IsSender);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteTcp(Utf8JsonWriter json, long retransmissions, in TcpInfo info)
    {
        json.WriteNumber("retransmits", retransmissions);
        json.WriteNumber("snd_cwnd", StreamExtremes.CongestionWindow(info));
        json.WriteNumber("snd_wnd", info.SendWindow);
        json.WriteNumber("rtt", (long)info.RoundTripTime.TotalMicroseconds);
        json.WriteNumber("rttvar", (long)info.RoundTripVariation.TotalMicroseconds);
        json.WriteNumber("pmtu", info.PathMtu);
    }

    private static void WriteFlags(Utf8JsonWriter json, bool omitted, bool sender)
    {
        json.WriteBoolean("omitted", omitted);
        json.WriteBoolean("sender", sender);
    }

    private static void WriteSpan(Utf8JsonWriter json, double begin, double end, long bytes)
    {
        json.WriteNumber("start", begin);
        json.WriteNumber("end", end);
        json.WriteNumber("seconds", end - begin);
        json.WriteNumber("bytes", bytes);
        json.WriteNumber("bits_per_second", end > begin ? bytes * 8 / (end - begin) : 0);
    }

    private static void WriteDatagrams(Utf8JsonWriter json, bool sender, in DatagramTotal total)
    {
        if (sender)
        {
            json.WriteNumber("packets", total.Packets);
            return;
        }

        json.WriteNumber("jitter_ms", total.Jitter * 1000);
        json.WriteNumber("lost_packets", total.Lost);
        json.WriteNumber("packets", total.Packets);
        json.WriteNumber("lost_percent", total.Packets > 0 ? 100.0 * total.Lost / total.Packets : 0);
    }

    private static void WriteEnd(Utf8JsonWriter json, TestStart start, TestEnd end)
    {
        bool udp = start.Parameters.IsUdp;
        json.WriteStartArray("streams");
        for (int i = 0; i < end.Streams.Count; i++)
        {
            json.WriteStartObject();
            if (udp)
                WriteUdpStream(json, i, end.Streams[i], start.IsSender);
            else
                WriteTcpStream(json, i, end.Streams[i], start.IsSender);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        StreamTotal sent = TextReport.Sum(end.Streams.Select(stream => stream.Sent));
        StreamTotal received = TextReport.Sum(end.Streams.Select(stream => stream.Received));
        if (udp)
            WriteSum(json, "sum", start.IsServer && !start.IsSender ? received : sent with { Datagrams = received.Datagrams }, true, start.IsSender);
        WriteSum(json, "sum_sent", udp ? sent with { Datagrams = new DatagramTotal(sent.Datagrams.Packets, 0, 0, 0) } : sent, udp, udp || start.IsSender);
        WriteSum(json, "sum_received", received with { Retransmissions = -1 }, udp, !udp && start.IsSender);
        json.WriteStartObject("cpu_utilization_percent");
        json.WriteNumber("host_total", end.Local.Total);
        json.WriteNumber("host_user", end.Local.User);
        json.WriteNumber("host_system", end.Local.System);
        json.WriteNumber("remote_total", end.Remote.Total);
        json.WriteNumber("remote_user", end.Remote.User);
        json.WriteNumber("remote_system", end.Remote.System);
        json.WriteEndObject();
        if (end.SenderCongestion is not null)
            json.WriteString("sender_tcp_congestion", end.SenderCongestion);
        if (end.ReceiverCongestion is not null)
            json.WriteString("receiver_tcp_congestion", end.ReceiverCongestion);
    }

    private static void WriteTcpStream(Utf8JsonWriter json, int index, StreamEnd stream, bool sender)
    {
        json.WriteStartObject("sender");
        json.WriteNumber("socket", TestStart.SocketNumber(index));
        WriteSpan(json, 0, stream.Sent.Seconds, stream.Sent.Bytes);
        if (stream.Sent.Retransmissions >= 0)
        {
            json.WriteNumber("retransmits", stream.Sent.Retransmissions);
            json.WriteNumber("max_snd_cwnd", stream.Extremes.MaxCongestionWindow);
            json.WriteNumber("max_snd_wnd", stream.Extremes.MaxSendWindow);
            json.WriteNumber("max_rtt", stream.Extremes.MaxRtt);
            json.WriteNumber("min_rtt", stream.Extremes.MinRtt);
            json.WriteNumber("mean_rtt", stream.Extremes.MeanRtt);
        }

        json.WriteBoolean("sender", sender);
        json.WriteEndObject();
        json.WriteStartObject("receiver");
        json.WriteNumber("socket", TestStart.SocketNumber(index));
        WriteSpan(json, 0, stream.Received.Seconds, stream.Received.Bytes);
        json.WriteBoolean("sender", sender);
        json.WriteEndObject();
    }

    private static void WriteUdpStream(Utf8JsonWriter json, int index, StreamEnd stream, bool sender)
    {
        StreamTotal counted = stream.Sent.Bytes > 0 ? stream.Sent : stream.Received;
        json.WriteStartObject("udp");
        json.WriteNumber("socket", TestStart.SocketNumber(index));
        WriteSpan(json, 0, counted.Seconds, counted.Bytes);
        WriteDatagrams(json, false, stream.Received.Datagrams with { Packets = Math.Max(stream.Sent.Datagrams.Packets, stream.Received.Datagrams.Packets) });
        json.WriteNumber("out_of_order", stream.Received.Datagrams.OutOfOrder);
        json.WriteBoolean("sender", sender);
        json.WriteEndObject();
    }

    private static void WriteSum(Utf8JsonWriter json, string name, in StreamTotal total, bool udp, bool sender)
    {
        json.WriteStartObject(name);
        WriteSpan(json, 0, total.Seconds, total.Bytes);
        if (udp)
            WriteDatagrams(json, false, total.Datagrams);
        else if (total.Retransmissions >= 0)
            json.WriteNumber("retransmits", total.Retransmissions);
        json.WriteBoolean("sender", sender);
        json.WriteEndObject();
    }
}
