using System.Text.Json.Serialization;

namespace ActorNet.Cli.Bench;

/// <summary>What `bench dataplane -o json` prints. Members are added, never renamed.</summary>
public sealed record DataplaneReport
{
    /// <summary>Machine and settings, without which no figure says anything.</summary>
    [JsonPropertyName("machine")]
    public required MachineReport Machine { get; init; }

    /// <summary>64-byte UDP payloads, pod to pod over two hosts.</summary>
    [JsonPropertyName("udp64")]
    public required ThroughputReport Udp64 { get; init; }

    /// <summary>Echo requests, pod to pod over two hosts, 10 ms apart.</summary>
    [JsonPropertyName("ping")]
    public required PingReport Ping { get; init; }

    /// <summary>One TCP flow, pod to pod over two hosts.</summary>
    [JsonPropertyName("tcp")]
    public required TcpReport Tcp { get; init; }

    /// <summary>TCP connections opened and closed, pod to pod over two hosts.</summary>
    [JsonPropertyName("connect")]
    public required ConnectReport Connect { get; init; }

    /// <summary>HTTP requests on connections that stay, pod to pod over two hosts.</summary>
    [JsonPropertyName("http")]
    public required HttpReport Http { get; init; }

    /// <summary>The same loads through a Service.</summary>
    [JsonPropertyName("service")]
    public required ServiceReport Service { get; init; }

    /// <summary>What the two hosts use when nothing flows.</summary>
    [JsonPropertyName("idle")]
    public required IdleReport Idle { get; init; }

    /// <summary>What must be zero after the load.</summary>
    [JsonPropertyName("after")]
    public required AfterReport After { get; init; }

    /// <summary>Why the kernel's figures are missing, or null.</summary>
    [JsonPropertyName("kernelNotMeasured")]
    public string? KernelNotMeasured { get; init; }
}

/// <summary>The machine.</summary>
/// <param name="Cores">Processors.</param>
/// <param name="OperatingSystem">Kernel.</param>
/// <param name="Runtime">.NET.</param>
/// <param name="SegmentationOffload">Whether the tunnel's sockets use it.</param>
public sealed record MachineReport(int Cores, string OperatingSystem, string Runtime, bool SegmentationOffload);

/// <summary>Throughput.</summary>
public sealed record ThroughputReport
{
    /// <summary>Frames delivered to the receiving socket in a second.</summary>
    [JsonPropertyName("framesPerSecond")]
    public required double FramesPerSecond { get; init; }

    /// <summary>Frames delivered in a second when the load is the very first traffic of the two hosts: the runtime still compiles.</summary>
    [JsonPropertyName("coldFramesPerSecond")]
    public required double ColdFramesPerSecond { get; init; }

    /// <summary>Frames sent in a second.</summary>
    [JsonPropertyName("sentPerSecond")]
    public required double SentPerSecond { get; init; }

    /// <summary>The kernel's: veth, bridge and vxlan, one datagram a slot of sendmmsg.</summary>
    [JsonPropertyName("kernelFramesPerSecond")]
    public double? KernelFramesPerSecond { get; init; }

    /// <summary>The kernel's with segmentation offload on the pods' sockets.</summary>
    [JsonPropertyName("kernelOffloadFramesPerSecond")]
    public double? KernelOffloadFramesPerSecond { get; init; }

    /// <summary>Ours over the kernel's.</summary>
    [JsonPropertyName("ratioToKernel")]
    public double? RatioToKernel => KernelFramesPerSecond is { } k ? Math.Round(FramesPerSecond / k, 2) : null;

    /// <summary>Ours over the kernel's, cold.</summary>
    [JsonPropertyName("coldRatioToKernel")]
    public double? ColdRatioToKernel => KernelFramesPerSecond is { } k ? Math.Round(ColdFramesPerSecond / k, 2) : null;

    /// <summary>Ours over the kernel's with offload.</summary>
    [JsonPropertyName("ratioToKernelOffload")]
    public double? RatioToKernelOffload => KernelOffloadFramesPerSecond is { } k ? Math.Round(FramesPerSecond / k, 3) : null;

    /// <summary>Bytes allocated for each frame sent, in the sending process.</summary>
    [JsonPropertyName("senderAllocatedBytesPerFrame")]
    public required double SenderAllocatedBytesPerFrame { get; init; }
}

/// <summary>Round-trip times.</summary>
public sealed record PingReport
{
    /// <summary>Median in microseconds.</summary>
    [JsonPropertyName("p50Microseconds")]
    public required double P50Microseconds { get; init; }

