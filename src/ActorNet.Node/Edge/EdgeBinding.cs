using System.Net;
using System.Net.Sockets;
using ActorNet.Kubernetes.Edge;
using ActorNet.Packets;

namespace ActorNet.Node.Edge;

/// <summary>A real socket for a port, or why there is none.</summary>
/// <param name="Socket">The bound socket, or null.</param>
/// <param name="Note">Why it is elsewhere or not there; null when it is where it should be.</param>
internal sealed record EdgeBinding(Socket? Socket, string? Note)
{
    /// <summary>
    /// Binds a port where it belongs: a node's ports on the machine's address, a Service's own addresses as they are. Where that cannot be, the
    /// machine's address and the same port are tried, and then any port.
    /// </summary>
    /// <param name="port">The port.</param>
    /// <param name="machine">The address of this machine that stands for the node.</param>
    public static EdgeBinding Open(EdgePort port, Ipv4Address machine)
    {
        bool isNodes = port.Kind is not (EdgePortKind.ExternalIP or EdgePortKind.LoadBalancer);
        Ipv4Address wanted = isNodes ? machine : port.Target.Address;
        if (TryBind(port.Target.Protocol, wanted, port.Target.Port, out SocketException? refused) is { } there)
            return new EdgeBinding(there, null);
        string note = $"{wanted}:{port.Target.Port} cannot be had on this machine ({refused!.Message})";
        Socket? elsewhere = isNodes ? null : TryBind(port.Target.Protocol, machine, port.Target.Port, out _);
        elsewhere ??= TryBind(port.Target.Protocol, machine, 0, out refused);
        return elsewhere is null
            ? new EdgeBinding(null, $"{note}, nor any port of {machine} ({refused!.Message}). End what holds it, or raise the limit of open files")
            : new EdgeBinding(elsewhere, $"{note}; it is reached at {elsewhere.LocalEndPoint} instead");
    }

    private static Socket? TryBind(IpProtocol protocol, Ipv4Address address, ushort port, out SocketException? refused)
    {
        Socket? socket = null;
        try
        {
            socket = protocol == IpProtocol.Udp
                ? new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
                : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address.ToIPAddress(), port));
            refused = null;
            return socket;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            refused = e;
            return null;
        }
    }
}
