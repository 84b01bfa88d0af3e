using ActorNet.Dataplane.Frames;
using ActorNet.Packets;
using static ActorNet.Dataplane.Tests.Ip.Packets;
using static ActorNet.Dataplane.Tests.Netfilter.NetfilterBench;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>
/// bridge-nf-call-iptables (linux net/bridge/br_netfilter_hooks.c). What Linux does was observed for the project's facts: a service's pod on the same node
/// sees TTL 64 and the client's MAC; with the setting off the client gets its answer from the pod's own address, and the connection stays half open.
/// </summary>
public class BridgeNetfilterTests
{
    /// <summary>Whether established connections take the short path; the same tests are run without.</summary>
    protected virtual bool ShortPath => true;

    private const string Service = """
        *nat
        :PREROUTING ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A PREROUTING -d 10.96.1.2/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.1.3:8080
        -A PREROUTING -d 10.96.1.9/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.56.12:8080
        -A POSTROUTING -s 10.244.1.3/32 -d 10.244.1.3/32 -j MASQUERADE
        COMMIT
        *filter
        :FORWARD ACCEPT [0:0]
        -A FORWARD -m conntrack --ctstate INVALID -j DROP
        -A FORWARD -i cni0 -o cni0 -m conntrack --ctstate RELATED,ESTABLISHED
        COMMIT

        """;

    [Fact]
    public void A_pod_reaches_a_service_whose_pod_is_on_its_own_node_and_the_answer_seems_to_come_from_the_service()
    {
        using BridgedNode node = Node(Service);
        Learn(node);
        (string device, byte[] frame) = Assert.Single(node.FromPod(0, Tcp(BridgedNode.Ip(0), "10.96.1.2", 40000, 80, TcpFlags.Syn)));
        Assert.Equal("veth1", device);
        AssertBridged(frame, from: 0, to: 1);
        Assert.Equal("10.244.1.2:40000 > 10.244.1.3:8080", Describe(frame[14..]));

        // The answer goes from pod to pod inside the bridge and yet is translated back.
        (device, frame) = Assert.Single(node.Arrive(1, BridgedNode.Mac(0), Tcp(BridgedNode.Ip(1), BridgedNode.Ip(0), 8080, 40000, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001)));
        Assert.Equal("veth0", device);
        AssertBridged(frame, from: 1, to: 0);
        Assert.Equal("10.96.1.2:80 > 10.244.1.2:40000", Describe(frame[14..]));

        Assert.Equal("10.244.1.2:40000 > 10.244.1.3:8080", Describe(Assert.Single(node.FromPod(0, Tcp(BridgedNode.Ip(0), "10.96.1.2", 40000, 80, TcpFlags.Ack, 1001, 5001))).Frame[14..]));
        Assert.Equal(["tcp      6 432000 ESTABLISHED src=10.244.1.2 dst=10.96.1.2 sport=40000 dport=80 src=10.244.1.3 dst=10.244.1.2 sport=8080 dport=40000 [ASSURED] mark=0 use=1"], node.Connections());
        // Three packets in FORWARD once each; the service's rule was asked by the first alone.
        string saved = node.Netfilter!.Save(DateTimeOffset.UnixEpoch, counters: true);
        Assert.Contains(":FORWARD ACCEPT [3:120]", saved, StringComparison.Ordinal);
        Assert.Contains("[2:80] -A FORWARD -i cni0 -o cni0 -m conntrack", saved, StringComparison.Ordinal);
        Assert.Contains("[1:40] -A PREROUTING -d 10.96.1.2/32", saved, StringComparison.Ordinal);
        // Nothing was routed.
        Assert.Equal(0, node.Namespace.Ip.ForwDatagrams);
    }

