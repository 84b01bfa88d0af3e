using ActorNet.Packets;

namespace ActorNet.Kubernetes.Edge;

/// <summary>Why a port is open to the outside.</summary>
public enum EdgePortKind
{
    /// <summary>A Service's node port, on every node.</summary>
    NodePort,

    /// <summary>A Service's spec.externalIPs.</summary>
    ExternalIP,

    /// <summary>An address of a Service's load balancer.</summary>
    LoadBalancer,

    /// <summary>A pod's hostPort, on its node.</summary>
    HostPort,

    /// <summary>The port on which every node tells load balancers whether it has endpoints of a Service.</summary>
    HealthCheck,

    /// <summary>kube-proxy's own health port.</summary>
    ProxyHealth,
}

/// <summary>A port that clients outside the cluster reach: on the machine it is a real socket, in the node's network what its connections go to.</summary>
/// <param name="Protocol">TCP or UDP.</param>
/// <param name="Address">The address in the node's network: the node's own, or one of the Service's.</param>
/// <param name="Port">The port there.</param>
public readonly record struct EdgeTarget(IpProtocol Protocol, Ipv4Address Address, ushort Port)
{
    /// <summary>As tcp 192.168.56.11:30080.</summary>
    public override string ToString() => $"{(Protocol == IpProtocol.Udp ? "udp" : "tcp")} {Address}:{Port}";
}

/// <summary>A target and whose it is.</summary>
/// <param name="Target">Where connections go.</param>
/// <param name="Kind">Why it is open.</param>
/// <param name="Namespace">Namespace of the Service or pod; empty for a node.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its uid.</param>
public sealed record EdgePort(EdgeTarget Target, EdgePortKind Kind, string Namespace, string Name, string Uid);
