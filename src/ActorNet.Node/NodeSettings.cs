using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Packets;

namespace ActorNet.Node;

/// <summary>What a node is made from.</summary>
public sealed record NodeSettings
{
    /// <summary>Node name.</summary>
    public required string Name { get; init; }

    /// <summary>InternalIP.</summary>
    public required Ipv4Address NodeIp { get; init; }

    /// <summary>The node's /24 of the cluster's pod network.</summary>
    public required Ipv4Prefix PodCidr { get; init; }

    /// <summary>The whole pod network.</summary>
    public required Ipv4Prefix ClusterCidr { get; init; }

    /// <summary>MTU of the underlay in bytes.</summary>
    public int UnderlayMtu { get; init; } = 1500;

    /// <summary>MTU of eth0 in bytes. Where the LAN's datagrams pass a real network they are 50 bytes longer than its frames' packets.</summary>
    public int LanMtu { get; init; } = 1500;

    /// <summary>MAC of flannel.1, published in flannel's annotation.</summary>
    public required MacAddress VtepMac { get; init; }

    /// <summary>UDP port of the tunnel.</summary>
    public ushort TunnelPort { get; init; } = VxlanView.LinuxPort;

    /// <summary>Whether datagrams from unknown underlay addresses are accepted.</summary>
    public bool AcceptUnknownPeers { get; init; }

    /// <summary>Whether TCP segments of a flow pass the node's devices as trains (<see cref="Dataplane.Frames.FrameTrain"/>); else one by one.</summary>
    public bool Offload { get; init; } = true;

    /// <summary>net.netfilter.nf_conntrack_max of the root namespace: connections that it follows.</summary>
    public int ConntrackMax { get; init; } = 262_144;

    /// <summary>The kubelet's part.</summary>
    public KubeletSettings Kubelet { get; init; } = new();

    /// <summary>kube-proxy's part.</summary>
    public KubeProxySettings KubeProxy { get; init; } = new();
}
