using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Observation;
using ActorNet.Kubernetes.Faults;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Node.Actors;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>The LAN between nodes: what goes to a node's address rides an Ethernet segment over a UDP port of its own.</summary>
public sealed class LanTests
{
    private const string LeftIp = "192.168.56.11";
    private const string RightIp = "192.168.56.12";

    [Fact]
    public async Task A_node_reaches_another_by_arp_over_the_segment()
    {
        await using NodePair pair = await NodePair.StartAsync();
        NodeCapture capture = (await pair.Right.CaptureAsync("node/n2", "eth0", TestContext.Current.CancellationToken))!;
        await ReachAsync(pair, RightIp);
        ImmutableArray<CapturedPacket> packets = await capture.StopAsync(TestContext.Current.CancellationToken);

        // Who-has for all of the segment first, answered by eth0's own MAC; then ICMP. The tunnel carried nothing.
        Assert.Contains(packets, p => EtherTypeOf(p) == EtherType.Arp && MacAddress.Read(p.Bytes.Span).IsBroadcast);
        Assert.Contains(packets, p => EtherTypeOf(p) == EtherType.Arp && MacAddress.Read(p.Bytes.Span) == pair.Left.LanMacOf("n1"));
        Assert.Contains(packets, p => EtherTypeOf(p) == EtherType.Ipv4);
        Assert.Equal(0, pair.Left.UplinkCounters.DatagramsSent);
        Assert.Contains($"lladdr {pair.Right.LanMacOf("n2")}", await NodePair.ExecAsync(pair.Left, "node/n1", $"ip neigh show {RightIp}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eth0_is_a_nic_with_the_nodes_address_and_counts_its_frames()
    {
        await using NodePair pair = await NodePair.StartAsync();
        await ReachAsync(pair, RightIp);
        string details = await NodePair.ExecAsync(pair.Left, "node/n1", "ip -d link show eth0");
        Assert.Contains("<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500", details, StringComparison.Ordinal);
        Assert.DoesNotContain("vxlan", details, StringComparison.Ordinal);
        Assert.Contains("inet 192.168.56.11/24 brd 192.168.56.255 scope global eth0", await NodePair.ExecAsync(pair.Left, "node/n1", "ip addr show eth0"), StringComparison.Ordinal);
        Assert.Contains("default via 192.168.56.1 dev eth0", await NodePair.ExecAsync(pair.Left, "node/n1", "ip route"), StringComparison.Ordinal);
        // No tunnel entry of it is shown: only flannel.1 is one.
        Assert.DoesNotContain($"dst {pair.Right.LanEndpoint!.Value.Address}", await NodePair.ExecAsync(pair.Left, "node/n1", "bridge fdb show dev eth0"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_without_a_peer_there_says_host_unreachable()
    {
        await using NodePair pair = await NodePair.StartAsync();
        (int exit, string output) = await NodePair.TryExecAsync(pair.Left, "node/n1", "ping -c 1 -W 10 192.168.56.99");
        Assert.Equal(1, exit);
        Assert.Contains("From 192.168.56.11 icmp_seq=1 Destination Host Unreachable", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_reaches_another_nodes_address_and_a_node_a_pod_of_another()
    {
        await using NodePair pair = await NodePair.StartAsync();
        await NodePair.RunPodAsync(pair.Left, "a");
        string b = await NodePair.RunPodAsync(pair.Right, "b");
        await ReachAsync(pair, RightIp, "pod/a");
        await ReachAsync(pair, b);
    }

    [Fact]
    public async Task A_fault_on_eth0_loses_and_counts_and_its_end_heals()
    {
        await using NodePair pair = await NodePair.StartAsync();
        await ReachAsync(pair, RightIp);
        FaultOrder cut = new() { Target = "node/n1", Device = "eth0", Peer = "n2", Impairment = new ImpairmentSettings { Cut = true } };
        LinkFaultStatus placed = (await pair.Left.Faults.AddAsync(1, cut, TestContext.Current.CancellationToken))!;
        Assert.Equal("eth0", placed.Order.Device);
        Assert.Equal(0, (await NodePair.PingAsync(pair.Left, "node/n1", RightIp, 3)).Answered);
        LinkFaultStatus last = (await pair.Left.Faults.ClearAsync(1, TestContext.Current.CancellationToken))!;
        Assert.True(last.Dropped >= 3, $"{last}");
        await ReachAsync(pair, RightIp);
    }

    [Fact]
    public async Task Garbage_and_strangers_on_the_lans_port_are_dropped_and_counted()
    {
        await using NodePair pair = await NodePair.StartAsync();
        await ReachAsync(pair, RightIp);
        var to = new IPEndPoint(IPAddress.Parse("127.0.10.1"), pair.Left.LanEndpoint!.Value.Port);
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        stranger.Bind(new IPEndPoint(IPAddress.Parse("127.0.10.77"), 0));
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        peer.Bind(new IPEndPoint(IPAddress.Parse("127.0.10.2"), 0));
        var random = new Random(7);
        byte[] garbage = new byte[2000];
        for (int i = 0; i < 200; i++)
        {
            random.NextBytes(garbage);
            int length = random.Next(garbage.Length);
            if (i % 2 == 0)
                VxlanView.Write(garbage, 2);
            stranger.SendTo(garbage, length, SocketFlags.None, to);
            peer.SendTo(garbage, length, SocketFlags.None, to);
        }

        // A well-formed header for the tunnel's network is not the LAN's.
        VxlanView.Write(garbage, 1);
        peer.SendTo(garbage, 100, SocketFlags.None, to);
        await NodePair.UntilAsync(
            async () =>
            {
                IReadOnlyDictionary<string, long> drops = await pair.Left.DropsAsync(TestContext.Current.CancellationToken);
                return drops.GetValueOrDefault("eth0 UnknownPeer") == 200 && drops.GetValueOrDefault("eth0 UnknownVni") > 0 && drops.GetValueOrDefault("eth0 BadVxlanHeader") > 0;
            },
            () => "every datagram of the stranger's is dropped and counted");
        await ReachAsync(pair, RightIp);
        await pair.RestAsync();
    }

    [Fact]
    public void A_closed_lab_refuses_a_place_on_a_real_network_and_a_second_claim_of_a_mac()
    {
        var mac = new MacAddress(0x0200_0000_0001);
        LanPeer own = new("n1", mac, new(Ipv4Address.Parse("127.0.10.1"), 8473), null);
        V1Node foreign = NodeAt("n2", "02:00:00:00:00:02@10.0.0.2:8473"), thief = NodeAt("n3", "02:00:00:00:00:01@127.0.10.3:8473");
        V1Node broken = NodeAt("n4", "127.0.10.4:8473"), good = NodeAt("n5", "02:00:00:00:00:05@127.0.10.5:8473");
        LanPlan plan = LanPlan.Of("n1", own, [foreign, thief, broken, good]);
        Assert.Equal("n5", Assert.Single(plan.Peers).NodeName);
        Assert.Contains(plan.Problems, p => p.StartsWith("Node n2: ", StringComparison.Ordinal) && p.Contains("this lab is closed", StringComparison.Ordinal));
        Assert.Contains(plan.Problems, p => p.StartsWith("Node n3: ", StringComparison.Ordinal) && p.Contains("which is n1's", StringComparison.Ordinal));
        Assert.Contains(plan.Problems, p => p.StartsWith("Node n4: ", StringComparison.Ordinal) && p.Contains("MAC@address:port was expected", StringComparison.Ordinal));
    }

    internal static Task ReachAsync(NodePair pair, string address, string from = "node/n1") =>
        NodePair.UntilAsync(async () => (await NodePair.PingAsync(pair.Left, from, address, 1)).Answered == 1, () => $"{from} reaches {address}");

    private static EtherType EtherTypeOf(CapturedPacket packet) => (EtherType)((packet.Bytes.Span[12] << 8) | packet.Bytes.Span[13]);

    private static V1Node NodeAt(string name, string place) =>
        new() { Metadata = new V1ObjectMeta { Name = name, Annotations = new Dictionary<string, string> { [LanPeer.Annotation] = place } } };
}
