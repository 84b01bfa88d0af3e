using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json;

namespace ActorNet.Cli.Bench;

/// <summary>Measures the kernel's TCP between the two pods of a <see cref="KernelTopology"/>: one flow, connections opened and closed, then HTTP on connections that stay.</summary>
[SupportedOSPlatform("linux")]
internal static class KernelTcpPath
{
    private const int Port = 9001;

    /// <summary>Measures.</summary>
    /// <exception cref="ToolException">A peer failed.</exception>
    public static async Task<KernelTcpResult> MeasureAsync(KernelTopology topology, KernelPathOptions options, IProgress<string>? progress, CancellationToken ct)
    {
        progress?.Report($"kernel: TCP, one flow, {KernelTcp.CongestionControl}");
        double? busyBefore = ReadBusySeconds();
        (_, BenchTcpReceived received) = await RunAsync(topology, options, options.Duration, [], [], ct).ConfigureAwait(false);
        double? busy = ReadBusySeconds() - busyBefore;
        if (received.Seconds <= 0)
            throw new ToolException($"The kernel's receiver got {received.Bytes} bytes over TCP: too few for a rate.");
        progress?.Report($"kernel: TCP, connections opened and closed, {TcpBench.ConnectionsAtOnce} at a time");
        (BenchTcpSent sent, _) = await RunAsync(topology, options, options.Duration / 2, ["--close-at-once"], ["--connections", Text(TcpBench.ConnectionsAtOnce)], ct).ConfigureAwait(false);
        progress?.Report($"kernel: HTTP, {HttpLoad.Connections} connections");
        BenchHttpSent http = await RequestAsync(topology, options, ct).ConfigureAwait(false);
        double gigabytes = received.Bytes / 1e9;
        return new KernelTcpResult(
            Math.Round(gigabytes * 8 / received.Seconds, 3), busy is { } b ? Math.Round(b / gigabytes, 3) : null, Math.Round(sent.Connections / sent.Seconds), Math.Round(http.Requests / http.Seconds));
    }

    private static async Task<(BenchTcpSent Sent, BenchTcpReceived Received)> RunAsync(
        KernelTopology topology, KernelPathOptions options, TimeSpan duration, string[] receiving, string[] sending, CancellationToken ct)
    {
        await using Tool receiver = KernelPathRunner.StartPeer(topology.ReceiverNamespace, options, ["tcp-receive", "--port", Text(Port), .. receiving]);
        // It says when its socket listens.
        await receiver.ReadLineAsync(ct).ConfigureAwait(false);
        await using Tool sender = KernelPathRunner.StartPeer(topology.SenderNamespace, options,
            ["tcp-send", KernelTopology.ReceiverAddress, "--port", Text(Port), "--seconds", duration.TotalSeconds.ToString(CultureInfo.InvariantCulture), .. sending]);
        string sent = await sender.FinishAsync(ct).ConfigureAwait(false);
        string received = await receiver.FinishAsync(ct).ConfigureAwait(false);
        return (JsonSerializer.Deserialize<BenchTcpSent>(sent) ?? throw new ToolException("The kernel's TCP sender reported nothing."),
            JsonSerializer.Deserialize<BenchTcpReceived>(received) ?? throw new ToolException("The kernel's TCP receiver reported nothing."));
    }

    private static async Task<BenchHttpSent> RequestAsync(KernelTopology topology, KernelPathOptions options, CancellationToken ct)
    {
        await using Tool server = KernelPathRunner.StartPeer(topology.ReceiverNamespace, options, ["http-serve", "--port", Text(Port)]);
        await server.ReadLineAsync(ct).ConfigureAwait(false);
        await using Tool client = KernelPathRunner.StartPeer(topology.SenderNamespace, options,
            ["http-send", KernelTopology.ReceiverAddress, "--port", Text(Port), "--seconds", options.Duration.TotalSeconds.ToString(CultureInfo.InvariantCulture)]);
        string sent = await client.FinishAsync(ct).ConfigureAwait(false);
        await server.FinishAsync(ct).ConfigureAwait(false);
        return JsonSerializer.Deserialize<BenchHttpSent>(sent) ?? throw new ToolException("The kernel's HTTP client reported nothing.");
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    // The first line of /proc/stat in hundredths of a second (proc(5)): user nice system idle iowait irq softirq steal ...
    private static double? ReadBusySeconds()
    {
        try
        {
            string[] fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            long[] ticks = [.. fields.Skip(1).Take(8).Select(f => long.Parse(f, CultureInfo.InvariantCulture))];
            return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / 100.0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException or InvalidOperationException)
        {
            return null;
        }
    }
}
