using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Workloads.Tests.Inspection;

/// <summary>
/// What a command asks of the namespace. Defaults are those of iproute2 6.1: ip/iproute.c iproute_modify, ip/ipaddress.c ipaddr_modify,
/// ip/ipneigh.c ipneigh_modify, bridge/fdb.c fdb_modify.
/// </summary>
public class ChangeRequestTests
{
    private static readonly RouteView FlannelRoute = new()
    {
        Destination = Ipv4Prefix.Parse("10.244.3.0/24"),
        Gateway = Ipv4Address.Parse("10.244.3.0"),
        Device = "flannel.1",
        OnLink = true,
    };

    [Theory]
    [InlineData("ip link set eth0 down", false)]
    [InlineData("ip link set dev eth0 up", true)]
    [InlineData("ip l s eth0 up", true)]
    [InlineData("ifconfig eth0 down", false)]
    public async Task A_link_is_set_up_or_down(string command, bool up) =>
        Assert.Equal([new SetLinkState("eth0", up)], await ChangesAsync(command));

    [Fact]
    public async Task The_MTU_is_set_before_the_link_comes_up() =>
        Assert.Equal([new SetLinkMtu("eth0", 1400), new SetLinkState("eth0", true)], await ChangesAsync("ip link set eth0 up mtu 1400"));

    [Theory]
    [InlineData("ip route add 10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink", EntryOperation.Add)]
    [InlineData("ip r a 10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink", EntryOperation.Add)]
    [InlineData("ip route replace to 10.244.3.0/24 via inet 10.244.3.0 oif flannel.1 onlink", EntryOperation.Replace)]
    [InlineData("ip route change 10.244.3/24 via 10.244.3.0 dev flannel.1 onlink", EntryOperation.Change)]
    [InlineData("ip route append unicast 10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink", EntryOperation.Append)]
    public async Task A_route_gets_the_tools_defaults(string command, EntryOperation operation) =>
        Assert.Equal([new ChangeRoute(operation, FlannelRoute)], await ChangesAsync(command));

    [Fact]
    public async Task A_route_without_gateway_has_link_scope() =>
        Assert.Equal(
            [new ChangeRoute(EntryOperation.Add, new RouteView { Destination = Ipv4Prefix.Parse("10.5.0.0/16"), Device = "eth0", Scope = RouteScope.Link, PreferredSource = Ipv4Address.Parse("192.168.56.11"), Metric = 7, Mtu = 1400, Protocol = RouteProtocol.Static })],
            await ChangesAsync("ip route add 10.5.0.0/16 dev eth0 src 192.168.56.11 metric 7 mtu lock 1400 proto static"));

    [Theory]
    [InlineData("blackhole", RouteType.Blackhole, RouteView.MainTable, RouteScope.Global)]
    [InlineData("unreachable", RouteType.Unreachable, RouteView.MainTable, RouteScope.Global)]
    [InlineData("prohibit", RouteType.Prohibit, RouteView.MainTable, RouteScope.Global)]
    public async Task A_route_can_refuse(string word, RouteType type, int table, RouteScope scope) =>
        Assert.Equal(
            [new ChangeRoute(EntryOperation.Add, new RouteView { Destination = Ipv4Prefix.Parse("10.8.0.0/16"), Type = type, Table = table, Scope = scope })],
            await ChangesAsync($"ip route add {word} 10.8.0.0/16"));

    [Fact]
    public async Task What_is_not_written_on_delete_matches_anything() =>
        Assert.Equal(
            [new ChangeRoute(EntryOperation.Delete, new RouteView { Destination = Ipv4Prefix.Default, Type = RouteType.Unspecified, Protocol = RouteProtocol.Unspecified, Scope = RouteScope.Nowhere })],
            await ChangesAsync("ip route del default"));

    [Fact]
    public async Task An_address_gets_its_broadcast_from_a_plus() =>
        Assert.Equal(
            [new ChangeAddress(EntryOperation.Add, new AddressView { Device = "eth0", Address = Ipv4Address.Parse("10.3.0.1"), PrefixLength = 24, Broadcast = Ipv4Address.Parse("10.3.0.255") })],
            await ChangesAsync("ip addr add 10.3.0.1/24 brd + dev eth0"));

    [Fact]
    public async Task An_address_is_a_host_without_a_length_and_deleted_with_a_warning()
    {
        ToolRun run = await ToolRun.OfAsync("ip addr del 192.168.56.11 dev eth0", GoldenNode.Node());

        Assert.Equal([new ChangeAddress(EntryOperation.Delete, new AddressView { Device = "eth0", Address = Ipv4Address.Parse("192.168.56.11"), PrefixLength = 32 }, AnyPrefixLength: true)], run.Changes);
        Assert.StartsWith("Warning: Executing wildcard deletion to stay compatible with old scripts.\n", run.Error, StringComparison.Ordinal);
        Assert.Equal(0, run.ExitCode);
    }

