using System.Text.Json;
using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Packets;

namespace ActorNet.Interop.Tests.Inspection;

/// <summary>
/// Reads what a kernel namespace holds as values, not as text: iproute2's JSON. The view that comes out is printed by our tools and
/// compared with what the real ones print.
/// </summary>
public static class KernelViewReader
{
    /// <summary>Reads a namespace.</summary>
    public static async Task<NamespaceView> ReadAsync(NetworkNamespace ns)
    {
        ArgumentNullException.ThrowIfNull(ns);
        Dictionary<int, string> names = await ReadNetnsNamesAsync(ns);
        JsonElement[] links = await JsonAsync(ns, "ip", "-j", "-d", "-s", "-s", "link");
        Dictionary<string, int> indexes = links.ToDictionary(link => Text(link, "ifname")!, link => Int(link, "ifindex")!.Value);
        return new NamespaceView
        {
            Name = ns.Name,
            Links = [.. links.Select(link => Link(link, indexes, names))],
            Addresses = [.. (await JsonAsync(ns, "ip", "-j", "addr")).SelectMany(Addresses)],
            Routes = [.. (await JsonAsync(ns, "ip", "-j", "route", "show", "table", "all")).Select(Route)],
            Neighbours =
            [
                .. (await JsonAsync(ns, "ip", "-j", "-s", "neigh", "show", "nud", "all")).Select(Neighbour),
                .. (await JsonAsync(ns, "ip", "-j", "neigh", "show", "proxy")).Select(Neighbour),
            ],
            Fdb = [.. (await JsonAsync(ns, "bridge", "-j", "-s", "fdb")).Select(Fdb)],
        };
    }

    private static async Task<Dictionary<int, string>> ReadNetnsNamesAsync(NetworkNamespace ns) =>
        (await JsonAsync(ns, "ip", "-j", "netns", "list-id"))
            .Where(each => Text(each, "name") is not null)
            .ToDictionary(each => Int(each, "nsid")!.Value, each => Text(each, "name")!);

    private static async Task<JsonElement[]> JsonAsync(NetworkNamespace ns, params string[] command)
    {
        string text = (await ns.ExecAsync(command)).Output;
        if (string.IsNullOrWhiteSpace(text))
            return [];
        using var document = JsonDocument.Parse(text);
        return [.. document.RootElement.EnumerateArray().Select(element => element.Clone()).Where(element => element.EnumerateObject().Any())];
    }

    private static LinkView Link(JsonElement json, Dictionary<string, int> indexes, Dictionary<int, string> names)
    {
        string[] flags = Strings(json, "flags");
        JsonElement? info = Child(json, "linkinfo");
        string? kind = info is { } some ? Text(some, "info_kind") : null;
        int? netns = Int(json, "link_netnsid");
        string? peer = Text(json, "link");
        return new LinkView
        {
            IfIndex = Int(json, "ifindex")!.Value,
            Name = Text(json, "ifname")!,
            Kind = kind,
            Flags = Flags(flags),
            Mtu = Int(json, "mtu")!.Value,
            Qdisc = Text(json, "qdisc")!,
            OperState = Enum.Parse<OperState>(Text(json, "operstate")!, ignoreCase: true),
            Mac = MacAddress.Parse(Text(json, "address")!),
            TxQueueLength = Int(json, "txqlen") ?? 0,
            PeerIfIndex = peer is not null ? indexes[peer] : Int(json, "link_index"),
            PeerNetnsId = netns,
            PeerNetns = netns is int id ? names.GetValueOrDefault(id) : Text(json, "link_netns"),
            Master = Text(json, "master"),
            Promiscuity = Int(json, "promiscuity")!.Value,
            AllMulticast = Int(json, "allmulti")!.Value,
            MinMtu = Int(json, "min_mtu")!.Value,
            MaxMtu = Int(json, "max_mtu")!.Value,
            Limits = new LinkLimits(Int(json, "num_tx_queues")!.Value, Int(json, "num_rx_queues")!.Value, Int(json, "gso_max_size")!.Value, Int(json, "gso_max_segs")!.Value, Int(json, "tso_max_size")!.Value, Int(json, "tso_max_segs")!.Value, Int(json, "gro_max_size")!.Value),
            Counters = Counters(json.GetProperty("stats64")),
            Vxlan = kind == "vxlan" ? Vxlan(info!.Value.GetProperty("info_data")) : null,
            Bridge = kind == "bridge" ? Bridge(info!.Value.GetProperty("info_data")) : null,
            Port = info is { } slave && Text(slave, "info_slave_kind") == "bridge" ? Port(slave.GetProperty("info_slave_data")) : null,
        };
    }

