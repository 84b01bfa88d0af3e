using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

public class IcmpSocketTests
{
    [Fact]
    public void An_echo_comes_back_with_its_sequence_data_and_ttl()
    {
        using var net = new TwoHosts();
        IcmpSocket socket = Open(net);
        byte[] data = [1, 2, 3, 4, 5];
        Assert.Equal(SocketResult.Ok, socket.SendEcho(net.B.Address, 9, data, out _));
        net.Settle();
        Assert.True(socket.TryReceiveReply(out ushort sequence, out byte[] got, out DatagramInfo info));
        Assert.Equal(9, sequence);
        Assert.Equal(data, got);
        Assert.Equal((net.B.Address, (byte)64), (info.Sender.Address, info.TimeToLive));
    }

    [Fact]
    public void A_reply_goes_to_the_socket_with_its_identifier_only()
    {
        using var net = new TwoHosts();
        IcmpSocket one = Open(net);
        IcmpSocket two = Open(net);
        Assert.NotEqual(one.Identifier, two.Identifier);
        one.SendEcho(net.B.Address, 1, [], out _);
        net.Settle();
        Assert.Equal((1, 0), (one.QueuedDatagrams, two.QueuedDatagrams));
        Assert.Equal(SocketResult.AddressInUse, net.A.Sockets.OpenIcmp(one.Identifier, out _));
    }

    [Fact]
    public void Too_long_with_df_is_a_local_error_that_names_the_mtu()
    {
        using var net = new TwoHosts(mtu: 1450);
        IcmpSocket socket = Open(net);
        socket.PathMtuDiscovery = PathMtuDiscovery.Do;
        Assert.Equal(SocketResult.MessageTooLong, socket.SendEcho(net.B.Address, 3, new byte[1472], out _));
        Assert.True(socket.TryTakeError(out SocketErrorRecord error));
        Assert.Equal((SocketErrorOrigin.Local, 1450, (ushort)3), (error.Origin, error.Mtu, error.EchoSequence));
    }

    [Fact]
    public void A_neighbour_that_never_answers_is_reported_with_the_sequence()
    {
        using var net = new TwoHosts();
        IcmpSocket socket = Open(net);
        socket.SendEcho(Ipv4Address.Parse("10.0.0.77"), 4, new byte[56], out _);
        net.Advance(TimeSpan.FromSeconds(4));
        Assert.True(socket.TryTakeError(out SocketErrorRecord error));
        Assert.Equal((IcmpType.DestinationUnreachable, (byte)1, (ushort)4), (error.Type, error.Code, error.EchoSequence));
        Assert.Equal(net.A.Address, error.Offender);
    }

    private static IcmpSocket Open(TwoHosts net)
    {
        Assert.Equal(SocketResult.Ok, net.A.Sockets.OpenIcmp(0, out IcmpSocket? socket));
        return socket!;
    }
}
