using ActorNet.Netstack;

namespace ActorNet.Workloads.Iperf;

/// <summary>What a test's parameters mean for the sockets of its streams.</summary>
internal static class StreamOptions
{
    /// <summary>Options of the control connection: it carries single bytes that must not wait.</summary>
    public static TcpOptions Control(IperfOptions options) => new() { NoDelay = true, Device = options.Device, ReuseAddress = true };

    public static TcpOptions Data(IperfOptions options, TestParameters test) => new()
    {
        NoDelay = test.NoDelay,
        SendBufferSize = test.Window,
        ReceiveBufferSize = test.Window,
        MaxSegmentSize = test.Mss,
        TypeOfService = test.TypeOfService,
        UserTimeout = options.SendTimeout,
        Device = options.Device,
    };

    /// <summary>A socket for a UDP stream, not bound.</summary>
    public static UdpSocket OpenUdp(SocketLayer sockets, IperfOptions options, TestParameters test)
    {
        UdpSocket socket = sockets.OpenUdp();
        socket.Device = options.Device;
        socket.TypeOfService = test.TypeOfService;
        if (test.Window > 0)
            socket.ReceiveBufferSize = test.Window;
        if (test.DontFragment)
            socket.PathMtuDiscovery = PathMtuDiscovery.Do;
        return socket;
    }
}
