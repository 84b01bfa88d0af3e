using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;
using static ActorNet.Netstack.Tests.UdpSocketTests;

namespace ActorNet.Netstack.Tests;

/// <summary>Groups on UDP sockets and IGMP, as linux net/ipv4/igmp.c and net/ipv4/udp.c have them; RFC 1112, 2236, 3376.</summary>
public class MulticastTests
{
    private static readonly Ipv4Address Group = Ipv4Address.Parse("239.1.2.3");

    [Fact]
    public void Only_members_hear_a_group()
    {
        using var net = MakeTwoHosts();
        UdpSocket receiver = net.B.Bind(5000);
        UdpSocket sender = net.A.Bind(4000);
        Assert.Equal(SocketResult.Ok, sender.SendTo("before"u8, new Ipv4Endpoint(Group, 5000)));
        net.Settle();
        Assert.Equal(0, receiver.QueuedDatagrams);

        Assert.Equal(SocketResult.Ok, receiver.JoinGroup(Group));
        sender.SendTo("during"u8, new Ipv4Endpoint(Group, 5000));
        net.Settle();
        Assert.Equal("during", Read(receiver).Text);

        Assert.Equal(SocketResult.Ok, receiver.LeaveGroup(Group));
        sender.SendTo("after"u8, new Ipv4Endpoint(Group, 5000));
        net.Settle();
        Assert.Equal(0, receiver.QueuedDatagrams);
    }

