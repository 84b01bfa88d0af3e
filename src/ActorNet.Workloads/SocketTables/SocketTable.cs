using ActorNet.Dataplane.Frames;
using ActorNet.Netstack;

namespace ActorNet.Workloads.SocketTables;

/// <summary>The sockets of a namespace at one moment, in the order in which they are printed: listeners by port, then connections by their ends.</summary>
internal static class SocketTable
{
    /// <summary>net.core.wmem_default, which a UDP socket has.</summary>
    private const int DefaultSendBuffer = 212_992;

    /// <summary>Reads the table in one turn of its owner.</summary>
    /// <param name="executor">The door to the namespace.</param>
    public static Task<List<SocketEntry>> ReadAsync(INamespaceExecutor executor) => executor.RunAsync(Read);

    /// <summary>Reads the table; to be called in a turn of its owner.</summary>
    /// <param name="sockets">The sockets.</param>
    public static List<SocketEntry> Read(SocketLayer sockets) =>
    [
        .. sockets.UdpSockets.Select(Of).OrderBy(static each => each.Local.Port).ThenBy(static each => each.Remote.Port),
        .. sockets.TcpListeners.Select(Of).OrderBy(static each => each.Local.Port).ThenBy(static each => each.Local.Address.Value),
        .. sockets.TcpConnections.Select(Of).OrderBy(static each => each.Local.Port).ThenBy(static each => each.Remote.Address.Value).ThenBy(static each => each.Remote.Port),
    ];

    private static SocketEntry Of(UdpSocket socket) => new()
    {
        Protocol = "udp",
        State = socket.IsConnected ? TcpState.Established : TcpState.Closed,
        Local = socket.Local,
        Remote = socket.Remote,
        ReceiveQueue = socket.QueuedBytes,
        ReceiveBuffer = socket.ReceiveBufferSize,
        SendBuffer = DefaultSendBuffer,
        Drops = socket.Drops[DropReason.SocketBufferFull],
        Device = socket.Device,
    };

    private static SocketEntry Of(TcpListener listener) => new()
    {
        Protocol = "tcp",
        State = TcpState.Listen,
        Local = listener.Local,
        ReceiveQueue = listener.Pending,
        SendQueue = listener.Backlog,
        Device = listener.Options.Device,
    };

    private static SocketEntry Of(TcpConnectionEntry connection) => new()
    {
        Protocol = "tcp",
        State = connection.State,
        Local = connection.Local,
        Remote = connection.Remote,
        ReceiveQueue = connection.Info.ReceiveQueue,
        SendQueue = connection.Info.SendQueue,
        ReceiveBuffer = connection.Info.ReceiveBuffer,
        SendBuffer = connection.Info.SendBuffer,
        Info = connection.Info,
    };
}
