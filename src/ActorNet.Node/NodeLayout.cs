using System.Security.Cryptography;
using System.Text;
using ActorNet.Packets;

namespace ActorNet.Node;

/// <summary>How a node is laid out: device names, indexes, and what follows from its settings, as flannel and the CNI bridge plugin make it.</summary>
internal static class NodeLayout
{
    /// <summary>The NIC: the node's port of the LAN.</summary>
    public const string Underlay = "eth0";

    /// <summary>The pods' bridge.</summary>
    public const string Bridge = "cni0";

    /// <summary>The tunnel's device.</summary>
    public const string Tunnel = "flannel.1";

    /// <summary>VXLAN network identifier; flannel's default.</summary>
    public const int Vni = 1;

    /// <summary>Prefix length of the node's address.</summary>
    public const int NodePrefixLength = 24;

    /// <summary>Index of eth0, behind lo.</summary>
    public const int UnderlayIfIndex = 2;

    /// <summary>Index of flannel.1.</summary>
    public const int TunnelIfIndex = 3;

    /// <summary>Index of cni0.</summary>
    public const int BridgeIfIndex = 4;

    /// <summary>Index of the first pod's veth.</summary>
    public const int FirstVethIfIndex = 5;

    /// <summary>MTU of the tunnel, the bridge and the pods: VXLAN takes 50 bytes (facts of flannel: external MTU - 50).</summary>
    /// <param name="underlayMtu">MTU of the underlay in bytes.</param>
    public static int PodMtu(int underlayMtu) => underlayMtu - 50;

    /// <summary>The bridge's address: the first of the node's subnet, the pods' gateway.</summary>
    /// <param name="podCidr">The node's subnet.</param>
    public static Ipv4Address Gateway(Ipv4Prefix podCidr) => new(podCidr.Network.Value + 1);

    /// <summary>The edge's address, by which the node reaches what is outside: the first of the node's network, or the last where that is the node's own.</summary>
    /// <param name="node">The node's address.</param>
    public static Ipv4Address Outside(Ipv4Address node)
    {
        Ipv4Prefix subnet = new(node, NodePrefixLength);
        var first = new Ipv4Address(subnet.Network.Value + 1);
        return first == node ? new Ipv4Address(subnet.Broadcast.Value - 1) : first;
    }

    /// <summary>The MAC of a node's eth0: it stays the same as long as the host keeps its state directory.</summary>
    /// <param name="seed">The host's seed.</param>
    /// <param name="node">The node's name.</param>
    public static MacAddress LanMac(ulong seed, string node) => MacAddress.FromRandom(Draw(seed, $"{node}/{Underlay}"));

    /// <summary>A 64-bit draw that depends on the seed and the place alone.</summary>
    /// <param name="seed">Seed.</param>
    /// <param name="place">What is drawn, and for whom.</param>
    public static ulong Draw(ulong seed, string place)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{seed:x16}/{place}"));
        return BitConverter.ToUInt64(hash);
    }
}
