using System.Net;
using System.Net.Sockets;
using ActorNet.Cli.Host;
using ActorNet.Cluster.Joining;
using ActorNet.Packets;

namespace ActorNet.Cli.Tests.Host;

public sealed class JoinPortsTests
{
    /// <summary>Free ports are found by opening them, and tried again when somebody else was faster.</summary>
    [Fact]
    public async Task Silent_strangers_at_every_port_do_not_keep_the_cluster_from_reaching_it()
    {
        var number = Guid.NewGuid();
        using JoinPorts ports = Open(number);
        var strangers = new List<Socket>();
        try
        {
            foreach (int port in ports.Tcp.Values)
            {
                // More than are listened to at once, and none of them says a word or hangs up.
                for (int i = 0; i < 100; i++)
                {
                    var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    strangers.Add(stranger);
                    await stranger.ConnectAsync(IPAddress.Loopback, port);
                }
            }

            foreach ((string what, int port) in ports.Tcp)
                Assert.Null(await PortGreeting.CallAsync("n1", IPAddress.Loopback, what, port, number, CancellationToken.None));
        }
        finally
        {
            strangers.ForEach(static stranger => stranger.Dispose());
        }
    }

    private static JoinPorts Open(Guid number)
    {
        for (int attempt = 1; ; attempt++)
        {
            int[] free = Free(6);
            var options = new HostOptions
            {
                Name = "n9",
                Address = Ipv4Address.Parse("127.0.0.1"),
                NodeIp = Ipv4Address.Parse("192.168.56.19"),
                StateDirectory = "unused",
                ControlPort = free[0],
                ApiPort = free[1],
                KubeletPort = free[2],
                StorePort = free[3],
                UnderlayPort = free[4],
                LanPort = free[5],
            };
            try
            {
                return JoinPorts.Open(options, number);
            }
            catch (UsageException) when (attempt < 10)
            {
                // Somebody took one meanwhile.
            }
        }
    }

    private static int[] Free(int count)
    {
        TcpListener[] held = [.. Enumerable.Range(0, count).Select(static _ => new TcpListener(IPAddress.Loopback, 0))];
        Array.ForEach(held, static each => each.Start());
        int[] ports = [.. held.Select(static each => ((IPEndPoint)each.LocalEndpoint).Port)];
        Array.ForEach(held, static each => each.Stop());
        return ports;
    }
}
