namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>Settings of a node's kube-proxy, with its defaults (kubernetes pkg/proxy/apis/config/v1alpha1/defaults.go).</summary>
public sealed record KubeProxySettings
{
    /// <summary>--iptables-min-sync-period: between two programs, but for a burst of two. 0 in a lab, so that a change is in force at once.</summary>
    public TimeSpan MinSyncPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>--iptables-sync-period: how often the canary chains are looked for, and a program that was refused is tried again.</summary>
    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>--masquerade-all.</summary>
    public bool MasqueradeAll { get; init; }
}