    [Fact]
    public void Switched_off_the_answer_comes_from_the_pods_own_address_and_the_connection_stays_unreplied()
    {
        using BridgedNode node = Node(Service, callsIptables: false);
        Learn(node);
        byte[] there = Assert.Single(node.FromPod(0, Tcp(BridgedNode.Ip(0), "10.96.1.2", 40000, 80, TcpFlags.Syn))).Frame;
        Assert.Equal(63, there[14 + 8]);
        Assert.Equal(BridgedNode.BridgeMac, MacAddress.Read(there.AsSpan(6)));
        byte[] back = Assert.Single(node.Arrive(1, BridgedNode.Mac(0), Tcp(BridgedNode.Ip(1), BridgedNode.Ip(0), 8080, 40000, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001))).Frame;
        Assert.Equal("10.244.1.3:8080 > 10.244.1.2:40000", Describe(back[14..]));
        Assert.Contains("SYN_SENT src=10.244.1.2 dst=10.96.1.2 sport=40000 dport=80 [UNREPLIED]", Assert.Single(node.Connections()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_pod_reaches_itself_through_its_service_when_its_port_has_the_hairpin_flag(bool hairpin)
    {
        using BridgedNode node = Node(Service);
        Learn(node);
        node.Bridge.Ports[1].Hairpin = hairpin;
        List<(string Device, byte[] Frame)> there = node.FromPod(1, Tcp(BridgedNode.Ip(1), "10.96.1.2", 40000, 80, TcpFlags.Syn));
        if (!hairpin)
        {
            Assert.Empty(there);
            return;
        }

        Assert.Equal("veth1", Assert.Single(there).Device);
        AssertBridged(there[0].Frame, from: 1, to: 1);
        Assert.Equal("10.244.1.1:40000 > 10.244.1.3:8080", Describe(there[0].Frame[14..]));
        // The answer is for cni0's address: DNAT leads it back to the pod, bridged.
        (string device, byte[] frame) = Assert.Single(node.FromPod(1, Tcp(BridgedNode.Ip(1), "10.244.1.1", 8080, 40000, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001)));
        Assert.Equal("veth1", device);
        AssertBridged(frame, from: 1, to: 1);
        Assert.Equal("10.96.1.2:80 > 10.244.1.3:40000", Describe(frame[14..]));
    }

    [Fact]
    public void A_translated_packet_for_another_network_is_routed()
    {
        using BridgedNode node = Node(Service);
        Learn(node);
        (string device, byte[] frame) = Assert.Single(node.FromPod(0, Tcp(BridgedNode.Ip(0), "10.96.1.9", 40000, 80, TcpFlags.Syn)));
        Assert.Equal("eth0", device);
        Assert.Equal(63, frame[14 + 8]);
        Assert.Equal("10.244.1.2:40000 > 192.168.56.12:8080", Describe(frame[14..]));
    }

    [Fact]
    public void While_the_neighbour_is_unknown_the_frame_waits_for_it()
    {
        using BridgedNode node = Node(Service, knowPods: false);
        Learn(node);
        List<(string Device, byte[] Frame)> sent = node.FromPod(0, Tcp(BridgedNode.Ip(0), "10.96.1.2", 40000, 80, TcpFlags.Syn));
        // A question to every port, and no packet yet.
        Assert.Equal(3, sent.Count);
        Assert.All(sent, static s => Assert.Equal([0x08, 0x06], s.Frame[12..14]));
        byte[] reply = Ethernet(BridgedNode.BridgeMac.ToString(), BridgedNode.Mac(1).ToString(), 0x0806, Arp(2, BridgedNode.Mac(1).ToString(), BridgedNode.Ip(1), BridgedNode.BridgeMac.ToString(), "10.244.1.1"));
        (string device, byte[] waited) = Assert.Single(node.Arrive(1, node.Vector(reply)));
        Assert.Equal("veth1", device);
        // It is a bridged frame still: the TTL and the Ethernet source are the client's (br_nf_pre_routing_finish_bridge_slow).
        Assert.Equal($"{BridgedNode.Mac(1)} {BridgedNode.Mac(0)}", $"{MacAddress.Read(waited)} {MacAddress.Read(waited.AsSpan(6))}");
        Assert.Equal(64, waited[14 + 8]);
        Assert.Equal("10.244.1.2:40000 > 10.244.1.3:8080", Describe(waited[14..]));
    }

    [Fact]
    public void Rules_see_the_ports_and_can_drop_what_is_only_bridged()
    {
        using BridgedNode node = Node("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -i cni0 -o cni0 -m physdev --physdev-in veth0 --physdev-out veth1 --physdev-is-bridged -j DROP\nCOMMIT\n");
        Learn(node);
        Assert.Empty(node.Arrive(0, BridgedNode.Mac(1), Udp(BridgedNode.Ip(0), BridgedNode.Ip(1), 5000, 53)));
        Assert.Equal("veth2", Assert.Single(node.Arrive(0, BridgedNode.Mac(2), Udp(BridgedNode.Ip(0), BridgedNode.Ip(2), 5000, 53))).Device);
        Assert.Equal("veth0", Assert.Single(node.Arrive(1, BridgedNode.Mac(0), Udp(BridgedNode.Ip(1), BridgedNode.Ip(0), 53, 5000))).Device);
        Assert.Equal(1, node.Namespace.Drops[DropReason.RuleDropped]);
    }

    [Fact]
    public void Frames_of_one_vector_part_ways_and_other_protocols_do_not_ask()
    {
        using BridgedNode node = Node(Service);
        Learn(node);
        byte[] Packet(int port, string to) => Udp(BridgedNode.Ip(0), to, port, 53);
        byte[][] frames =
        [
            Frame(BridgedNode.Mac(1), 0x0800, Packet(1, BridgedNode.Ip(1))),
            Frame(BridgedNode.Mac(2), 0x88B5, new byte[50]),
            Frame(BridgedNode.Mac(2), 0x0800, Packet(2, BridgedNode.Ip(2))),
            Frame(MacAddress.Broadcast, 0x0800, Packet(3, "10.244.1.255")),
            Frame(BridgedNode.BridgeMac, 0x0800, Packet(4, "192.168.56.12")),
            Frame(BridgedNode.Mac(1), 0x0800, [0x45, 0, 0]),
        ];
        List<(string Device, byte[] Frame)> sent = node.Arrive(0, node.Vector(frames));
        string Name(byte[] f) => f[12] == 0x88 ? "other" : Describe(f[14..]);
        Assert.Equal(
            ["eth0 10.244.1.2:4 > 192.168.56.12:53", "veth0 10.244.1.2:3 > 10.244.1.255:53", "veth1 10.244.1.2:1 > 10.244.1.3:53", "veth1 10.244.1.2:3 > 10.244.1.255:53", "veth2 10.244.1.2:2 > 10.244.1.4:53", "veth2 10.244.1.2:3 > 10.244.1.255:53", "veth2 other"],
            sent.Select(s => $"{s.Device} {Name(s.Frame)}").Order(StringComparer.Ordinal));
        Assert.Equal(1, node.Namespace.Drops[DropReason.BadIpHeader]);
        // What only passes is not received by the namespace's device: Learn's frames, the broadcast and the routed one are.
        Assert.Equal(3 + 2, node.Bridge.Device.Counters.RxPackets);

        static byte[] Frame(MacAddress to, ushort type, byte[] payload) => Ethernet(to.ToString(), BridgedNode.Mac(0).ToString(), type, payload);
    }

    [Fact]
    public void A_bridged_datagram_in_fragments_is_put_together_for_the_rules_and_cut_again()
    {
        using BridgedNode node = Node(Service.Replace("-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.1.3:8080", "-p udp -m udp --dport 80 -j DNAT --to-destination 10.244.1.3:8080", StringComparison.Ordinal));
        Learn(node);
        byte[] whole = Udp(BridgedNode.Ip(0), "10.96.1.2", 5000, 80, data: 2000);
        byte[] payload = whole[20..];
        Assert.Empty(node.FromPod(0, Ipv4(BridgedNode.Ip(0), "10.96.1.2", 17, payload[..1480], flagsAndOffset: 0x2000)));
        List<(string Device, byte[] Frame)> sent = node.FromPod(0, Ipv4(BridgedNode.Ip(0), "10.96.1.2", 17, payload[1480..], flagsAndOffset: 185));
        Assert.Equal(["veth1", "veth1"], sent.Select(static s => s.Device));
        Assert.All(sent, static s => AssertBridged(s.Frame, 0, 1));
        Assert.Equal([1514, 14 + 20 + 8 + 2000 - 1480], sent.Select(static s => s.Frame.Length));
    }

    [Fact]
    public void Without_netfilter_in_the_namespace_frames_come_back_as_they_were()
    {
        using BridgedNode node = Node(null);
        Learn(node);
        byte[] packet = Udp(BridgedNode.Ip(0), BridgedNode.Ip(1), 5000, 53);
        (string device, byte[] frame) = Assert.Single(node.Arrive(0, BridgedNode.Mac(1), packet));
        Assert.Equal("veth1", device);
        Assert.Equal(packet, frame[14..]);
    }

    // Every pod says something that is not IPv4 to its gateway, so that the bridge knows where it is.
    private static void Learn(BridgedNode node)
    {
        for (int i = 0; i < node.Bridge.Ports.Count; i++)
            node.Arrive(i, node.Vector(Ethernet(BridgedNode.BridgeMac.ToString(), BridgedNode.Mac(i).ToString(), 0x88B5, new byte[50])));
    }

    private static void AssertBridged(byte[] frame, int from, int to)
    {
        Assert.Equal(BridgedNode.Mac(to), MacAddress.Read(frame));
        Assert.Equal(BridgedNode.Mac(from), MacAddress.Read(frame.AsSpan(6)));
        Assert.Equal(64, frame[14 + 8]);
    }

    private BridgedNode Node(string? rules, bool callsIptables = true, bool knowPods = true) => new(rules, callsIptables: callsIptables, knowPods: knowPods, shortPath: ShortPath);
}

/// <summary>The same with every packet walking the rules.</summary>
public sealed class BridgeNetfilterWithoutShortPathTests : BridgeNetfilterTests
{
    /// <inheritdoc/>
    protected override bool ShortPath => false;
}