    private static LinkFlags Flags(string[] names)
    {
        LinkFlags flags = LinkFlags.None;
        foreach (string name in names)
        {
            flags |= name switch
            {
                "UP" => LinkFlags.Up,
                "BROADCAST" => LinkFlags.Broadcast,
                "LOOPBACK" => LinkFlags.Loopback,
                "MULTICAST" => LinkFlags.Multicast,
                "LOWER_UP" => LinkFlags.LowerUp,
                "NOARP" => LinkFlags.NoArp,
                "PROMISC" => LinkFlags.Promiscuous,
                "ALLMULTI" => LinkFlags.AllMulticast,
                "NO-CARRIER" or "M-DOWN" => LinkFlags.None,
                _ => throw new FormatException($"Flag {name} is not known here."),
            };
        }

        // The tool does not name IFF_RUNNING; it says NO-CARRIER where a device that is up lacks it.
        return names.Contains("UP") && !names.Contains("NO-CARRIER") ? flags | LinkFlags.Running : flags;
    }

    private static LinkCounters Counters(JsonElement stats)
    {
        JsonElement rx = stats.GetProperty("rx");
        JsonElement tx = stats.GetProperty("tx");
        return new LinkCounters
        {
            RxBytes = rx.GetProperty("bytes").GetInt64(),
            RxPackets = rx.GetProperty("packets").GetInt64(),
            RxErrors = rx.GetProperty("errors").GetInt64(),
            RxDropped = rx.GetProperty("dropped").GetInt64(),
            RxMissed = rx.GetProperty("missed_errors").GetInt64(),
            Multicast = rx.GetProperty("multicast").GetInt64(),
            RxLengthErrors = rx.GetProperty("length_errors").GetInt64(),
            RxCrcErrors = rx.GetProperty("crc_errors").GetInt64(),
            RxFrameErrors = rx.GetProperty("frame_errors").GetInt64(),
            RxFifoErrors = rx.GetProperty("fifo_errors").GetInt64(),
            RxOverErrors = rx.GetProperty("over_errors").GetInt64(),
            TxBytes = tx.GetProperty("bytes").GetInt64(),
            TxPackets = tx.GetProperty("packets").GetInt64(),
            TxErrors = tx.GetProperty("errors").GetInt64(),
            TxDropped = tx.GetProperty("dropped").GetInt64(),
            TxCarrierErrors = tx.GetProperty("carrier_errors").GetInt64(),
            Collisions = tx.GetProperty("collisions").GetInt64(),
            TxAbortedErrors = tx.GetProperty("aborted_errors").GetInt64(),
            TxFifoErrors = tx.GetProperty("fifo_errors").GetInt64(),
            TxWindowErrors = tx.GetProperty("window_errors").GetInt64(),
            TxHeartbeatErrors = tx.GetProperty("heartbeat_errors").GetInt64(),
            CarrierChanges = tx.GetProperty("carrier_changes").GetInt64(),
        };
    }

