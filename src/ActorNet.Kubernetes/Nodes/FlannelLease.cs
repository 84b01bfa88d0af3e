using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Kubernetes.Nodes;

/// <summary>What flannel's vxlan backend knows about a node (flannel pkg/lease/lease.go): enough to tunnel to its pods.</summary>
/// <param name="NodeName">The Node's name.</param>
/// <param name="PodCidr">The node's pods: spec.podCIDR.</param>
/// <param name="PublicIp">Where the node's VTEP is reached.</param>
/// <param name="VtepMac">The MAC of the node's flannel.N device.</param>
/// <param name="Vni">The VXLAN network identifier, 1 to 16,777,215.</param>
/// <param name="UnderlayOverride">Where datagrams really go, in labs whose node addresses no machine has; null means the public IP and port 8472.</param>
public sealed record FlannelLease(
    string NodeName, Ipv4Prefix PodCidr, Ipv4Address PublicIp, MacAddress VtepMac, int Vni = FlannelLease.DefaultVni, UnderlayEndpoint? UnderlayOverride = null)
{
    /// <summary>flannel's VNI when net-conf.json names none.</summary>
    public const int DefaultVni = 1;

    /// <summary>The port of Linux, which flannel leaves alone.</summary>
    public const ushort DefaultPort = VxlanView.LinuxPort;

    /// <summary>Where datagrams for the node go.</summary>
    public UnderlayEndpoint Underlay => UnderlayOverride ?? new UnderlayEndpoint(PublicIp, DefaultPort);

    /// <summary>The address of the node's flannel.N device: the subnet's own address, by which routes to it go.</summary>
    public Ipv4Address VtepAddress => PodCidr.Network;
}
