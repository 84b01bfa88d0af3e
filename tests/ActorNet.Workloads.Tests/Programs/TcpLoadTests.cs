using ActorNet.Netstack;
using ActorNet.Netstack.Tests;
using ActorNet.Workloads.Load;

namespace ActorNet.Workloads.Tests.Programs;

public class TcpLoadTests
{
    [Fact]
    public void What_the_sending_socket_took_is_what_the_receiver_counted()
    {
        using var net = new TwoHosts();
        var receiver = new TcpLoadReceiver(new Ipv4Endpoint(default, 9000));
        var sender = new TcpLoadSender(new Ipv4Endpoint(net.B.Address, 9000), TimeSpan.FromSeconds(10), bytes: 1_000_000);
        Assert.False(receiver.Run(net.B.Sockets, 0));
        Assert.False(sender.Run(net.A.Sockets, 0));
        for (int i = 0; i < 500 && !(sender.IsFinished && receiver.Bytes == sender.Sent); i++)
        {
            net.Settle();
            net.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal((true, SocketResult.Ok, 0L), (sender.IsFinished, sender.Failure, sender.Info.TotalRetransmissions));
        // Far more than the first flight of ten segments (RFC 6928): the load goes on after its first turn.
        Assert.Equal((1L, 1_000_000L), (receiver.Connections, receiver.Bytes));
        receiver.Stop();
    }

    [Fact]
    public void Connections_are_opened_again_until_the_time_is_over_and_never_more_at_once_than_asked()
    {
        using var net = new TwoHosts();
        var receiver = new TcpLoadReceiver(new Ipv4Endpoint(default, 9000), closeAtOnce: true);
        var load = new TcpConnectLoad(new Ipv4Endpoint(net.B.Address, 9000), atOnce: 3, TimeSpan.FromMilliseconds(50));
        receiver.Run(net.B.Sockets, 0);
        load.Run(net.A.Sockets, 0);
        int most = 0;
        for (int i = 0; i < 500 && !load.IsFinished; i++)
        {
            net.Settle();
            most = Math.Max(most, net.A.Sockets.TcpConnections.Count(c => c.State == TcpState.Established));
            net.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal((true, SocketResult.Ok), (load.IsFinished, load.Failure));
        Assert.True(load.Connections > 3, $"{load.Connections} connections");
        Assert.Equal(load.Connections, receiver.Connections);
        Assert.InRange(most, 0, 3);
        receiver.Stop();
    }

    [Fact]
    public void Loads_that_nobody_answers_say_why()
    {
        using var net = new TwoHosts();
        var sender = new TcpLoadSender(new Ipv4Endpoint(net.B.Address, 9000), TimeSpan.FromSeconds(1));
        var load = new TcpConnectLoad(new Ipv4Endpoint(net.B.Address, 9000), atOnce: 2, TimeSpan.FromSeconds(1));
        sender.Run(net.A.Sockets, 0);
        load.Run(net.A.Sockets, 0);
        for (int i = 0; i < 100 && !(sender.IsFinished && load.IsFinished); i++)
        {
            net.Settle();
            net.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal((true, SocketResult.ConnectionRefused), (sender.IsFinished, sender.Failure));
        Assert.Equal((true, SocketResult.ConnectionRefused), (load.IsFinished, load.Failure));
    }
}