    [Fact]
    public void Every_member_on_a_bridge_hears_and_nobody_else()
    {
        using var net = new BridgedHosts(4);
        foreach (TestHost host in net.Hosts)
            AddGroupRoute(host);
        UdpSocket[] sockets = [.. net.Hosts.Select(h => h.Bind(5000))];
        sockets[1].JoinGroup(Group);
        sockets[2].JoinGroup(Group);
        sockets[0].SendTo("all"u8, new Ipv4Endpoint(Group, 5000));
        net.Settle();
        Assert.Equal([0, 1, 1, 0], sockets.Select(s => s.QueuedDatagrams));
        Assert.Equal(["all", "all"], sockets[1..3].Select(s => Read(s).Text));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void A_sender_that_is_a_member_hears_itself_unless_loop_is_off(bool loop, int heard)
    {
        using var net = MakeTwoHosts();
        UdpSocket socket = net.A.Bind(5000);
        socket.JoinGroup(Group);
        socket.MulticastLoop = loop;
        socket.SendTo("me"u8, new Ipv4Endpoint(Group, 5000));
        net.Settle();
        Assert.Equal(heard, socket.QueuedDatagrams);
    }

    [Fact]
    public void Several_sockets_of_one_namespace_hear_each_its_own_copy_and_MulticastAll_off_asks_for_the_sockets_own_membership()
    {
        using var net = MakeTwoHosts();
        UdpSocket[] sockets = [.. Enumerable.Range(0, 3).Select(_ => net.B.Sockets.OpenUdp())];
        foreach (UdpSocket socket in sockets)
        {
            socket.ReuseAddress = true;
            Assert.Equal(SocketResult.Ok, socket.Bind(Endpoint("0.0.0.0", 5000)));
        }

        sockets[0].JoinGroup(Group);
        sockets[2].MulticastAll = false;
        net.A.Bind(4000).SendTo("x"u8, new Ipv4Endpoint(Group, 5000));
        net.Settle();
        Assert.Equal([1, 1, 0], sockets.Select(s => s.QueuedDatagrams));
    }

    [Fact]
    public void A_datagram_larger_than_the_MTU_reaches_the_members_whole()
    {
        using var net = MakeTwoHosts();
        UdpSocket receiver = net.B.Bind(5000);
        receiver.JoinGroup(Group);
        UdpSocket sender = net.A.Bind(5000);
        sender.JoinGroup(Group);
        byte[] data = [.. Enumerable.Range(0, 4000).Select(i => (byte)i)];
        Assert.Equal(SocketResult.Ok, sender.SendTo(data, new Ipv4Endpoint(Group, 5000)));
        net.Settle();
        foreach (UdpSocket socket in new[] { receiver, sender })
        {
            byte[] buffer = new byte[8000];
            Assert.Equal(SocketResult.Ok, socket.Receive(buffer, out DatagramInfo info));
            Assert.Equal(data, buffer[..info.Length]);
        }
    }

    [Fact]
    public void Wrong_joins_are_refused_as_Linux_does()
    {
        using var net = MakeTwoHosts();
        UdpSocket socket = net.A.Bind(5000);
        Assert.Equal(SocketResult.InvalidArgument, socket.JoinGroup(Ipv4Address.Parse("10.0.0.2")));
        Assert.Equal(SocketResult.NoDevice, socket.JoinGroup(Group, "eth7"));
        Assert.Equal(SocketResult.Ok, socket.JoinGroup(Group));
        Assert.Equal(SocketResult.AddressInUse, socket.JoinGroup(Group));
        Assert.Equal(SocketResult.Ok, socket.JoinGroup(Group, "lo"));
        Assert.Equal(SocketResult.AddressNotAvailable, socket.LeaveGroup(Ipv4Address.Parse("239.1.2.4")));
        // net.ipv4.igmp_max_memberships is 20.
        for (int i = 0; i < 18; i++)
            Assert.Equal(SocketResult.Ok, socket.JoinGroup(Ipv4Address.Parse($"239.2.0.{i}")));
        Assert.Equal(SocketResult.NoBuffers, socket.JoinGroup(Ipv4Address.Parse("239.2.0.99")));
    }

    [Fact]
    public void Without_a_route_to_the_group_the_device_must_be_named()
    {
        using var net = new TwoHosts();
        UdpSocket receiver = net.B.Bind(5000);
        Assert.Equal(SocketResult.NoDevice, receiver.JoinGroup(Group));
        Assert.Equal(SocketResult.Ok, receiver.JoinGroup(Group, "eth0"));
        UdpSocket sender = net.A.Bind(4000);
        Assert.Equal(SocketResult.NetworkUnreachable, sender.SendTo("x"u8, new Ipv4Endpoint(Group, 5000)));
        sender.MulticastDevice = "eth0";
        Assert.Equal(SocketResult.Ok, sender.SendTo("x"u8, new Ipv4Endpoint(Group, 5000)));
        net.Settle();
        Assert.Equal(("x", new Ipv4Endpoint(net.A.Address, 4000)), Read(receiver));
    }

    [Fact]
    public void Closing_a_socket_leaves_its_groups()
    {
        using var net = MakeTwoHosts();
        UdpSocket member = net.B.Bind(5001);
        member.JoinGroup(Group);
        UdpSocket receiver = net.B.Bind(5000);
        member.Close();
        net.A.Bind(4000).SendTo("x"u8, new Ipv4Endpoint(Group, 5000));
        net.Settle();
        Assert.Equal(0, receiver.QueuedDatagrams);
    }

    // Captured from Linux 6.18 with `ip addr add 239.1.2.3/32 dev v0 autojoin` and `ip addr del`, source 10.9.0.1; the source, and with it the
    // header checksum, is changed to 10.0.0.1.
    [Fact]
    public void Joining_and_leaving_are_told_twice_each_in_the_kernels_bytes()
    {
        using var net = MakeTwoHosts();
        var wire = new IgmpLog(net.B.Eth0);
        UdpSocket socket = net.A.Bind(5000);
        socket.JoinGroup(Group);
        net.Settle();
        Assert.Single(wire.Packets);
        net.Advance(TimeSpan.FromSeconds(2));
        const string Joined = "46C00028 00004000 0102F9F8 0A000001 E0000016 94040000 2200E8F9 00000001 04000000 EF010203";
        Assert.Equal([Joined, Joined], wire.Packets);

        wire.Packets.Clear();
        socket.LeaveGroup(Group);
        net.Advance(TimeSpan.FromSeconds(2));
        const string Left = "46C00028 00004000 0102F9F8 0A000001 E0000016 94040000 2200E9F9 00000001 03000000 EF010203";
        Assert.Equal([Left, Left], wire.Packets);
    }

    // From the same capture: the kernel's answer to a version 3 general query.
    [Fact]
    public void A_general_query_is_answered_once_within_its_time_in_the_kernels_bytes()
    {
        using var net = MakeTwoHosts();
        UdpSocket socket = net.A.Bind(5000);
        socket.JoinGroup(Ipv4Address.Parse("239.1.2.4"));
        net.Advance(TimeSpan.FromSeconds(3));
        var wire = new IgmpLog(net.B.Eth0);
        SendToAllHosts(net.B, "46C00024 00004000 0102FA10 0A000002 E0000001 94040000 110AEC78 00000000 027D0000");
        net.Advance(TimeSpan.FromSeconds(1.2));
        Assert.Equal(["46C00028 00004000 0102F9F8 0A000001 E0000016 94040000 2200EAF8 00000001 02000000 EF010204"], wire.Packets);
    }

    // RFC 2236, 2: the report goes to the group itself with type 0x16, the leave to 224.0.0.2 with type 0x17.
    [Fact]
    public void After_a_version_2_query_version_2_is_spoken()
    {
        using var net = MakeTwoHosts();
        UdpSocket socket = net.A.Bind(5000);
        socket.JoinGroup(Group);
        net.Advance(TimeSpan.FromSeconds(3));
        var wire = new IgmpLog(net.B.Eth0);
        SendToAllHosts(net.B, "46C00020 00004000 0102FA14 0A000002 E0000001 94040000 110AEEF5 00000000");
        net.Advance(TimeSpan.FromSeconds(1.2));
        socket.LeaveGroup(Group);
        net.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2, wire.Packets.Count);
        Assert.EndsWith("EF010203 94040000 1600F8FA EF010203", wire.Packets[0], StringComparison.Ordinal);
        Assert.EndsWith("E0000002 94040000 1700F7FA EF010203", wire.Packets[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("46C0001C 00004000 0102FA18 0A000002 E0000001 94040000 110AEEF5", DropReason.BadTransportHeader)]
    [InlineData("46C00020 00004000 0102FA14 0A000002 E0000001 94040000 110AEEF4 00000000", DropReason.BadTransportChecksum)]
    public void A_malformed_query_is_dropped_and_counted(string query, DropReason reason)
    {
        using var net = MakeTwoHosts();
        SendToAllHosts(net.B, query);
        net.Settle();
        Assert.Equal(1, net.A.Namespace.Drops[reason]);
    }

    private static TwoHosts MakeTwoHosts()
    {
        var net = new TwoHosts();
        AddGroupRoute(net.A);
        AddGroupRoute(net.B);
        return net;
    }

    private static void AddGroupRoute(TestHost host) =>
        Assert.Equal(RouteError.None, host.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Parse("224.0.0.0/4"), Device = "eth0", Scope = RouteScope.Link }));

