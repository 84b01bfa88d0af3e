using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Workloads.Tests.Inspection;

/// <summary>The node and the pod that Golden/record.sh makes, written by hand as views: its commands are the source of every value.</summary>
internal static class GoldenNode
{
    private const LinkFlags Ethernet = LinkFlags.Broadcast | LinkFlags.Multicast | LinkFlags.Up | LinkFlags.LowerUp | LinkFlags.Running;
    private static readonly LinkLimits Veth = new(2, 2);
    private static readonly BridgeId BridgeId = new(0x8000, MacAddress.Parse("72:30:d8:97:fa:ed"));

    /// <summary>The node; what is left of the ageing run's timer differs between two recordings of it.</summary>
    public static NamespaceView Node(double gcTimer = 290.64) => new()
    {
        Name = "golden-n1",
        Links =
        [
            Loopback(new LinkCounters { RxBytes = 112, RxPackets = 1, TxBytes = 112, TxPackets = 1 }),
            new LinkView
            {
                IfIndex = 2, Name = "eth0", Kind = "veth", Flags = Ethernet, OperState = OperState.Up, Mac = MacAddress.Parse("02:42:c0:a8:38:0b"),
                PeerIfIndex = 9, PeerNetnsId = 0, PeerNetns = "golden-lan", Limits = Veth, Counters = new LinkCounters { TxBytes = 126, TxPackets = 3 },
            },
            new LinkView
            {
                IfIndex = 3, Name = "flannel.1", Kind = "vxlan", Flags = Ethernet, Mtu = 1450, Mac = MacAddress.Parse("5e:f4:68:83:7d:01"),
                Vxlan = new VxlanLinkView { Vni = 1, Local = Ipv4Address.Parse("192.168.56.11"), LowerDevice = "eth0" },
            },
            new LinkView
            {
                IfIndex = 4, Name = "cni0", Kind = "bridge", Flags = Ethernet, Mtu = 1450, OperState = OperState.Up, Mac = BridgeId.Mac,
                Counters = new LinkCounters { RxBytes = 3112, RxPackets = 4, TxBytes = 3168, TxPackets = 4 },
                Bridge = new BridgeView
                {
                    Id = BridgeId, DesignatedRoot = BridgeId, ForwardDelay = TimeSpan.FromSeconds(2), MulticastSnooping = false, GcTimer = TimeSpan.FromSeconds(gcTimer),
                },
            },
            new LinkView
            {
                IfIndex = 5, Name = "veth1a2b3c4d", Kind = "veth", Flags = Ethernet, Mtu = 1450, OperState = OperState.Up, Mac = MacAddress.Parse("0a:11:22:33:44:55"),
                PeerIfIndex = 2, PeerNetnsId = 1, PeerNetns = "golden-pod", Master = "cni0", Promiscuity = 1, AllMulticast = 1, Limits = Veth,
                Counters = new LinkCounters { RxBytes = 3168, RxPackets = 4, TxBytes = 3210, TxPackets = 5 },
                Port = new BridgePortView { Number = 1, Hairpin = true, DesignatedRoot = BridgeId, DesignatedBridge = BridgeId, DesignatedPort = 0x8001 },
            },
        ],
        Addresses =
        [
            Address("lo", "127.0.0.1", 8) with { Scope = RouteScope.Host },
            Address("eth0", "192.168.56.11", 24, "192.168.56.255"),
            Address("flannel.1", "10.244.1.0", 32),
            Address("cni0", "10.244.1.1", 24, "10.244.1.255"),
        ],
        Routes =
        [
            // In no order: the tools sort.
            new RouteView { Destination = Ipv4Prefix.Parse("10.244.2.0/24"), Gateway = Ipv4Address.Parse("10.244.2.0"), Device = "flannel.1", OnLink = true },
            Connected("192.168.56.0/24", "eth0", "192.168.56.11"),
            Connected("10.244.1.0/24", "cni0", "10.244.1.1"),
            new RouteView { Destination = Ipv4Prefix.Default, Gateway = Ipv4Address.Parse("192.168.56.1"), Device = "eth0" },
            Local("127.0.0.1/32", "lo", "127.0.0.1"), Local("127.0.0.0/8", "lo", "127.0.0.1"), Broadcast("127.255.255.255/32", "lo", "127.0.0.1"),
            Local("10.244.1.0/32", "flannel.1", "10.244.1.0"),
            Local("10.244.1.1/32", "cni0", "10.244.1.1"), Broadcast("10.244.1.255/32", "cni0", "10.244.1.1"),
            Local("192.168.56.11/32", "eth0", "192.168.56.11"), Broadcast("192.168.56.255/32", "eth0", "192.168.56.11"),
        ],
        Neighbours =
        [
            Neighbour("10.244.2.0", "flannel.1", "5e:f4:68:83:7d:02", NeighbourState.Permanent, 9, 9, 9),
            Neighbour("10.244.1.2", "cni0", "0a:00:00:00:01:02", NeighbourState.Stale, 4, 64, 4),
            Neighbour("192.168.56.77", "eth0", null, NeighbourState.Failed, 4, 64, 0) with { Probes = 6 },
        ],
        Fdb =
        [
            Group("33:33:00:00:00:01", "eth0"), Group("01:00:5e:00:00:01", "eth0"),
            new FdbEntryView
            {
                Mac = MacAddress.Parse("5e:f4:68:83:7d:02"), Device = "flannel.1", Destination = Ipv4Address.Parse("192.168.56.12"), Self = true,
                State = FdbEntryState.Permanent, Used = TimeSpan.FromSeconds(9), Updated = TimeSpan.FromSeconds(9),
            },
            Group("33:33:00:00:00:01", "cni0"), Group("01:00:5e:00:00:01", "cni0"),
            Bridged("72:30:d8:97:fa:ed", "cni0", FdbEntryState.Permanent, 9),
            Bridged("0a:00:00:00:01:02", "veth1a2b3c4d", FdbEntryState.Learned, 4.09),
            Bridged("0a:11:22:33:44:55", "veth1a2b3c4d", FdbEntryState.Permanent, 9),
            Group("33:33:00:00:00:01", "veth1a2b3c4d"), Group("01:00:5e:00:00:01", "veth1a2b3c4d"),
        ],
    };

