using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ActorNet.Interop.Tests.Netns;

/// <summary>
/// Sockets of this process that live in a laboratory's namespace. A socket belongs for good to the namespace of the thread that opened it
/// (linux net/socket.c sock_create), so a thread moves there, opens it and ends.
/// </summary>
public static class NamespaceSocket
{
    private const int CloneNewNet = 0x4000_0000;

    /// <summary>Opens a UDP socket bound to a port on every address of the namespace.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="port">The port; 0 lets the kernel choose.</param>
    public static Socket OpenUdp(NetworkNamespace ns, int port = 0)
    {
        Socket socket = Open(ns, static () => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        return socket;
    }

    /// <summary>Opens a TCP socket, neither bound nor connected.</summary>
    /// <param name="ns">The namespace.</param>
    public static Socket OpenTcp(NetworkNamespace ns) =>
        Open(ns, static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));

    /// <summary>Opens something that has sockets while its thread is in the namespace. It must start no thread: that one would stay there.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="open">Opens it.</param>
    public static T Open<T>(NetworkNamespace ns, Func<T> open)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(ns);
        ArgumentNullException.ThrowIfNull(open);
        T? opened = null;
        Exception? failure = null;
        var mover = new Thread(() =>
        {
            try
            {
                Enter(ns);
                opened = open();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        mover.Start();
        mover.Join();
        return opened ?? throw new InvalidOperationException($"no socket in {ns.Name}: {failure!.Message}", failure);
    }

    /// <summary>Moves the calling thread into a namespace, for good.</summary>
    internal static void Enter(NetworkNamespace ns)
    {
        using SafeFileHandle handle = File.OpenHandle($"/run/netns/{ns.Name}");
        if (setns((int)handle.DangerousGetHandle(), CloneNewNet) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int setns(int fd, int nstype);
}