    [Theory]
    [InlineData("ip neigh add 10.244.3.0 lladdr 5e:f4:68:83:7d:03 dev flannel.1", EntryOperation.Add, NeighbourState.Permanent)]
    [InlineData("ip neigh replace 10.244.3.0 lladdr 5e:f4:68:83:7d:03 dev flannel.1 nud reachable", EntryOperation.Replace, NeighbourState.Reachable)]
    [InlineData("ip n c to 10.244.3.0 ll 5e:f4:68:83:7d:03 dev flannel.1 nud st", EntryOperation.Change, NeighbourState.Stale)]
    public async Task A_neighbour_is_permanent_unless_said(string command, EntryOperation operation, NeighbourState state) =>
        Assert.Equal(
            [new ChangeNeighbour(operation, new NeighbourView { Address = Ipv4Address.Parse("10.244.3.0"), Device = "flannel.1", Mac = MacAddress.Parse("5e:f4:68:83:7d:03"), State = state })],
            await ChangesAsync(command));

    [Fact]
    public async Task Neighbours_of_a_device_are_flushed() =>
        Assert.Equal([new FlushNeighbours("cni0", Ipv4Prefix.Parse("10.244.1.0/24"), null)], await ChangesAsync("ip neigh flush dev cni0 to 10.244.1.0/24"));

    [Theory]
    [InlineData("bridge fdb add 5e:f4:68:83:7d:03 dev flannel.1 dst 192.168.56.13", EntryOperation.Add, FdbEntryState.Permanent)]
    [InlineData("bridge fdb replace 5e:f4:68:83:7d:03 dev flannel.1 dst 192.168.56.13 self permanent", EntryOperation.Replace, FdbEntryState.Permanent)]
    [InlineData("bridge fdb app 5e:f4:68:83:7d:03 dev flannel.1 dst 192.168.56.13 static", EntryOperation.Append, FdbEntryState.Static)]
    [InlineData("bridge f d to 5e:f4:68:83:7d:03 dev flannel.1 dst 192.168.56.13 dyn", EntryOperation.Delete, FdbEntryState.Learned)]
    public async Task A_tunnels_entry_is_its_own_and_permanent_unless_said(string command, EntryOperation operation, FdbEntryState state) =>
        Assert.Equal(
            [new ChangeFdbEntry(operation, new FdbEntryView { Mac = MacAddress.Parse("5e:f4:68:83:7d:03"), Device = "flannel.1", Destination = Ipv4Address.Parse("192.168.56.13"), Self = true, State = state })],
            await ChangesAsync(command));

    [Fact]
    public async Task A_bridges_entry_is_meant_by_master() =>
        Assert.Equal(
            [new ChangeFdbEntry(EntryOperation.Add, new FdbEntryView { Mac = MacAddress.Parse("0a:00:00:00:01:09"), Device = "veth1a2b3c4d", Master = "cni0", State = FdbEntryState.Static })],
            await ChangesAsync("bridge fdb add 0a:00:00:00:01:09 dev veth1a2b3c4d master static"));

    [Fact]
    public async Task A_ports_settings_change_only_where_written() =>
        Assert.Equal(
            [new SetBridgePort("veth1a2b3c4d") { Hairpin = false, Learning = true, Flood = false, State = BridgePortState.Blocking }],
            await ChangesAsync("bridge link set dev veth1a2b3c4d hairpin off learning on flood off state blocking"));

    [Fact]
    public async Task Brctl_sets_hairpin() =>
        Assert.Equal([new SetBridgePort("veth1a2b3c4d") { Hairpin = false }], await ChangesAsync("brctl hairpin cni0 veth1a2b3c4d off"));

    [Theory]
    [InlineData("ip route add 10.9.0.0/16 via 192.168.56.1", 2)]
    [InlineData("ip neigh add 10.244.2.0 lladdr 5e:f4:68:83:7d:02 dev flannel.1", 2)]
    [InlineData("bridge fdb add 5e:f4:68:83:7d:02 dev flannel.1 dst 192.168.56.12", 255)]
    public async Task A_refusal_is_said_in_the_kernels_words(string command, int exitCode)
    {
        ToolRun run = await ToolRun.OfAsync(command, GoldenNode.Node(), ControlResult.FileExists);

        Assert.Equal("RTNETLINK answers: File exists\n", run.Error);
        Assert.Equal("", run.Output);
        Assert.Equal(exitCode, run.ExitCode);
    }

    [Theory]
    [InlineData("ip netns")]
    [InlineData("ip -j addr")]
    [InlineData("ip link set eth0 name eth9")]
    [InlineData("ip route flush table main")]
    [InlineData("bridge vlan")]
    [InlineData("brctl addbr br7")]
    public async Task What_is_not_emulated_says_so_and_changes_nothing(string command)
    {
        ToolRun run = await ToolRun.OfAsync(command, GoldenNode.Node());

        Assert.EndsWith("is not emulated.\n", run.Error, StringComparison.Ordinal);
        Assert.Equal(255, run.ExitCode);
        Assert.Empty(run.Changes);
    }

    private static async Task<IReadOnlyList<NamespaceChange>> ChangesAsync(string command)
    {
        ToolRun run = await ToolRun.OfAsync(command, GoldenNode.Node());
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.ExitCode);
        return run.Changes;
    }
}