    /// <summary>99th percentile in microseconds.</summary>
    [JsonPropertyName("p99Microseconds")]
    public required double P99Microseconds { get; init; }

    /// <summary>The kernel's median.</summary>
    [JsonPropertyName("kernelP50Microseconds")]
    public double? KernelP50Microseconds { get; init; }

    /// <summary>Ours over the kernel's.</summary>
    [JsonPropertyName("ratioToKernel")]
    public double? RatioToKernel => KernelP50Microseconds is { } k ? Math.Round(P50Microseconds / k, 2) : null;
}

/// <summary>One TCP flow.</summary>
public sealed record TcpReport
{
    /// <summary>Data that the receiving program read, in 10^9 bits a second.</summary>
    [JsonPropertyName("gigabitsPerSecond")]
    public required double GigabitsPerSecond { get; init; }

    /// <summary>Processor seconds of the sending host's process for 10^9 bytes.</summary>
    [JsonPropertyName("cpuSecondsPerGigabyteSender")]
    public required double SenderCpuSecondsPerGigabyte { get; init; }

    /// <summary>Processor seconds of the receiving host's process for 10^9 bytes.</summary>
    [JsonPropertyName("cpuSecondsPerGigabyteReceiver")]
    public required double ReceiverCpuSecondsPerGigabyte { get; init; }

    /// <summary>Segments that were sent again.</summary>
    [JsonPropertyName("retransmissions")]
    public required long Retransmissions { get; init; }

    /// <summary>The kernel's: CUBIC over veth, bridge and vxlan, with whatever its devices offload.</summary>
    [JsonPropertyName("kernelGigabitsPerSecond")]
    public double? KernelGigabitsPerSecond { get; init; }

    /// <summary>The kernel's processor seconds for 10^9 bytes, both sides: the whole machine's busy time, since its softirqs are charged to nobody.</summary>
    [JsonPropertyName("kernelCpuSecondsPerGigabyte")]
    public double? KernelCpuSecondsPerGigabyte { get; init; }

    /// <summary>Ours over the kernel's.</summary>
    [JsonPropertyName("ratioToKernel")]
    public double? RatioToKernel => KernelGigabitsPerSecond is { } k ? Math.Round(GigabitsPerSecond / k, 3) : null;
}

/// <summary>Connections opened and closed.</summary>
public sealed record ConnectReport
{
    /// <summary>In a second, 16 at a time.</summary>
    [JsonPropertyName("perSecond")]
    public required double PerSecond { get; init; }

    /// <summary>The kernel's.</summary>
    [JsonPropertyName("kernelPerSecond")]
    public double? KernelPerSecond { get; init; }

    /// <summary>Ours over the kernel's.</summary>
    [JsonPropertyName("ratioToKernel")]
    public double? RatioToKernel => KernelPerSecond is { } k ? Math.Round(PerSecond / k, 3) : null;
}

/// <summary>HTTP requests: HttpClient asks, Kestrel answers with 64 bytes.</summary>
public sealed record HttpReport
{
    /// <summary>In a second, on 16 connections.</summary>
    [JsonPropertyName("requestsPerSecond")]
    public required double RequestsPerSecond { get; init; }

    /// <summary>The same programs over the kernel's sockets and path.</summary>
    [JsonPropertyName("kernelRequestsPerSecond")]
    public double? KernelRequestsPerSecond { get; init; }

    /// <summary>Ours over the kernel's.</summary>
    [JsonPropertyName("ratioToKernel")]
    public double? RatioToKernel => KernelRequestsPerSecond is { } k ? Math.Round(RequestsPerSecond / k, 3) : null;
}

/// <summary>Idle cost: processor time of both hosts over wall time, in percent of one core.</summary>
/// <param name="WindowSeconds">How long a window is.</param>
/// <param name="PercentOfOneCore">In one window after the rest.</param>
/// <param name="SettlingPercent">In the windows of the rest before it, oldest first: the runtime still compiles what the load made hot.</param>
public sealed record IdleReport(
    [property: JsonPropertyName("windowSeconds")] double WindowSeconds,
    [property: JsonPropertyName("percentOfOneCore")] double PercentOfOneCore,
    [property: JsonPropertyName("settlingPercent")] IReadOnlyList<double> SettlingPercent);

/// <summary>State after the load.</summary>
/// <param name="BuffersOut">Frame buffers and vectors that are not back in their pools, both hosts.</param>
/// <param name="HeartbeatWarnings">Cluster heartbeats that were sent late, both hosts.</param>
public sealed record AfterReport(
    [property: JsonPropertyName("buffersOut")] int BuffersOut,
    [property: JsonPropertyName("heartbeatWarnings")] long HeartbeatWarnings);
