using ActorNet.Dataplane.Inspection;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Workloads.Inspection;
using ActorNet.Workloads.Netstat;

namespace ActorNet.Interop.Tests.Inspection;

/// <summary>
/// Each command is run twice: the real tool on the kernel's objects, and ours on a view read from the same kernel. Every byte and the exit
/// code must be the same. Only ages and running timers are left out, which move between the two readings.
/// </summary>
public sealed class RealToolTests(InspectedKernel kernel) : IClassFixture<InspectedKernel>
{
    private static readonly Dictionary<string, IInspectionTool> Tools = new(StringComparer.Ordinal)
    {
        ["ip"] = new IpTool(),
        ["bridge"] = new BridgeTool(),
        ["brctl"] = new BrctlTool(),
        ["arp"] = new ArpTool(),
        ["ifconfig"] = new IfconfigTool(),
        ["route"] = new RouteTool(),
        ["netstat"] = new NetstatTool(),
    };

    public static TheoryData<string> Listings =>
    [
        "ip a", "ip addr show", "ip -4 addr", "ip -6 addr", "ip -br a", "ip -br -4 a", "ip -o a", "ip -4 -o a", "ip -d addr", "ip -s addr", "ip -s -s -4 addr", "ip -4 -d a", "ip -s -d addr show cni0",
        "ip addr show dev eth0", "ip a s eth0", "ip a show up", "ip addr show to 192.168.56.0/24", "ip -4 addr show scope link", "ip addr show label eth0:1",
        "ip addr show primary dev eth0", "ip addr show secondary dev eth0", "ip addr show master cni0", "ip -family inet addr show lo",
        "ip link", "ip l", "ip -s link", "ip -s -s link", "ip -d link", "ip -s -d link", "ip -stats -details link show", "ip -br link", "ip -o link",
        "ip -o -d link", "ip -o -s link", "ip link show eth0", "ip -s -d link show flannel.1", "ip -s -d link show dev cni0", "ip link show type vxlan",
        "ip link show type bridge", "ip link show type bridge_slave", "ip link show master cni0", "ip link show nomaster", "ip -4 link show lo",
        "ip r", "ip route", "ip route show", "ip -d route", "ip -4 route", "ip -6 route", "ip route show table all", "ip -d route show table all",
        "ip route show table local", "ip route show dev flannel.1", "ip route show via 192.168.56.1", "ip route list proto kernel", "ip route list scope link",
        "ip route show type blackhole", "ip route show default", "ip route show match 10.5.5.5", "ip route show root 10.0.0.0/8", "ip route show exact 10.8.0.0/16",
        "ip route show 10.4.0.0/16", "ip route show 10.244/16", "ip route show src 192.168.56.11", "ip -o route",
        "ip route get 10.244.2.5", "ip route get 10.244.1.2", "ip route get 127.0.0.1", "ip route get 192.168.56.11", "ip route get 192.168.56.255",
        "ip route get 8.8.8.8", "ip route get 10.4.1.1", "ip route get 10.1.1.2", "ip route get 10.5.5.5", "ip route get 10.6.1.1",
        "ip route get 8.8.8.8 from 192.168.56.11", "ip route get 10.77.0.7 dev cni0", "ip route get 10.3.0.9",
        "ip n", "ip neigh", "ip neighbour show", "ip -s neigh", "ip neigh show dev flannel.1", "ip neigh show nud permanent", "ip neigh show nud all",
        "ip neigh show nud failed", "ip neigh show proxy", "ip neigh show to 10.244.0.0/16", "ip neigh show 10.244.2.0", "ip -br neigh", "ip -s neigh show dev cni0",
        "ip neigh get 10.244.2.0 dev flannel.1", "ip neigh show nud noarp",
        "bridge fdb", "bridge fdb show", "bridge fdb show dev flannel.1", "bridge fdb show br cni0", "bridge fdb show brport flannel.1", "bridge -s fdb show",
        "bridge -s fdb show dev flannel.1", "bridge fdb show dynamic", "bridge fdb show state permanent dev flannel.1", "bridge -d fdb",
        "bridge link", "bridge link show", "bridge -d link", "bridge -s link", "bridge link show dev vz", "bridge -d link show dev vz", "bridge link show dev cni0",
        "brctl show", "brctl show cni0", "brctl show cni0 docker0", "brctl showmacs cni0", "brctl showstp cni0", "brctl showstp docker0",
        "arp -n", "arp -an", "arp -en", "arp -vn", "arp -n -i cni0", "arp -n 10.244.2.0", "arp -an 10.244.2.0",
        "ifconfig", "ifconfig -a", "ifconfig eth0", "ifconfig eth0:1", "ifconfig lo", "ifconfig flannel.1",
        "route -n", "route -en", "netstat -rn", "netstat -rne", "netstat -i", "netstat -ia", "netstat -ie",
    ];

    public static TheoryData<string> PodListings =>
    [
        "ip a", "ip addr show dev eth0", "ip -s -d link", "ip -d link show eth0", "ip r", "ip n", "ip -s -s link show eth0", "ip -br a", "ip route get 10.244.2.2",
        "ip route get 8.8.8.8", "bridge fdb", "bridge link", "brctl show", "arp -n", "ifconfig", "route -n", "netstat -rn",
    ];