    private static VxlanLinkView Vxlan(JsonElement json) => new()
    {
        Vni = Int(json, "id")!.Value,
        Local = Address(json, "local"),
        Remote = Address(json, "remote") ?? Address(json, "group"),
        LowerDevice = Text(json, "link"),
        SourcePortLow = Int(json.GetProperty("port_range"), "low")!.Value,
        SourcePortHigh = Int(json.GetProperty("port_range"), "high")!.Value,
        DestinationPort = Int(json, "port")!.Value,
        Learning = Bool(json, "learning"),
        Ttl = Int(json, "ttl") ?? 0,
        Ageing = TimeSpan.FromSeconds(Int(json, "ageing")!.Value),
        MaxAddresses = Int(json, "limit") ?? 0,
        UdpChecksum = Bool(json, "udp_csum"),
    };

    private static BridgeView Bridge(JsonElement json) => new()
    {
        Id = Id(Text(json, "bridge_id")!),
        DesignatedRoot = Id(Text(json, "root_id")!),
        Stp = Int(json, "stp_state") == 1,
        Ageing = Centiseconds(json, "ageing_time"),
        ForwardDelay = Centiseconds(json, "forward_delay"),
        HelloTime = Centiseconds(json, "hello_time"),
        MaxAge = Centiseconds(json, "max_age"),
        RootPort = Int(json, "root_port")!.Value,
        RootPathCost = Int(json, "root_path_cost")!.Value,
        TopologyChange = Int(json, "topology_change") == 1,
        TopologyChangeDetected = Int(json, "topology_change_detected") == 1,
        GcTimer = TimeSpan.FromSeconds(json.GetProperty("gc_timer").GetDouble()),
        MulticastSnooping = Int(json, "mcast_snooping") == 1,
        NetfilterCall = Int(json, "nf_call_iptables") == 1,
    };

    private static BridgePortView Port(JsonElement json) => new()
    {
        Number = Convert.ToInt32(Text(json, "no"), 16),
        State = Enum.Parse<BridgePortState>(Text(json, "state")!, ignoreCase: true),
        Priority = Int(json, "priority")!.Value,
        Cost = Int(json, "cost")!.Value,
        Hairpin = Bool(json, "hairpin"),
        Guard = Bool(json, "guard"),
        RootBlock = Bool(json, "root_block"),
        FastLeave = Bool(json, "fastleave"),
        Learning = Bool(json, "learning"),
        Flood = Bool(json, "flood"),
        MulticastFlood = Bool(json, "mcast_flood"),
        BroadcastFlood = Bool(json, "bcast_flood"),
        MulticastToUnicast = Bool(json, "mcast_to_unicast"),
        NeighbourSuppress = Bool(json, "neigh_suppress"),
        Isolated = Bool(json, "isolated"),
        Locked = Bool(json, "locked"),
        DesignatedBridge = Id(Text(json, "bridge_id")!),
        DesignatedRoot = Id(Text(json, "root_id")!),
        DesignatedCost = Int(json, "designated_cost")!.Value,
        DesignatedPort = Int(json, "designated_port")!.Value,
        ForwardDelayTimer = TimeSpan.FromSeconds(json.GetProperty("forward_delay_timer").GetDouble()),
    };

    private static BridgeId Id(string text)
    {
        string[] parts = text.Split('.');
        string mac = string.Join(':', parts[1].Split(':').Select(octet => octet.PadLeft(2, '0')));
        return new BridgeId(Convert.ToInt32(parts[0], 16), MacAddress.Parse(mac));
    }

    private static IEnumerable<AddressView> Addresses(JsonElement link) => link.GetProperty("addr_info").EnumerateArray().Select(json => new AddressView
    {
        Device = Text(link, "ifname")!,
        Address = Address(json, "local")!.Value,
        PrefixLength = Int(json, "prefixlen")!.Value,
        Broadcast = Address(json, "broadcast"),
        Peer = Address(json, "address"),
        Scope = Scope(Text(json, "scope")),
        Label = Text(json, "label"),
        IsSecondary = Bool(json, "secondary"),
    });

