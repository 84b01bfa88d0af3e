using ActorNet.Netstack;
using ActorNet.Netstack.Tests;
using ActorNet.Workloads.Load;

namespace ActorNet.Workloads.Tests.Programs;

public class UdpLoadTests
{
    [Fact]
    public void Everything_sent_within_the_budget_is_counted_at_the_receiver()
    {
        using var net = new TwoHosts();
        var receiver = new UdpLoadReceiver(new Ipv4Endpoint(default, 9000));
        var sender = new UdpLoadSender(new Ipv4Endpoint(net.B.Address, 9000), dataLength: 64, count: 1000);
        Assert.False(receiver.Run(net.B.Sockets, 0));
        // The neighbour resolves with the first.
        Assert.True(sender.Run(net.A.Sockets, 1));
        net.Settle();
        int turns = 1;
        while (sender.Run(net.A.Sockets, 64))
        {
            turns++;
            net.Settle();
        }

        net.Settle();
        Assert.Equal((1000, 1000, 64_000), (sender.Sent, receiver.Datagrams, receiver.Bytes));
        Assert.Equal((0, SocketResult.Ok, true), (receiver.Dropped, sender.Failure, sender.IsFinished));
        // (1000 - 1) / 64 rounded up, less the last turn that wants no other.
        Assert.Equal(1 + 15, turns);
        Assert.Empty(net.A.Sockets.UdpSockets);
        receiver.Stop();
    }

    [Fact]
    public void Without_budget_nothing_is_sent_and_the_time_ends_the_load()
    {
        using var net = new TwoHosts();
        var sender = new UdpLoadSender(new Ipv4Endpoint(net.B.Address, 9000), duration: TimeSpan.FromSeconds(1));
        Assert.True(sender.Run(net.A.Sockets, 0));
        Assert.Equal(0, sender.Sent);
        net.Advance(TimeSpan.FromSeconds(1));
        Assert.False(sender.Run(net.A.Sockets, 64));
        Assert.Equal((0, true), (sender.Sent, sender.IsFinished));
    }

    [Fact]
    public void A_load_without_a_route_says_why()
    {
        using var net = new TwoHosts();
        var sender = new UdpLoadSender(new Ipv4Endpoint(ActorNet.Packets.Ipv4Address.Parse("192.0.2.1"), 9000));
        Assert.False(sender.Run(net.A.Sockets, 64));
        Assert.Equal(SocketResult.NetworkUnreachable, sender.Failure);
    }
}
