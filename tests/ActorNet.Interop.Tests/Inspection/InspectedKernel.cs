using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Inspection;

/// <summary>
/// A kernel node as flannel and the CNI leave it, with more beside: what the tools print in rarer cases. Made once, by the first test that
/// asks, because a skip thrown by a fixture's constructor would be a failure.
/// </summary>
public sealed class InspectedKernel : IAsyncDisposable
{
    private KernelPair? _pair;

    /// <summary>The node's namespace or the pod's.</summary>
    public async Task<NetworkNamespace> NamespaceAsync(string place)
    {
        Need.Namespaces();
        Need.Tool("brctl", "arp", "ifconfig", "route", "netstat", "ping");
        _pair ??= await CreateAsync();
        return place == "pod" ? _pair.First.Namespace : _pair.Node1.Root;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _pair?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static async Task<KernelPair> CreateAsync()
    {
        KernelPair pair = await KernelPair.CreateAsync();
        try
        {
            await pair.Node1.AddPodAsync("second");
            await AddRareThingsAsync(pair);
            await pair.First.Namespace.ExecAsync("ping", "-c", "900", "-i", "0.001", "-W", "5", "-q", "-s", "1400", pair.Second.Address);
            await pair.Node1.Root.TryExecAsync("ping", "-c", "1", "-W", "1", "192.168.56.77");
            return pair;
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    private static async Task AddRareThingsAsync(KernelPair pair)
    {
        NetworkNamespace node = pair.Node1.Root;
        // A pair within the namespace, one end up, without a queue; a bridge that is down; a port that is down; one with other settings.
        await node.IpAsync("link add name d0 type veth peer name d1");
        await node.IpAsync("link set d0 up txqueuelen 0");
        await node.IpAsync("link add name docker0 address 02:42:5d:2d:6a:01 type bridge stp_state 1");
        await node.IpAsync("link add name vz type veth peer name va");
        await node.IpAsync("link set vz master cni0");
        await node.IpAsync($"link set {pair.Node1.Pods[1].HostDevice} type bridge_slave hairpin on isolated on cost 100 priority 5 mcast_flood off");
        await node.IpAsync("link add name vx7 type vxlan id 7 remote 192.168.56.12 dev eth0 dstport 4789 ttl 9 maxaddress 50 noudpcsum srcport 1000 2000");
        await node.IpAsync("link set vx7 up");

        await node.IpAsync("addr add 192.168.56.99/24 dev eth0");
        await node.IpAsync("addr add 192.168.57.99/24 brd + dev eth0 label eth0:1");
        await node.IpAsync("addr add 10.1.1.1 peer 10.1.1.2 dev eth0");
        await node.IpAsync("addr add 10.1.1.5/32 scope link dev eth0");
        await node.IpAsync("addr add 10.3.0.1/24 dev d0");
        await node.IpAsync("route add default via 192.168.56.1");
        await node.IpAsync("route add default via 192.168.56.2 metric 100");
        await node.IpAsync("route add 10.4.0.0/16 via 10.9.9.9 dev cni0 onlink mtu 1400 metric 5");
        await node.IpAsync("route add 10.6.0.0/16 dev eth0 proto static src 192.168.56.11");
        await node.IpAsync("route add unreachable 10.7.0.0/16 metric 100");
        await node.IpAsync("route add blackhole 10.8.0.0/16");
        await node.IpAsync("route add prohibit 10.2.0.0/16");
        await node.IpAsync("route add 10.5.5.5 via 192.168.56.1");

        await node.IpAsync("neigh add proxy 10.244.1.78 dev cni0");
        await node.IpAsync("neigh add 10.244.1.79 lladdr 0a:00:00:00:01:4f dev cni0 nud noarp");
        await node.IpAsync("neigh add 10.244.1.80 lladdr 0a:00:00:00:01:50 dev cni0 nud stale");
        await node.BridgeAsync("fdb append 00:00:00:00:00:00 dev flannel.1 dst 192.168.56.13 port 4789 vni 5 via eth0");
        await node.BridgeAsync("fdb append 5e:f4:68:83:7d:05 dev flannel.1 dst 192.168.56.12 static");
        await node.BridgeAsync("fdb append 5e:f4:68:83:7d:06 dev flannel.1 dst 192.168.56.12 dynamic");
        await node.BridgeAsync($"fdb append 0a:00:00:00:01:63 dev {pair.First.HostDevice} master static");
    }
}
