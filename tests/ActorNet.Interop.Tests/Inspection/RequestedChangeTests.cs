using ActorNet.Dataplane.Inspection;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Workloads.Inspection;

namespace ActorNet.Interop.Tests.Inspection;

/// <summary>
/// A command that changes something is run by the real tool on the kernel. What the kernel then holds anew must be what our tool asks
/// for on the same command line: the same defaults for scope, protocol, state, table and owner.
/// </summary>
public sealed class RequestedChangeTests(InspectedKernel kernel) : IClassFixture<InspectedKernel>
{
    [Theory]
    [InlineData("ip route add 10.30.0.0/16 via 192.168.56.1")]
    [InlineData("ip route add 10.31.0.0/16 dev eth0")]
    [InlineData("ip route add 10.32.0.0/16 via 10.32.0.0 dev flannel.1 onlink")]
    [InlineData("ip route replace 10.33.0.1 via 192.168.56.1 metric 30 mtu 1300 proto static src 192.168.56.99")]
    [InlineData("ip route add blackhole 10.34.0.0/16")]
    [InlineData("ip route add prohibit 10.35.0.0/16 metric 9")]
    [InlineData("ip route add local 10.36.0.1 dev lo")]
    [InlineData("ip r a throw 10.37/16")]
    [InlineData("ip route add broadcast 10.38.0.255 dev eth0")]
    public async Task A_route_is_asked_for_as_the_kernel_gets_it(string command)
    {
        (NamespaceView before, NamespaceView after, NamespaceChange change) = await ChangeAsync(command);

        RouteView made = Assert.Single(after.Routes.Except(before.Routes));
        RouteView asked = Assert.IsType<ChangeRoute>(change).Entry;

        // Without a device the kernel finds the one that the gateway is attached to.
        Assert.Equal(made, asked with { Device = asked.Device ?? (asked.Gateway is null ? null : "eth0") });
    }

    [Theory]
    [InlineData("ip addr add 10.40.0.1/24 brd + dev cni0")]
    [InlineData("ip addr add 10.41.0.1/24 brd 10.41.0.255 dev cni0 label cni0:x")]
    [InlineData("ip addr add 10.42.0.1 dev cni0")]
    [InlineData("ip addr add 127.9.0.1/16 dev lo")]
    [InlineData("ip a add 10.43.0.1 peer 10.43.0.2/30 dev eth0")]
    [InlineData("ip addr add 10.44.0.1/24 scope link dev cni0")]
    [InlineData("ip addr add 10.45.0.1/31 brd + dev cni0")]
    public async Task An_address_is_asked_for_as_the_kernel_gets_it(string command)
    {
        (NamespaceView before, NamespaceView after, NamespaceChange change) = await ChangeAsync(command);

        AddressView made = Assert.Single(after.Addresses.Except(before.Addresses));
        AddressView asked = Assert.IsType<ChangeAddress>(change).Entry;
        Assert.Equal(made, asked with { Label = asked.Label ?? asked.Device });
    }

    [Theory]
    [InlineData("ip neigh add 10.244.50.0 lladdr 5e:f4:68:83:7d:32 dev flannel.1")]
    [InlineData("ip neigh replace 10.244.51.0 lladdr 5e:f4:68:83:7d:33 dev flannel.1 nud permanent")]
    [InlineData("ip neigh add 10.244.52.0 lladdr 5e:f4:68:83:7d:34 dev flannel.1 nud reachable")]
    [InlineData("ip n a to 10.244.53.0 lladdr 5e:f4:68:83:7d:35 dev flannel.1 nud stale")]
    [InlineData("ip neigh add 10.244.54.0 lladdr 5e:f4:68:83:7d:36 dev flannel.1 nud noarp")]
    [InlineData("ip neigh add proxy 10.244.55.0 dev cni0")]
    public async Task A_neighbour_is_asked_for_as_the_kernel_gets_it(string command)
    {
        (_, NamespaceView after, NamespaceChange change) = await ChangeAsync(command);

        NeighbourView asked = Assert.IsType<ChangeNeighbour>(change).Entry;
        NeighbourView made = Assert.Single(after.Neighbours, entry => entry.Address == asked.Address);
        Assert.Equal(asked, made with { Used = default, Confirmed = default, Updated = default, References = 0, Probes = 0 });
    }

