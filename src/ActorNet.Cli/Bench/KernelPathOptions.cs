namespace ActorNet.Cli.Bench;

/// <summary>How the kernel's path is measured.</summary>
public sealed record KernelPathOptions
{
    /// <summary>How long each throughput figure sends.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes of data in a datagram, 1 to 1,422 (the pod's MTU less its headers).</summary>
    public int PayloadBytes { get; init; } = 64;

    /// <summary>Echo requests sent.</summary>
    public int Pings { get; init; } = 300;

    /// <summary>Time between two echo requests.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>The command that starts this program: path, then leading arguments. Default: as this process was started.</summary>
    public IReadOnlyList<string>? Program { get; init; }
}

/// <summary>What the kernel's path does: two pods on two nodes, veth, bridge, route, vxlan and a veth underlay.</summary>
/// <param name="FramesPerSecond">Datagrams delivered in a second, one to each slot of sendmmsg, without offload on the pods' sockets.</param>
/// <param name="OffloadFramesPerSecond">The same with UDP_SEGMENT and UDP_GRO on the pods' sockets.</param>
/// <param name="PingP50Microseconds">Median round-trip time of ping; null when the tool is not installed.</param>
/// <param name="PingP99Microseconds">99th percentile of the same.</param>
/// <param name="Tcp">TCP over the same path.</param>
public sealed record KernelPathResult(double FramesPerSecond, double OffloadFramesPerSecond, double? PingP50Microseconds, double? PingP99Microseconds, KernelTcpResult Tcp);

/// <summary>What the kernel's TCP does on its path.</summary>
/// <param name="GigabitsPerSecond">One flow, in 10^9 bits of data a second.</param>
/// <param name="CpuSecondsPerGigabyte">Busy time of the whole machine for 10^9 bytes; null where /proc/stat cannot be read.</param>
/// <param name="ConnectionsPerSecond">Connections opened and closed in a second.</param>
/// <param name="RequestsPerSecond">HTTP requests in a second, on connections that stay.</param>
public sealed record KernelTcpResult(double GigabitsPerSecond, double? CpuSecondsPerGigabyte, double ConnectionsPerSecond, double RequestsPerSecond);
