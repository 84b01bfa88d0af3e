using ActorNet.Packets;
using CsCheck;
using static ActorNet.Netstack.Tests.UdpSocketTests;

namespace ActorNet.Netstack.Tests;

/// <summary>Bind and look-up rules of linux net/ipv4/udp.c: udp_lib_get_port, inet_rcv_saddr_equal, compute_score.</summary>
public class UdpDemultiplexingTests
{
    [Theory]
    [InlineData("0.0.0.0", "10.0.0.2", SocketResult.AddressInUse)]
    [InlineData("10.0.0.2", "0.0.0.0", SocketResult.AddressInUse)]
    [InlineData("10.0.0.2", "10.0.0.2", SocketResult.AddressInUse)]
    [InlineData("10.0.0.2", "127.0.0.1", SocketResult.Ok)]
    [InlineData("127.0.0.1", "127.0.0.2", SocketResult.Ok)]
    public void Wildcards_clash_with_every_address_and_different_addresses_do_not(string first, string second, SocketResult expected)
    {
        using var net = new TwoHosts();
        net.B.Bind(53, first);
        Assert.Equal(expected, net.B.Sockets.OpenUdp().Bind(Endpoint(second, 53)));
    }

    [Fact]
    public void Bind_refuses_a_foreign_address_and_a_second_bind()
    {
        using var net = new TwoHosts();
        UdpSocket socket = net.B.Sockets.OpenUdp();
        Assert.Equal(SocketResult.AddressNotAvailable, socket.Bind(Endpoint("10.0.0.1", 53)));
        Assert.Equal(SocketResult.Ok, socket.Bind(Endpoint("10.0.0.2", 53)));
        Assert.Equal(SocketResult.InvalidArgument, socket.Bind(Endpoint("10.0.0.2", 54)));
    }

    [Fact]
    public void Reuse_needs_the_option_on_both_and_the_last_bound_gets_the_unicast()
    {
        using var net = new TwoHosts();
        UdpSocket first = net.B.Sockets.OpenUdp();
        first.ReuseAddress = true;
        first.Bind(Endpoint("0.0.0.0", 53));
        Assert.Equal(SocketResult.AddressInUse, net.B.Sockets.OpenUdp().Bind(Endpoint("0.0.0.0", 53)));
        UdpSocket second = net.B.Sockets.OpenUdp();
        second.ReuseAddress = true;
        Assert.Equal(SocketResult.Ok, second.Bind(Endpoint("0.0.0.0", 53)));
        net.A.Bind(4000).SendTo("x"u8, Endpoint("10.0.0.2", 53));
        net.Settle();
        Assert.Equal((0, 1), (first.QueuedDatagrams, second.QueuedDatagrams));
    }

    [Fact]
    public void The_connected_socket_beats_the_bound_one_which_beats_the_wildcard()
    {
        using var net = new TwoHosts();
        UdpSocket[] sockets = [.. Enumerable.Range(0, 3).Select(_ => net.B.Sockets.OpenUdp())];
        foreach (UdpSocket socket in sockets)
            socket.ReuseAddress = true;
        // The most specific is bound first, so that the order of binding alone would choose another.
        sockets[0].Bind(Endpoint("10.0.0.2", 53));
        sockets[0].Connect(Endpoint("10.0.0.1", 4000));
        sockets[1].Bind(Endpoint("10.0.0.2", 53));
        sockets[2].Bind(Endpoint("0.0.0.0", 53));
        UdpSocket client = net.A.Bind(4000);
        UdpSocket other = net.A.Bind(4001);
        client.SendTo("c"u8, Endpoint("10.0.0.2", 53));
        other.SendTo("b"u8, Endpoint("10.0.0.2", 53));
        net.Settle();
        UdpSocket inside = net.B.Bind(4002, "127.0.0.1");
        inside.SendTo("w"u8, Endpoint("127.0.0.1", 53));
        net.Settle();
        Assert.Equal(["c", "b", "w"], sockets.Select(s => Read(s).Text));
        // The remembered flow must not outlive what it was found with.
        sockets[0].Close();
        client.SendTo("d"u8, Endpoint("10.0.0.2", 53));
        net.Settle();
        Assert.Equal("d", Read(sockets[1]).Text);
    }

