using System.Net;
using System.Net.Sockets;

namespace ActorNet.Cluster.Tests;

/// <summary>A TCP port that nobody listens on at the moment.</summary>
internal static class FreePort
{
    public static int On(string address) => On(IPAddress.Parse(address));

    public static int On(IPAddress address)
    {
        using var probe = new TcpListener(address, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
