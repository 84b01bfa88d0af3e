using ActorNet.Packets;

namespace ActorNet.Workloads.Iperf;

/// <summary>What a command line asks for.</summary>
internal sealed record IperfOptions
{
    public const ushort DefaultPort = 5201;

    public bool Help { get; init; }

    public bool ShowVersion { get; init; }

    public bool Server { get; init; }

    /// <summary>The server's name or address; null for a server.</summary>
    public string? Host { get; init; }

    public ushort Port { get; init; } = DefaultPort;

    /// <summary>The address to bind to.</summary>
    public Ipv4Address Bind { get; init; }

    /// <summary>The device to bind to, or null.</summary>
    public string? Device { get; init; }

    /// <summary>The first stream's local port, the others' follow; 0 leaves them to chance.</summary>
    public ushort ClientPort { get; init; }

    /// <summary>Seconds between reports; 0 for none.</summary>
    public double ReportInterval { get; init; } = 1;

    public bool Json { get; init; }

    public bool Verbose { get; init; }

    /// <summary>One of kmgtKMGT, or NUL.</summary>
    public char Format { get; init; }

    /// <summary>The server ends after one test.</summary>
    public bool OneOff { get; init; }

    /// <summary>How long the control connection may take to come up; null for as long as TCP tries.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>TCP_USER_TIMEOUT of the streams; zero for none.</summary>
    public TimeSpan SendTimeout { get; init; }

    public TestParameters Test { get; init; } = new();
}
