using System.Globalization;

namespace ActorNet.Interop.Tests.Netns;

/// <summary>What a <see cref="KernelNode"/> is made with.</summary>
/// <param name="Name">The node's name, such as <c>n1</c>.</param>
/// <param name="Address">Its address on the underlay, such as <c>192.168.56.11</c>; the prefix is 24 bits.</param>
/// <param name="SubnetIndex">N of its pod subnet 10.244.N.0/24.</param>
public sealed record KernelNodeOptions(string Name, string Address, int SubnetIndex)
{
    /// <summary>The VTEP's MAC address, locally administered as flannel makes it.</summary>
    public string VtepMac { get; init; } = string.Create(CultureInfo.InvariantCulture, $"5e:f4:68:83:7d:{SubnetIndex:x2}");

    /// <summary>
    /// MTU of flannel.1, cni0 and the pods: the underlay's 1,500 less 50 (14 Ethernet, 8 VXLAN, 8 UDP, 20 IPv4). With more than that the
    /// device is not bound to eth0, whose MTU would cap it, and the kernel sends the outer packets in fragments.
    /// </summary>
    public int OverlayMtu { get; init; } = 1450;

    /// <summary>cni0's MAC address.</summary>
    public string BridgeMac { get; init; } = string.Create(CultureInfo.InvariantCulture, $"72:30:d8:97:fa:{SubnetIndex:x2}");

    /// <summary>eth0's MAC address; the kernel's choice when null.</summary>
    public string? UnderlayMac { get; init; }
}

/// <summary>The machine that a <see cref="KernelNode"/> is emulated on, as ours are on theirs: what really carries the node's tunnel and its eth0.</summary>
/// <param name="Namespace">Its namespace, with an eth0.</param>
/// <param name="Address">The address of that eth0.</param>
public sealed record KernelHost(NetworkNamespace Namespace, string Address);

/// <summary>
/// A Kubernetes node made of nothing but the Linux kernel, as flannel's vxlan backend and the CNI bridge plugin leave it
/// (flannel pkg/backend/vxlan/{device,vxlan_network}.go, cni plugins/main/bridge/bridge.go).
/// </summary>
public sealed class KernelNode
{
    private readonly NetnsLab _lab;
    private readonly KernelNodeOptions _options;
    private readonly List<KernelPod> _pods = [];

    private KernelNode(NetnsLab lab, NetworkNamespace root, KernelNodeOptions options)
    {
        _lab = lab;
        _options = options;
        Root = root;
    }

    /// <summary>The node's own namespace: eth0, flannel.1, cni0 and the host ends of the pods' veth pairs.</summary>
    public NetworkNamespace Root { get; }

    /// <summary>The node's name.</summary>
    public string Name => _options.Name;

    /// <summary>Its address on the underlay.</summary>
    public string Address => _options.Address;

    /// <summary>Its pod subnet, such as <c>10.244.1.0/24</c>.</summary>
    public string PodCidr => $"10.244.{_options.SubnetIndex}.0/24";

    /// <summary>The address of flannel.1: the first of the subnet.</summary>
    public string VtepAddress => $"10.244.{_options.SubnetIndex}.0";

    /// <summary>The MAC address of flannel.1.</summary>
    public string VtepMac => _options.VtepMac;

    /// <summary>The pods' gateway: the address of cni0.</summary>
    public string Gateway => $"10.244.{_options.SubnetIndex}.1";

    /// <summary>The pods in the order they were added.</summary>
    public IReadOnlyList<KernelPod> Pods => _pods;

    /// <summary>Makes a node on a segment.</summary>
    public static async Task<KernelNode> CreateAsync(NetnsLab lab, UnderlaySegment segment, KernelNodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(segment);
        ArgumentNullException.ThrowIfNull(options);
        NetworkNamespace root = await lab.AddNamespaceAsync(options.Name);
        await segment.AttachAsync(root, options.Address);
        if (options.UnderlayMac is { } mac)
            await root.IpAsync($"link set eth0 address {mac}");
        var node = new KernelNode(lab, root, options);
        await root.SetSysctlAsync("net.ipv4.ip_forward", "1");
        await node.AddVtepAsync(root, options.Address);
        await node.AddBridgeAsync();
        return node;
    }

