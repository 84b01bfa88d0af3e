namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>One port of a Service with everything that its rules depend on (kubernetes pkg/proxy/serviceport.go).</summary>
internal sealed record ProxyServicePort
{
    /// <summary>namespace/service, with :port when the port has a name.</summary>
    internal required string Name { get; init; }

    /// <summary>tcp, udp or sctp.</summary>
    internal required string Protocol { get; init; }

    internal required string ClusterIP { get; init; }

    internal required int Port { get; init; }

    /// <summary>0 for none.</summary>
    internal int NodePort { get; init; }

    internal IReadOnlyList<string> ExternalIPs { get; init; } = [];

    /// <summary>Addresses of the load balancer, those of ipMode Proxy left out.</summary>
    internal IReadOnlyList<string> LoadBalancerIPs { get; init; } = [];

    internal IReadOnlyList<string> LoadBalancerSourceRanges { get; init; } = [];

    internal bool IsExternalLocal { get; init; }

    internal bool IsInternalLocal { get; init; }

    /// <summary>Session affinity ClientIP, in seconds; 0 for none.</summary>
    internal int AffinitySeconds { get; init; }

    /// <summary>0 for none.</summary>
    internal int HealthCheckNodePort { get; init; }

    internal IReadOnlyList<ProxyEndpoint> Endpoints { get; init; } = [];

    internal bool IsExternallyAccessible => NodePort != 0 || ExternalIPs.Count > 0 || LoadBalancerIPs.Count > 0;

    /// <summary>UsesClusterEndpoints: also with both policies Local, for what the node and its own pods send to an external address goes to any endpoint.</summary>
    internal bool UsesClusterEndpoints => !IsInternalLocal || IsExternallyAccessible;

    /// <summary>UsesLocalEndpoints.</summary>
    internal bool UsesLocalEndpoints => IsInternalLocal || (IsExternallyAccessible && IsExternalLocal);

    internal string Hash { get; private init; } = "";

    /// <summary>This port with the name of its chains.</summary>
    internal ProxyServicePort WithHash() => this with { Hash = ChainNames.OfPort(Name, Protocol) };
}
