using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Packets;
using static ActorNet.Dataplane.Tests.Ip.Packets;

namespace ActorNet.Dataplane.Tests.Ip;

/// <summary>The whole way once: resolve, answer, forward.</summary>
public sealed class FirstLightTests
{
    private const string Broadcast = "ff:ff:ff:ff:ff:ff";
    private const string Zero = "00:00:00:00:00:00";

    [Fact]
    public void An_echo_request_is_answered_from_the_addressed_address_after_the_asker_is_resolved_by_its_own_request()
    {
        using var bench = new NamespaceBench();
        bench.Eth0.Arrive(Ethernet(Broadcast, NamespaceBench.HostMac, 0x0806, Arp(1, NamespaceBench.HostMac, "10.0.0.9", Zero, "10.0.0.1")));
        byte[] reply = Assert.Single(bench.Eth0.TakeSent());
        Assert.Equal(Ethernet(NamespaceBench.HostMac, NamespaceBench.Eth0Mac, 0x0806, Arp(2, NamespaceBench.Eth0Mac, "10.0.0.1", NamespaceBench.HostMac, "10.0.0.9")), reply);

        byte[] data = Pattern(56);
        bench.Eth0.Arrive(Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, Ipv4("10.0.0.9", "10.0.0.1", 1, Icmp(8, 0, 0x1234_0001, data), ttl: 3, tos: 0x10)));
        byte[] echo = Assert.Single(bench.Eth0.TakeSent());
        ushort id = (ushort)((echo[18] << 8) | echo[19]);
        Assert.NotEqual(0, id);
        Assert.Equal(Ethernet(NamespaceBench.HostMac, NamespaceBench.Eth0Mac, 0x0800, Ipv4("10.0.0.1", "10.0.0.9", 1, Icmp(0, 0, 0x1234_0001, data), ttl: 64, tos: 0x10, id: id)), echo);
    }

    [Fact]
    public void A_forwarded_packet_waits_for_its_neighbour_and_leaves_with_one_hop_less()
    {
        using var bench = new NamespaceBench();
        byte[] packet = Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(100), ttl: 9, flagsAndOffset: 0x4000);
        bench.Eth0.Arrive(Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, packet));
        byte[] question = Assert.Single(bench.Eth1.TakeSent());
        Assert.Equal(Ethernet(Broadcast, NamespaceBench.Eth1Mac, 0x0806, Arp(1, NamespaceBench.Eth1Mac, "10.0.1.1", Zero, "10.0.1.9")), question);

        bench.Eth1.Arrive(Ethernet(NamespaceBench.Eth1Mac, "02:00:00:00:01:99", 0x0806, Arp(2, "02:00:00:00:01:99", "10.0.1.9", NamespaceBench.Eth1Mac, "10.0.1.1")));
        byte[] forwarded = Assert.Single(bench.Eth1.TakeSent());
        Assert.Equal(Ethernet("02:00:00:00:01:99", NamespaceBench.Eth1Mac, 0x0800, Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(100), ttl: 8, flagsAndOffset: 0x4000)), forwarded);
        Assert.Equal(NeighbourState.Reachable, Assert.Single(bench.Namespace.NeighbourEntries, n => n.Device == "eth1").State);
        Assert.Equal(1, bench.Namespace.Ip.ForwDatagrams);
    }

    [Fact]
    public void A_known_neighbour_gets_a_whole_vector_in_one_vector()
    {
        using var bench = new NamespaceBench();
        bench.Know("eth1", "10.0.1.9");
        byte[] frame = Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(30), ttl: 9));
        bench.Eth0.Arrive([.. Enumerable.Repeat(frame, 64)]);
        Assert.Equal(64, bench.Eth1.TakeSent().Count);
        Assert.Equal(1, bench.Eth1.TransmittedVectors);
        Assert.Equal(64, bench.Namespace.Ip.ForwDatagrams);
    }

    [Fact]
    public void A_packet_to_an_own_address_travels_over_lo_and_never_reaches_a_wire()
    {
        using var bench = new NamespaceBench();
        var receiver = new RecordingProtocol(bench.Frames);
        bench.Namespace.Register(IpProtocol.Udp, receiver);
        foreach (string own in new[] { "10.0.0.1", "10.0.1.1", "127.0.0.1", "127.8.8.8" })
        {
            Assert.Equal(SendError.None, bench.Send(own, 17, Pattern(20)));
            bench.Namespace.Flush();
        }

        Assert.Equal(["10.0.0.1", "10.0.1.1", "127.0.0.1", "127.8.8.8"], receiver.Received.Select(r => r.Info.Destination.ToString()));
        Assert.Equal(["10.0.0.1", "10.0.1.1", "127.0.0.1", "127.0.0.1"], receiver.Received.Select(r => r.Info.Source.ToString()));
        Assert.All(receiver.Received, r => Assert.Equal(1, r.Info.IfIndex));
        Assert.Empty(bench.Eth0.Sent);
        Assert.Empty(bench.Eth1.Sent);
    }
}
