using k8s.Models;

namespace ActorNet.Kubernetes.KubeProxy.Health;

/// <summary>
/// Whether a kube-proxy keeps up, and whether its node shall have new connections (kubernetes pkg/proxy/healthcheck/proxy_health.go). It is late when
/// a change waits longer than the time-out for its rules to be in force; before the first rules it is not. Times are since the node's start.
/// </summary>
/// <param name="Timeout">How long a change may wait: twice --iptables-sync-period.</param>
public sealed record ProxyHealth(TimeSpan Timeout)
{
    // What a cluster autoscaler marks a node with before it removes it.
    private const string ToBeDeletedTaint = "ToBeDeletedByClusterAutoscaler";

    /// <summary>When rules came into force last; null for never.</summary>
    public TimeSpan? LastUpdated { get; private init; }

    /// <summary>Since when the oldest change waits that has no rules yet; null for none.</summary>
    public TimeSpan? OldestQueued { get; private init; }

    /// <summary>Whether the node is to stay: not being deleted, and not marked so by a cluster autoscaler.</summary>
    public bool IsNodeEligible { get; private init; } = true;

    /// <summary>A change came that needs rules.</summary>
    /// <param name="now">Now.</param>
    public ProxyHealth Queued(TimeSpan now) => this with { OldestQueued = OldestQueued ?? now };

    /// <summary>The rules of every change are in force.</summary>
    /// <param name="now">Now.</param>
    public ProxyHealth Updated(TimeSpan now) => this with { OldestQueued = null, LastUpdated = now };

    /// <summary>The node's Node changed.</summary>
    /// <param name="node">The Node.</param>
    public ProxyHealth Of(V1Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        bool goes = node.Metadata.DeletionTimestamp is not null || (node.Spec?.Taints ?? []).Any(static t => t.Key == ToBeDeletedTaint);
        return this with { IsNodeEligible = !goes };
    }

    /// <summary>Whether it keeps up, whatever becomes of the node.</summary>
    /// <param name="now">Now.</param>
    public bool IsHealthy(TimeSpan now) => LastUpdated is null || OldestQueued is not { } queued || now - queued < Timeout;
}
