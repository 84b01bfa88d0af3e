using ActorNet.Netstack;

namespace ActorNet.Workloads.Netcat;

/// <summary>The socket options that netcat's flags ask for (set_common_sockopts).</summary>
internal static class NetcatSockets
{
    public static TcpOptions Tcp(NetcatOptions options) => new()
    {
        ReuseAddress = options.Listen,
        TimeToLive = options.TimeToLive,
        TypeOfService = options.TypeOfService,
        ReceiveBufferSize = options.ReceiveBuffer,
        SendBufferSize = options.SendBuffer,
    };

    public static Action<UdpSocket> Udp(NetcatOptions options) => socket =>
    {
        socket.AllowBroadcast = options.Broadcast;
        socket.TimeToLive = options.TimeToLive;
        socket.TypeOfService = options.TypeOfService;
    };
}