    /// <summary>
    /// Makes a node on the emulated segment between nodes: its eth0 is a VXLAN device with identifier 2 on port 8473, and what carries that and the
    /// tunnel is on another machine. The kernel leaves a tunnel device's socket in the namespace where it was made (linux drivers/net/vxlan vxlan->net).
    /// </summary>
    public static async Task<KernelNode> CreateOnLanAsync(NetnsLab lab, KernelHost host, KernelNodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(options);
        NetworkNamespace root = await lab.AddNamespaceAsync(options.Name);
        await host.Namespace.IpAsync($"link add name plug address {options.UnderlayMac} mtu 1450 type vxlan id 2 local {host.Address} dev eth0 dstport 8473 nolearning");
        await host.Namespace.IpAsync($"link set plug netns {root.Name} name eth0");
        await root.IpAsync($"addr add {options.Address}/24 brd + dev eth0");
        await root.IpAsync("link set eth0 up");
        // Nobody is there. Without a route there is no packet that OUTPUT could translate.
        await root.IpAsync($"route add default via {options.Address[..options.Address.LastIndexOf('.')]}.254 dev eth0");
        var node = new KernelNode(lab, root, options);
        await root.SetSysctlAsync("net.ipv4.ip_forward", "1");
        await node.AddVtepAsync(host.Namespace, host.Address);
        await node.AddBridgeAsync();
        return node;
    }

    /// <summary>Tells a node of <see cref="CreateOnLanAsync"/> of another one on the segment.</summary>
    /// <param name="mac">MAC address of the other's eth0.</param>
    /// <param name="host">Its machine's address.</param>
    public async Task AddLanPeerAsync(string mac, string host)
    {
        await Root.BridgeAsync($"fdb append 00:00:00:00:00:00 dev eth0 dst {host} self permanent");
        await Root.BridgeAsync($"fdb replace {mac} dev eth0 dst {host} self permanent");
    }

    /// <summary>Adds a pod as the CNI bridge plugin does; it gets the next address of the subnet, from .2 on.</summary>
    /// <param name="name">The pod's name.</param>
    /// <param name="mtu">MTU of both ends of its veth pair; the overlay's when null.</param>
    /// <param name="pair">Names and addresses of the pair; a name after the subnet and the kernel's addresses when null.</param>
    public async Task<KernelPod> AddPodAsync(string name, int? mtu = null, PodPair? pair = null)
    {
        NetworkNamespace ns = await _lab.AddNamespaceAsync($"{Name}-{name}");
        var pod = new KernelPod(name, ns, $"10.244.{_options.SubnetIndex}.{_pods.Count + 2}", pair?.HostDevice ?? $"veth{_options.SubnetIndex:x4}{_pods.Count + 2:x4}");
        // The plugin's plugins/main/bridge/bridge.go does so too: the pod announces itself when its device comes up.
        await ns.SetSysctlAsync("net.ipv4.conf.default.arp_notify", "1");
        await _lab.AddVethAsync(ns, "eth0", Root, pod.HostDevice, mtu ?? _options.OverlayMtu);
        if (pair is not null)
        {
            await ns.IpAsync($"link set eth0 address {pair.Mac}");
            await Root.IpAsync($"link set {pod.HostDevice} address {pair.HostMac}");
        }

        await Root.IpAsync($"link set {pod.HostDevice} master cni0");
        // hairpinMode of flannel's CNI configuration (flannel Documentation/kube-flannel.yml).
        await Root.BridgeAsync($"link set dev {pod.HostDevice} hairpin on");
        // flannel-cni: both a default route (isDefaultGateway) and one to the flannel network, by the same gateway.
        await ns.IpAsync($"addr add {pod.Address}/24 brd + dev eth0");
        await ns.IpAsync($"route add default via {Gateway} dev eth0");
        await ns.IpAsync($"route add 10.244.0.0/16 via {Gateway} dev eth0");
        _pods.Add(pod);
        return pod;
    }

