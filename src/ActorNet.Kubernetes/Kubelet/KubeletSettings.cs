namespace ActorNet.Kubernetes.Kubelet;

/// <summary>What becomes of a container whose image has no built-in workload.</summary>
public enum UnknownImagePolicy
{
    /// <summary>It runs pause, and an event says so.</summary>
    Pause,

    /// <summary>It waits with ErrImagePull and ImagePullBackOff, as for an image that no registry has.</summary>
    Refuse,
}

/// <summary>A kubelet's settings; the defaults are upstream's (kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go), where it has them.</summary>
public sealed record KubeletSettings
{
    /// <summary>What becomes of unknown images.</summary>
    public UnknownImagePolicy UnknownImages { get; init; }

    /// <summary>maxPods.</summary>
    public int MaxPods { get; init; } = 110;

    /// <summary>Processors that the Node offers; nothing enforces them, they are counted at admission.</summary>
    public int Cpus { get; init; } = 8;

    /// <summary>Memory that the Node offers, in bytes; counted at admission only.</summary>
    public long MemoryBytes { get; init; } = 16L << 30;

    /// <summary>Ephemeral storage that the Node offers, in bytes; counted at admission only.</summary>
    public long StorageBytes { get; init; } = 100L << 30;

    /// <summary>The first wait before a container that ended is started again; each further one is twice as long.</summary>
    public TimeSpan RestartBackOff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest such wait. A container that ran for twice as long begins anew.</summary>
    public TimeSpan MaxRestartBackOff { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>nodeStatusReportFrequency, as far as nothing changed.</summary>
    public TimeSpan NodeStatusPeriod { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often the node's Lease is renewed: a quarter of its duration upstream.</summary>
    public TimeSpan LeaseRenewPeriod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>nodeLeaseDurationSeconds.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How often it looks whether its canary chains are still there (kubernetes pkg/kubelet/kubelet_network_linux.go initNetworkUtil).</summary>
    public TimeSpan CanaryPeriod { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>clusterDNS, the nameserver in a pod's resolv.conf.</summary>
    public string ClusterDns { get; init; } = "10.96.0.10";

    /// <summary>clusterDomain.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";
}