    [Theory]
    [InlineData("bridge fdb add 5e:f4:68:83:7d:40 dev flannel.1 dst 192.168.56.40")]
    [InlineData("bridge fdb replace 5e:f4:68:83:7d:41 dev flannel.1 dst 192.168.56.41 self permanent")]
    [InlineData("bridge fdb append 5e:f4:68:83:7d:42 dev flannel.1 dst 192.168.56.42 port 4789 vni 9 via eth0")]
    [InlineData("bridge fdb add 5e:f4:68:83:7d:43 dev flannel.1 dst 192.168.56.43 static")]
    [InlineData("bridge fdb add 5e:f4:68:83:7d:44 dev flannel.1 dst 192.168.56.44 dynamic")]
    [InlineData("bridge fdb add 0a:00:00:00:07:01 dev vz master static")]
    [InlineData("bridge fdb add 0a:00:00:00:07:02 dev vz master")]
    [InlineData("bridge fdb add 0a:00:00:00:07:03 dev veth00010002 master dynamic")]
    [InlineData("bridge fdb add 0a:00:00:00:07:04 dev cni0 self local")]
    public async Task A_forwarding_entry_is_asked_for_as_the_kernel_gets_it(string command)
    {
        (_, NamespaceView after, NamespaceChange change) = await ChangeAsync(command);

        FdbEntryView asked = Assert.IsType<ChangeFdbEntry>(change).Entry;
        FdbEntryView made = Assert.Single(after.Fdb, entry => entry.Mac == asked.Mac);
        Assert.Equal(asked, made with { Used = null, Updated = null });
    }

    [Theory]
    [InlineData("bridge link set dev vz hairpin on")]
    [InlineData("bridge link set dev vz learning off flood off mcast_flood off")]
    [InlineData("bridge link set dev vz cost 7 priority 3 isolated on")]
    [InlineData("brctl hairpin cni0 vz off")]
    public async Task A_ports_setting_is_asked_for_as_the_kernel_gets_it(string command)
    {
        (NamespaceView before, NamespaceView after, NamespaceChange change) = await ChangeAsync(command);

        SetBridgePort asked = Assert.IsType<SetBridgePort>(change);
        BridgePortView old = before.FindLink(asked.Device)!.Port!;
        BridgePortView expected = old with
        {
            Hairpin = asked.Hairpin ?? old.Hairpin,
            Learning = asked.Learning ?? old.Learning,
            Flood = asked.Flood ?? old.Flood,
            MulticastFlood = asked.MulticastFlood ?? old.MulticastFlood,
            Isolated = asked.Isolated ?? old.Isolated,
            Cost = asked.Cost ?? old.Cost,
            Priority = asked.Priority ?? old.Priority,
        };
        BridgePortView made = after.FindLink("vz")!.Port!;
        Assert.Equal(expected, made with { DesignatedPort = expected.DesignatedPort });
    }

    [Theory]
    [InlineData("ip link set docker0 up")]
    [InlineData("ip link set dev d0 down")]
    [InlineData("ifconfig d1 up")]
    [InlineData("ip link set d1 mtu 1300")]
    [InlineData("ifconfig d0 mtu 1280")]
    public async Task A_links_setting_is_asked_for_as_the_kernel_gets_it(string command)
    {
        (_, NamespaceView after, NamespaceChange change) = await ChangeAsync(command);

        switch (change)
        {
            case SetLinkState state:
                Assert.Equal(state.Up, after.FindLink(state.Device)!.IsUp);
                break;
            case SetLinkMtu mtu:
                Assert.Equal(mtu.Mtu, after.FindLink(mtu.Device)!.Mtu);
                break;
            default:
                Assert.Fail($"A link's setting was to be asked for, not {change}");
                break;
        }
    }

    private async Task<(NamespaceView Before, NamespaceView After, NamespaceChange Change)> ChangeAsync(string command)
    {
        NetworkNamespace ns = await kernel.NamespaceAsync("node");
        string[] words = command.Split(' ');
        NamespaceView before = await KernelViewReader.ReadAsync(ns);
        var wish = new Wish(before);
        using var stdout = new StringWriter();
        using var stderr = new StringWriter();
        IInspectionTool tool = words[0] switch
        {
            "ip" => new IpTool(),
            "bridge" => new BridgeTool(),
            "brctl" => new BrctlTool(),
            _ => new IfconfigTool(),
        };
        int code = await tool.RunAsync(wish, words[1..], stdout, stderr, CancellationToken.None);
        Assert.Equal("", stderr.ToString());
        Assert.Equal(0, code);
        await ns.ExecAsync(words);
        return (before, await KernelViewReader.ReadAsync(ns), Assert.Single(wish.Changes));
    }

    /// <summary>Remembers what was asked for.</summary>
    private sealed class Wish(NamespaceView view) : INamespaceControl
    {
        public List<NamespaceChange> Changes { get; } = [];

        public Task<NamespaceView> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(view);

        public Task<ControlResult> ApplyAsync(NamespaceChange change, CancellationToken cancellationToken)
        {
            Changes.Add(change);
            return Task.FromResult(ControlResult.Ok);
        }
    }
}