    private static RouteView Route(JsonElement json)
    {
        string[] flags = Strings(json, "flags");
        return new RouteView
        {
            Destination = Text(json, "dst") is { } text && text != "default" ? Ipv4Prefix.Parse(text) : Ipv4Prefix.Default,
            Type = Text(json, "type") is { } type ? Enum.Parse<RouteType>(type, ignoreCase: true) : RouteType.Unicast,
            Gateway = Address(json, "gateway"),
            Device = Text(json, "dev"),
            Protocol = Text(json, "protocol") is { } protocol ? Enum.Parse<RouteProtocol>(protocol, ignoreCase: true) : RouteProtocol.Boot,
            Scope = Scope(Text(json, "scope")),
            PreferredSource = Address(json, "prefsrc"),
            Metric = Int(json, "metric") ?? 0,
            Table = Text(json, "table") == "local" ? RouteView.LocalTable : RouteView.MainTable,
            OnLink = flags.Contains("onlink"),
            LinkDown = flags.Contains("linkdown"),
            Mtu = Child(json, "metrics") is { } metrics ? Int(metrics[0], "mtu") : null,
        };
    }

    private static NeighbourView Neighbour(JsonElement json) => new()
    {
        Address = Address(json, "dst")!.Value,
        Device = Text(json, "dev")!,
        Mac = Text(json, "lladdr") is { } mac ? MacAddress.Parse(mac) : null,
        State = Strings(json, "state") is [string state, ..] ? Enum.Parse<NeighbourState>(state, ignoreCase: true) : NeighbourState.None,
        Used = Seconds(json, "used") ?? TimeSpan.Zero,
        Confirmed = Seconds(json, "confirmed") ?? TimeSpan.Zero,
        Updated = Seconds(json, "updated") ?? TimeSpan.Zero,
        References = Int(json, "refcnt") ?? 0,
        Probes = Int(json, "probes") ?? 0,
        Proxy = json.TryGetProperty("proxy", out _),
    };

    private static FdbEntryView Fdb(JsonElement json) => new()
    {
        Mac = MacAddress.Parse(Text(json, "mac")!),
        Device = Text(json, "ifname")!,
        Destination = Address(json, "dst"),
        Port = Int(json, "port"),
        Vni = Int(json, "vni"),
        Via = Text(json, "viaIf"),
        Master = Text(json, "master"),
        Self = Strings(json, "flags").Contains("self"),
        State = Text(json, "state") switch
        {
            "permanent" => FdbEntryState.Permanent,
            "static" => FdbEntryState.Static,
            "stale" => FdbEntryState.Stale,
            _ => FdbEntryState.Learned,
        },
        Used = Seconds(json, "used"),
        Updated = Seconds(json, "updated"),
    };

    private static RouteScope Scope(string? text) => text is null ? RouteScope.Global : Enum.Parse<RouteScope>(text, ignoreCase: true);

    private static JsonElement? Child(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement child) ? child : null;

    private static string? Text(JsonElement json, string name) => Child(json, name)?.GetString();

    private static int? Int(JsonElement json, string name) => Child(json, name)?.GetInt32();

    private static bool Bool(JsonElement json, string name) => Child(json, name) is { ValueKind: JsonValueKind.True };

    private static Ipv4Address? Address(JsonElement json, string name) => Text(json, name) is { } text ? Ipv4Address.Parse(text) : null;

    private static TimeSpan? Seconds(JsonElement json, string name) => Int(json, name) is int seconds ? TimeSpan.FromSeconds(seconds) : null;

    private static TimeSpan Centiseconds(JsonElement json, string name) => TimeSpan.FromMilliseconds(Int(json, name)!.Value * 10);

    private static string[] Strings(JsonElement json, string name) =>
        Child(json, name) is { ValueKind: JsonValueKind.Array } array ? [.. array.EnumerateArray().Select(item => item.GetString()!)] : [];
}
