using System.Net;
using System.Net.Sockets;

namespace ActorNet.Interop.Tests;

/// <summary>A TCP port of the machine's loopback that nobody listens on at the moment.</summary>
internal static class FreePort
{
    public static int OnLoopback()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