    public static TheoryData<string> Mistakes =>
    [
        "ip foo", "ip -foo", "ip -x", "ip addr foo", "ip link foo", "ip route foo", "ip neigh foo", "ip addr show dev nope", "ip addr show nope", "ip addr show dev",
        "ip link show nope", "ip link show dev eth0 master", "ip link show master nope", "ip link show dev eth0 dev lo", "ip addr show scope foo",
        "ip link set nope up", "ip link set", "ip link set eth0", "ip link set eth0 mtu", "ip link set eth0 mtu abc", "ip link set eth0 foo",
        "ip route show dev nope", "ip route show foo", "ip route show table foo", "ip route show scope foo", "ip route show proto foo", "ip route get", "ip route get foo",
        "ip route get 10.8.1.1", "ip route get 10.7.1.1", "ip route get 10.2.1.1", "ip route get 10.9.1.1 from 1.2.3.4", "ip route get 10.9.1.1 dev nope",
        "ip route add 10.66.0.0/16", "ip route add 10.66.0.0/16 via foo", "ip route add 10.66.0.0/16 dev", "ip route add 10.66.0.0/16 dev cni0 foo",
        "ip route add 10.66.0.300/16 dev eth0", "ip route add 10.66.0.1/16 dev eth0", "ip route add 10.66.0.0/16 via 1.2.3.4 dev nope", "ip route del 10.66.0.0/99",
        "ip addr add 10.0.0.1/24 dev nope", "ip addr add 10.0.0.1/24", "ip addr add foo dev eth0", "ip addr flush", "ip addr flush dev nope",
        "ip neigh add 10.244.3.0 lladdr zz dev flannel.1", "ip neigh add 10.244.3.0 lladdr 5e:f4:68:83:7d:03 dev nope", "ip neigh add 10.244.3.0 lladdr 5e:f4:68:83:7d:03",
        "ip neigh add 10.244.3.0 lladdr 5e:f4:68:83:7d:03 dev flannel.1 nud foo", "ip neigh add 10.244.3.0 dev flannel.1", "ip neigh show dev nope", "ip neigh show nud foo",
        "ip neigh show foo", "ip neigh flush", "ip neigh get 10.5.5.5 dev cni0",
        "bridge foo", "bridge fdb foo", "bridge fdb show dev nope", "bridge fdb show br nope", "bridge fdb add zz dev flannel.1", "bridge fdb add 5e:f4:68:83:7d:77",
        "bridge fdb add 5e:f4:68:83:7d:77 dev nope", "bridge fdb add 5e:f4:68:83:7d:77 dev eth0 master", "bridge fdb add 5e:f4:68:83:7d:77 dev cni0 master", "bridge link foo", "bridge link show dev nope",
        "bridge link set", "bridge link set dev nope hairpin on", "bridge link set dev eth0 hairpin on", "bridge link set dev vz hairpin foo",
        "brctl show nope", "brctl show eth0", "brctl show cni0 nope", "brctl showmacs", "brctl showmacs nope", "brctl showmacs eth0", "brctl showstp nope", "brctl showstp eth0",
        "brctl hairpin cni0 d0 on", "brctl hairpin nope vz on", "brctl hairpin cni0 vz foo", "ifconfig nope", "ifconfig nope up", "ifconfig -x", "arp nope", "arp -n 10.1.2.3",
        "arp -n -i d1", "arp -n -i nope",
    ];

    [Theory]
    [MemberData(nameof(Listings))]
    public Task The_node_is_listed_as_the_real_tool_lists_it(string command) => AssertSameAsync("node", command);

    [Theory]
    [MemberData(nameof(PodListings))]
    public Task The_pod_is_listed_as_the_real_tool_lists_it(string command) => AssertSameAsync("pod", command);

    [Theory]
    [MemberData(nameof(Mistakes))]
    public Task A_mistake_is_answered_with_the_real_tools_words_and_exit_code(string command) => AssertSameAsync("node", command);

    private async Task AssertSameAsync(string place, string command)
    {
        NetworkNamespace ns = await kernel.NamespaceAsync(place);
        string[] words = command.Split(' ');
        string expected = "";
        string actual = "";
        // The kernel lives on between the two readings: a counter or a neighbour's state may have moved, so a difference must persist.
        for (int attempt = 0; attempt < 6 && (attempt == 0 || expected != actual); attempt++)
        {
            NamespaceView view = await KernelViewReader.ReadAsync(ns);
            CommandResult real = await ns.TryExecAsync(words);
            expected = $"exit {real.ExitCode}\n{Listing.Still(real.Output)}--- stderr\n{real.Error}";
            actual = await RunOursAsync(view, words);
        }

        Assert.Equal(expected, actual);
    }

    private static async Task<string> RunOursAsync(NamespaceView view, string[] words)
    {
        using var stdout = new StringWriter();
        using var stderr = new StringWriter();
        int code = await Tools[words[0]].RunAsync(new FrozenNamespace(view), words[1..], stdout, stderr, CancellationToken.None);
        return $"exit {code}\n{Listing.Still(stdout.ToString())}--- stderr\n{stderr}";
    }

    /// <summary>A namespace that can be looked at only.</summary>
    private sealed class FrozenNamespace(NamespaceView view) : INamespaceControl
    {
        public Task<NamespaceView> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(view);

        public Task<ControlResult> ApplyAsync(NamespaceChange change, CancellationToken cancellationToken) =>
            throw new InvalidOperationException($"A mistake must be found before anything is changed, but this was to be applied: {change}");
    }
}
