using System.Net;
using System.Net.Sockets;
using ActorNet.Cluster.Membership;

namespace ActorNet.Cluster.Tests;

public sealed class RefusedMemberTests
{
    // Which port nobody listens at is known only of one that is held without listening.
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Only_a_port_at_which_nobody_listens_refuses(bool listens, bool refuses)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        // Nobody ever accepts: a frozen process looks like this.
        if (listens)
            socket.Listen(1);
        Assert.Equal(refuses, await RefusedMemberActor.RefusesAsync(new ControlEndpoint("127.0.0.1", ((IPEndPoint)socket.LocalEndPoint!).Port)));
    }
}
