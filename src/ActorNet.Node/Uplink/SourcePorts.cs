using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace ActorNet.Node.Uplink;

/// <summary>
/// The sockets that datagrams leave by. The kernel's VTEP gives each flow a source port hashed from it within ip_local_port_range
/// (linux include/net/udp.h udp_flow_src_port), so that routers and the receiver's queues spread flows. A process cannot write the source
/// port of each datagram, but can hold a few sockets: a flow always leaves by the same one, so its datagrams keep their order. Binding to
/// port 0 makes the kernel choose from that same range, 32768 to 60999 unless the administrator changed it.
/// </summary>
internal sealed class SourcePorts : IDisposable
{
    public const int MaxSockets = 64;

    private readonly Socket[] _sockets;

    private SourcePorts(Socket[] sockets) => _sockets = sockets;

    public int Count => _sockets.Length;

    public Socket this[int index] => _sockets[index];

    /// <summary>Opens and binds the sockets.</summary>
    /// <exception cref="UnderlayException">The operating system refused one.</exception>
    public static SourcePorts Open(UnderlayOptions options)
    {
        var sockets = new Socket[options.SourceSockets];
        try
        {
            for (int i = 0; i < sockets.Length; i++)
                sockets[i] = UdpSockets.Bind(options, 0);
            return new SourcePorts(sockets);
        }
        catch
        {
            foreach (Socket? socket in sockets)
                socket?.Dispose();
            throw;
        }
    }

    /// <summary>The socket of a flow: the kernel's formula with our number of ports in place of the range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Choose(uint flowHash, int count)
    {
        uint hash = flowHash ^ (flowHash << 16);
        return (int)(((ulong)hash * (uint)count) >> 32);
    }

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
            socket.Dispose();
    }
}

/// <summary>Makes UDP sockets that send as the kernel's VTEP does.</summary>
internal static class UdpSockets
{
    /// <summary>Opens a socket and binds it: TTL 64, DF off, UDP checksums on (every system's default).</summary>
    /// <exception cref="UnderlayException">The operating system refused.</exception>
    public static Socket Bind(UnderlayOptions options, ushort port)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            if (OperatingSystem.IsWindows())
            {
                socket.ExclusiveAddressUse = true;
                // Without this an ICMP port unreachable makes a later receive fail (SIO_UDP_CONNRESET).
                socket.IOControl(unchecked((int)0x9800000C), [0, 0, 0, 0], null);
            }

            socket.Ttl = 64;
            // On Linux this is IP_MTU_DISCOVER = IP_PMTUDISC_DONT: DF off, an outer packet beyond the MTU is fragmented as the VTEP's is.
            socket.DontFragment = false;
            socket.Bind(new IPEndPoint(options.Address.ToIPAddress(), port));
            return socket;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            throw UnderlayException.FromBind(options.Address, port, options.PortOption, e);
        }
    }
}