    /// <summary>
    /// Programs a remote node's lease in flannel's order: neighbour, forwarding entry, route (vxlan_network.go handleSubnetEvents).
    /// </summary>
    /// <param name="subnetIndex">N of the remote subnet 10.244.N.0/24.</param>
    /// <param name="vtepMac">The remote VTEP's MAC address.</param>
    /// <param name="publicIp">The remote node's underlay address.</param>
    public async Task AddLeaseAsync(int subnetIndex, string vtepMac, string publicIp)
    {
        await Root.IpAsync($"neigh replace 10.244.{subnetIndex}.0 lladdr {vtepMac} dev flannel.1 nud permanent");
        await Root.BridgeAsync($"fdb replace {vtepMac} dev flannel.1 dst {publicIp} self permanent");
        await Root.IpAsync($"route replace 10.244.{subnetIndex}.0/24 via 10.244.{subnetIndex}.0 dev flannel.1 onlink");
    }

    /// <summary>Programs the lease of another kernel node.</summary>
    public Task AddLeaseAsync(KernelNode remote)
    {
        ArgumentNullException.ThrowIfNull(remote);
        return AddLeaseAsync(remote._options.SubnetIndex, remote.VtepMac, remote.Address);
    }

    /// <summary>Removes what <see cref="AddLeaseAsync(int, string, string)"/> programmed.</summary>
    public async Task RemoveLeaseAsync(int subnetIndex, string vtepMac, string publicIp)
    {
        await Root.IpAsync($"route del 10.244.{subnetIndex}.0/24 dev flannel.1");
        await Root.BridgeAsync($"fdb del {vtepMac} dev flannel.1 dst {publicIp} self");
        await Root.IpAsync($"neigh del 10.244.{subnetIndex}.0 dev flannel.1");
    }

    private async Task AddVtepAsync(NetworkNamespace underlay, string address)
    {
        string lower = _options.OverlayMtu <= 1450 ? "dev eth0" : "";
        await underlay.IpAsync($"link add name flannel.1 address {VtepMac} mtu {_options.OverlayMtu} type vxlan id 1 "
            + $"local {address} {lower} dstport 8472 nolearning");
        if (underlay != Root)
            await underlay.IpAsync($"link set flannel.1 netns {Root.Name}");
        await Root.IpAsync($"addr add {VtepAddress}/32 dev flannel.1");
        await Root.IpAsync("link set flannel.1 up");
    }

    private async Task AddBridgeAsync()
    {
        // The plugin fixes the bridge's MAC before the first port joins, so that it does not follow the lowest port's.
        await Root.IpAsync($"link add name cni0 address {_options.BridgeMac} mtu {_options.OverlayMtu} type bridge");
        await Root.IpAsync($"addr add {Gateway}/24 brd + dev cni0");
        await Root.IpAsync("link set cni0 up");
    }
}

/// <summary>A pod on a <see cref="KernelNode"/>: a namespace with eth0, whose peer is a port of cni0.</summary>
/// <param name="Name">The pod's name.</param>
/// <param name="Namespace">Its network namespace.</param>
/// <param name="Address">The address of its eth0, without a prefix length.</param>
/// <param name="HostDevice">The veth pair's other end, in the node's namespace.</param>
public sealed record KernelPod(string Name, NetworkNamespace Namespace, string Address, string HostDevice);

/// <summary>What a pod's veth pair is made with.</summary>
/// <param name="Mac">MAC address of the pod's eth0.</param>
/// <param name="HostDevice">Name of the host end.</param>
/// <param name="HostMac">MAC address of the host end.</param>
public sealed record PodPair(string Mac, string HostDevice, string HostMac);
