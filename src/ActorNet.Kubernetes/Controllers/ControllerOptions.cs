using ActorNet.Packets;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>How fast the cluster gives up a node that is silent.</summary>
/// <param name="GracePeriod">After how much silence of its lease and status a node's Ready becomes Unknown (--node-monitor-grace-period).</param>
/// <param name="MonitorPeriod">How often that is looked at (--node-monitor-period).</param>
/// <param name="DefaultTolerationSeconds">How long pods tolerate not-ready and unreachable nodes when they do not say (--default-not-ready-toleration-seconds).</param>
public sealed record NodeTiming(TimeSpan GracePeriod, TimeSpan MonitorPeriod, long DefaultTolerationSeconds)
{
    /// <summary>For laboratories: seconds, not minutes.</summary>
    public static NodeTiming Lab { get; } = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1), 10);

    /// <summary>Upstream's defaults.</summary>
    public static NodeTiming Kubernetes { get; } = new(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(5), 300);
}

/// <summary>How the controllers work.</summary>
/// <param name="Nodes">The timing of nodes.</param>
/// <param name="ClusterCidr">Where all pods are (--cluster-cidr).</param>
/// <param name="NodeMask">The prefix length of a node's podCIDR (--node-cidr-mask-size).</param>
public sealed record ControllerOptions(NodeTiming Nodes, Ipv4Prefix ClusterCidr, int NodeMask = 24)
{
    /// <summary>The certificate of the cluster's CA for the ConfigMaps kube-root-ca.crt, in PEM; empty: none are made.</summary>
    public string RootCertificate { get; init; } = "";

    /// <summary>How long an event is kept (kube-apiserver --event-ttl).</summary>
    public TimeSpan EventTtl { get; init; } = TimeSpan.FromHours(1);
}
