using System.Net;
using System.Net.Sockets;
using ActorNet.Cluster.Links;

namespace ActorNet.Cluster.Tests;

public sealed class PortProbeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // Which port nobody listens at is known only of one that is held without listening.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Only_a_port_at_which_nobody_listens_refuses(bool listens)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        // Nobody ever accepts: a frozen process looks like this.
        if (listens)
            socket.Listen(1);
        var endpoint = new ControlEndpoint("127.0.0.1", ((IPEndPoint)socket.LocalEndPoint!).Port);
        Assert.Equal(listens ? PortState.Listens : PortState.Refuses, await PortProbe.AskAsync(endpoint, Patience));

        var links = new ControlLinks();
        links.Cut(endpoint.ToString(), LinkDirection.Receive);
        Assert.Equal(PortState.Silent, await PortProbe.AskAsync(endpoint, Patience, links));
    }
}