    [Fact]
    public void A_connected_socket_takes_the_routes_source_address_and_gives_it_back()
    {
        using var net = new TwoHosts();
        UdpSocket socket = net.A.Sockets.OpenUdp();
        Assert.Equal(SocketResult.Ok, socket.Connect(Endpoint("10.0.0.2", 9)));
        Assert.Equal(net.A.Address, socket.Local.Address);
        socket.Disconnect();
        Assert.Equal(Ipv4Address.Any, socket.Local.Address);
        Assert.Equal(SocketResult.DestinationRequired, socket.Send("x"u8));
    }

    [Fact]
    public void Ephemeral_ports_lie_in_linuxs_range_are_distinct_and_repeat_with_the_seed()
    {
        using var one = new TwoHosts();
        using var two = new TwoHosts();
        ushort[] ports = [.. Enumerable.Range(0, 2000).Select(_ => one.A.Bind(0).Local.Port)];
        Assert.All(ports, p => Assert.InRange(p, 32_768, 60_999));
        Assert.Equal(ports.Length, ports.Distinct().Count());
        Assert.Equal(ports, Enumerable.Range(0, 2000).Select(_ => two.A.Bind(0).Local.Port));
    }

    [Fact]
    public void When_every_ephemeral_port_is_taken_the_address_is_in_use()
    {
        using var net = new TwoHosts();
        for (int i = 32_768; i <= 60_999; i++)
            net.A.Bind((ushort)i);
        Assert.Equal(SocketResult.AddressInUse, net.A.Sockets.OpenUdp().Bind(Ipv4Endpoint.Any));
    }

    [Fact]
    public void Any_interleaving_of_sends_reads_and_closes_conserves_datagrams_and_buffers()
    {
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3], Gen.Int[0, 3000]).Array[0, 120].Sample(steps =>
        {
            using var net = new TwoHosts();
            var servers = new UdpSocket?[4];
            UdpSocket client = net.A.Bind(4000);
            int read = 0;
            long closedWith = 0;
            // The neighbour is known before anything counts.
            client.SendTo("x"u8, Endpoint("10.0.0.2", 1));
            net.Settle();
            long sent = net.A.Sockets.Udp.OutDatagrams;
            Assert.Equal(sent, net.B.Sockets.Udp.NoPorts);
            foreach ((int what, int which, int length) in steps)
            {
                switch (what)
                {
                    case 0 when servers[which] is null:
                        servers[which] = net.B.Bind((ushort)(100 + which));
                        servers[which]!.ReceiveBufferSize = 8_000;
                        break;
                    case 1 when servers[which] is { } closing:
                        net.Settle();
                        closedWith += closing.QueuedDatagrams;
                        closing.Close();
                        servers[which] = null;
                        break;
                    case 2 when servers[which] is { } reading:
                        while (reading.Receive(new byte[10], out _) == SocketResult.Ok)
                            read++;
                        break;
                    case 3:
                        net.Settle();
                        break;
                    default:
                        client.SendTo(new byte[length], Endpoint("10.0.0.2", (ushort)(100 + which)));
                        break;
                }
            }

            net.Settle();
            UdpCounters b = net.B.Sockets.Udp;
            long queued = servers.Sum(s => s?.QueuedDatagrams ?? 0);
            Assert.Equal(net.A.Sockets.Udp.OutDatagrams, b.InDatagrams + b.NoPorts + b.ReceiveBufferErrors);
            Assert.Equal(b.InDatagrams, read + closedWith + queued);
        }, iter: 200);
    }
}