    private static void SendToAllHosts(TestHost host, string packet)
    {
        byte[] bytes = Convert.FromHexString("01005E000001" + "020000000002" + "0800" + packet.Replace(" ", "", StringComparison.Ordinal));
        Assert.True(host.Frames.TryRentFrame(bytes.Length, out Frame frame));
        Assert.True(host.Frames.TryRentVector(out FrameVector vector));
        bytes.CopyTo(frame.Span);
        vector.Add(frame);
        host.Eth0.Transmit(vector);
    }

    /// <summary>The IGMP packets that a device receives, as 32-bit words.</summary>
    private sealed class IgmpLog : IDeviceObserver
    {
        public IgmpLog(NetworkDevice device) => device.Observer = this;

        public List<string> Packets { get; } = [];

        public void Observe(NetworkDevice device, FrameDirection direction, FrameVector frames)
        {
            foreach (ref Frame frame in frames.Frames)
            {
                if (direction == FrameDirection.Receive && frame.Span[12] == 8 && frame.Span[23] == (byte)IpProtocol.Igmp)
                    Packets.Add(string.Join(' ', frame.Span[14..].ToArray().Chunk(4).Select(Convert.ToHexString)));
            }
        }

        public void ObserveDrop(NetworkDevice device, DropReason reason, in Frame frame)
        {
        }
    }
}
