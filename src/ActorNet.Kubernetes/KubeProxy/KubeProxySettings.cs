namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>Settings of a node's kube-proxy, with its defaults (kubernetes pkg/proxy/apis/config/v1alpha1/defaults.go).</summary>
public sealed record KubeProxySettings
{
    /// <summary>kube-proxy's own health port (kubernetes pkg/cluster/ports/ports.go ProxyHealthzPort).</summary>
    public const ushort DefaultHealthzPort = 10256;

    /// <summary>--iptables-min-sync-period: between two programs, but for a burst of two. 0 in a lab, so that a change is in force at once.</summary>
    public TimeSpan MinSyncPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>--iptables-sync-period: how often the canary chains are looked for, and a program that was refused is tried again.</summary>
    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// --healthz-bind-address: the port of the node's addresses on which kube-proxy says how it is. 0 for none; a host's has
    /// <see cref="DefaultHealthzPort"/>.
    /// </summary>
    public ushort HealthzPort { get; init; }

    /// <summary>--masquerade-all.</summary>
    public bool MasqueradeAll { get; init; }
}
