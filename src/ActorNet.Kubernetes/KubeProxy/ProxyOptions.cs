namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>What kube-proxy's rules depend on besides Services and endpoints.</summary>
public sealed record ProxyOptions
{
    /// <summary>This node's name.</summary>
    public required string Node { get; init; }

    /// <summary>This node's zone (topology.kubernetes.io/zone), or null.</summary>
    public string? Zone { get; init; }

    /// <summary>This node's addresses: a source range of a load balancer that has one lets the balancer's own address in.</summary>
    public IReadOnlyList<string> NodeAddresses { get; init; } = [];

    /// <summary>--cluster-cidr: what is not from there is masqueraded on its way to a ClusterIP; null for no detector.</summary>
    public string? ClusterCidr { get; init; }

    /// <summary>--masquerade-all.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>--iptables-masquerade-bit, 0 to 31.</summary>
    public int MasqueradeBit { get; init; } = 14;

    /// <summary>--iptables-localhost-nodeports.</summary>
    public bool LocalhostNodePorts { get; init; } = true;

    /// <summary>Whether the node has nfacct objects: then the rules that count into them are made.</summary>
    public bool HasAccounting { get; init; } = true;
}