    /// <summary>The pod.</summary>
    public static NamespaceView Pod() => new()
    {
        Name = "golden-pod",
        Links =
        [
            Loopback(LinkCounters.Zero),
            new LinkView
            {
                IfIndex = 2, Name = "eth0", Kind = "veth", Flags = Ethernet, Mtu = 1450, OperState = OperState.Up, Mac = MacAddress.Parse("0a:00:00:00:01:02"),
                PeerIfIndex = 5, PeerNetnsId = 0, PeerNetns = "golden-n1", Limits = Veth,
                Counters = new LinkCounters { RxBytes = 3210, RxPackets = 5, TxBytes = 3168, TxPackets = 4 },
            },
        ],
        Addresses = [Address("lo", "127.0.0.1", 8) with { Scope = RouteScope.Host }, Address("eth0", "10.244.1.2", 24, "10.244.1.255")],
        Routes =
        [
            new RouteView { Destination = Ipv4Prefix.Default, Gateway = Ipv4Address.Parse("10.244.1.1"), Device = "eth0" },
            new RouteView { Destination = Ipv4Prefix.Parse("10.244.0.0/16"), Gateway = Ipv4Address.Parse("10.244.1.1"), Device = "eth0" },
            Connected("10.244.1.0/24", "eth0", "10.244.1.2"),
        ],
        Neighbours = [Neighbour("10.244.1.1", "eth0", "72:30:d8:97:fa:ed", NeighbourState.Stale, 4, 4, 4)],
    };

    private static LinkView Loopback(LinkCounters counters) => new()
    {
        IfIndex = 1,
        Name = "lo",
        Flags = LinkFlags.Loopback | LinkFlags.Up | LinkFlags.LowerUp | LinkFlags.Running,
        Mtu = 65536,
        MinMtu = 0,
        MaxMtu = 0,
        Counters = counters,
    };

    private static AddressView Address(string device, string address, int length, string? broadcast = null) => new()
    {
        Device = device,
        Address = Ipv4Address.Parse(address),
        PrefixLength = length,
        Broadcast = broadcast is null ? null : Ipv4Address.Parse(broadcast),
    };

    private static RouteView Connected(string prefix, string device, string source) => new()
    {
        Destination = Ipv4Prefix.Parse(prefix),
        Device = device,
        Protocol = RouteProtocol.Kernel,
        Scope = RouteScope.Link,
        PreferredSource = Ipv4Address.Parse(source),
    };

    private static RouteView Local(string prefix, string device, string source) =>
        Connected(prefix, device, source) with { Type = RouteType.Local, Scope = RouteScope.Host, Table = RouteView.LocalTable };

    private static RouteView Broadcast(string prefix, string device, string source) =>
        Connected(prefix, device, source) with { Type = RouteType.Broadcast, Table = RouteView.LocalTable };

    private static NeighbourView Neighbour(string address, string device, string? mac, NeighbourState state, int used, int confirmed, int updated) => new()
    {
        Address = Ipv4Address.Parse(address),
        Device = device,
        Mac = mac is null ? null : MacAddress.Parse(mac),
        State = state,
        Used = TimeSpan.FromSeconds(used),
        Confirmed = TimeSpan.FromSeconds(confirmed),
        Updated = TimeSpan.FromSeconds(updated),
    };

    private static FdbEntryView Group(string mac, string device) =>
        new() { Mac = MacAddress.Parse(mac), Device = device, Self = true, State = FdbEntryState.Permanent };

    private static FdbEntryView Bridged(string mac, string device, FdbEntryState state, double age) => new()
    {
        Mac = MacAddress.Parse(mac),
        Device = device,
        Master = "cni0",
        State = state,
        Used = TimeSpan.FromSeconds(age),
        Updated = TimeSpan.FromSeconds(age),
    };
}
