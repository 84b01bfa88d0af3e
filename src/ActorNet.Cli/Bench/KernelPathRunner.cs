using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json;

namespace ActorNet.Cli.Bench;

/// <summary>Measures the kernel's own path between two pods on two nodes, in network namespaces that it makes and always removes.</summary>
public static class KernelPathRunner
{
    private const int Port = 9000;

    /// <summary>Makes the namespaces, measures, and removes them, also when it fails or is cancelled.</summary>
    /// <param name="options">How.</param>
    /// <param name="progress">Told, a line a step, what is measured now.</param>
    /// <param name="ct">Cancels; the namespaces are removed before the exception leaves.</param>
    /// <returns>The figures, or why there are none.</returns>
    public static async Task<(KernelPathResult? Result, string? WhyNot)> RunAsync(KernelPathOptions options, IProgress<string>? progress, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!OperatingSystem.IsLinux())
            return (null, "the kernel's bridge and vxlan devices are Linux's.");
        if (!Environment.IsPrivilegedProcess)
            return (null, "network namespaces need root; run the benchmark with sudo for the comparison.");
        try
        {
            progress?.Report("kernel: two nodes and two pods of network namespaces");
            await using KernelTopology topology = await KernelTopology.CreateAsync(ct).ConfigureAwait(false);
            return (await MeasureAsync(topology, options, progress, ct).ConfigureAwait(false), null);
        }
        catch (ToolException e)
        {
            return (null, e.Message);
        }
    }

    /// <summary>Reads the round-trip times that ping prints, in microseconds, in the order of replies.</summary>
    /// <param name="output">What ping printed.</param>
    internal static List<double> ParsePing(string output)
    {
        var times = new List<double>();
        foreach (string line in output.Split('\n'))
        {
            int at = line.IndexOf(" time=", StringComparison.Ordinal);
            int end = line.LastIndexOf(" ms", StringComparison.Ordinal);
            if (at >= 0 && end > at && double.TryParse(line.AsSpan(at + 6, end - at - 6), NumberStyles.Float, CultureInfo.InvariantCulture, out double ms))
                times.Add(ms * 1000);
        }

        return times;
    }

    /// <summary>The value that a share of all is not above (nearest rank).</summary>
    /// <param name="sorted">Values in ascending order, at least one.</param>
    /// <param name="share">0 to 1.</param>
    internal static double Percentile(IReadOnlyList<double> sorted, double share) =>
        sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];

    [SupportedOSPlatform("linux")]
    private static async Task<KernelPathResult> MeasureAsync(KernelTopology topology, KernelPathOptions options, IProgress<string>? progress, CancellationToken ct)
    {
        progress?.Report($"kernel: ping every {options.PingInterval.TotalMilliseconds:0} ms");
        List<double> times = await PingAsync(topology, options, ct).ConfigureAwait(false);
        progress?.Report($"kernel: {options.PayloadBytes}-byte UDP, one datagram a slot of sendmmsg");
        double plain = await LoadAsync(topology, options, offload: false, ct).ConfigureAwait(false);
        progress?.Report($"kernel: {options.PayloadBytes}-byte UDP with segmentation offload");
        double offload = await LoadAsync(topology, options, offload: true, ct).ConfigureAwait(false);
        KernelTcpResult tcp = await KernelTcpPath.MeasureAsync(topology, options, progress, ct).ConfigureAwait(false);
        return new KernelPathResult(plain, offload, times.Count == 0 ? null : Percentile(times, 0.5), times.Count == 0 ? null : Percentile(times, 0.99), tcp);
    }

    /// <summary>Round-trip times in ascending order, of the system's ping; none when it is not installed.</summary>
    [SupportedOSPlatform("linux")]
    private static async Task<List<double>> PingAsync(KernelTopology topology, KernelPathOptions options, CancellationToken ct)
    {
        if (!IsInstalled("ping"))
            return [];
        string interval = options.PingInterval.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
        string count = options.Pings.ToString(CultureInfo.InvariantCulture);
        // The first resolves the pods' neighbours and is not counted.
        await Tool.RunAsync("ip", ["netns", "exec", topology.SenderNamespace, "ping", "-n", "-c", "1", "-W", "5", KernelTopology.ReceiverAddress], null, ct).ConfigureAwait(false);
        string output = await Tool.RunAsync("ip", ["netns", "exec", topology.SenderNamespace, "ping", "-n", "-i", interval, "-c", count, KernelTopology.ReceiverAddress], null, ct).ConfigureAwait(false);
        List<double> times = ParsePing(output);
        times.Sort();
        return times;
    }

    [SupportedOSPlatform("linux")]
    private static async Task<double> LoadAsync(KernelTopology topology, KernelPathOptions options, bool offload, CancellationToken ct)
    {
        string[] mode = offload ? ["--offload"] : [];
        string port = Port.ToString(CultureInfo.InvariantCulture);
        await using Tool receiver = StartPeer(topology.ReceiverNamespace, options, ["receive", "--port", port, .. mode]);
        // It says when its socket is bound.
        await receiver.ReadLineAsync(ct).ConfigureAwait(false);
        string seconds = options.Duration.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        await using Tool sender = StartPeer(topology.SenderNamespace, options,
            ["send", KernelTopology.ReceiverAddress, "--port", port, "--seconds", seconds, "--payload", options.PayloadBytes.ToString(CultureInfo.InvariantCulture), .. mode]);
        await sender.FinishAsync(ct).ConfigureAwait(false);
        BenchReceived received = JsonSerializer.Deserialize<BenchReceived>(await receiver.FinishAsync(ct).ConfigureAwait(false))
            ?? throw new ToolException("The kernel's receiver reported nothing.");
        return received.Seconds <= 0
            ? throw new ToolException($"The kernel's receiver got {received.Datagrams} datagrams: too few for a rate.")
            : received.Datagrams / received.Seconds;
    }

    /// <summary>Starts the load program in a namespace.</summary>
    internal static Tool StartPeer(string ns, KernelPathOptions options, string[] arguments) =>
        Tool.Start("ip", ["netns", "exec", ns, .. options.Program ?? OwnProgram(), "bench", "kernel-peer", .. arguments]);

    private static string[] OwnProgram()
    {
        string path = Environment.ProcessPath ?? throw new ToolException("This process does not know its own executable.");
        string main = System.Reflection.Assembly.GetEntryAssembly()?.Location ?? string.Empty;
        return Path.GetFileNameWithoutExtension(path) == "dotnet" ? [path, main] : [path];
    }

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator).Any(directory => File.Exists(Path.Combine(directory, program)));
}
