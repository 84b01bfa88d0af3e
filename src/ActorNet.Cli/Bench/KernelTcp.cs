using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using ActorNet.Packets;

namespace ActorNet.Cli.Bench;

/// <summary>What both ends of the kernel's TCP load share.</summary>
[SupportedOSPlatform("linux")]
internal static class KernelTcp
{
    /// <summary>The congestion control of both, and of our TCP.</summary>
    public const string CongestionControl = "cubic";

    /// <summary>Bytes that the programs give send(2) and recv(2), as our load does.</summary>
    public const int Chunk = 128 * 1024;

    private const int IpProtoTcp = 6;
    private const int TcpCongestion = 13;

    /// <summary>Opens a socket with <see cref="CongestionControl"/> and reads it back: a sysctl may be refused in a new namespace, the socket's own option is not.</summary>
    /// <exception cref="UsageException">The kernel does not offer it.</exception>
    public static Socket Open()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetRawSocketOption(IpProtoTcp, TcpCongestion, Encoding.ASCII.GetBytes(CongestionControl));
            Span<byte> value = stackalloc byte[16];
            int length = socket.GetRawSocketOption(IpProtoTcp, TcpCongestion, value);
            string inUse = Encoding.ASCII.GetString(value[..length]).TrimEnd('\0');
            return inUse == CongestionControl ? socket : throw new UsageException($"The kernel's socket uses {inUse} and not {CongestionControl}.");
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new UsageException($"The kernel's TCP does not offer {CongestionControl}: {e.Message}.");
        }
    }
}

/// <summary>The receiving end: counts the bytes of one connection after the other, or closes each as it comes.</summary>
[SupportedOSPlatform("linux")]
internal sealed class KernelTcpReceiver : IDisposable
{
    private readonly Socket _listener;
    private readonly bool _closeAtOnce;
    private volatile bool _stop;

    private KernelTcpReceiver(Socket listener, bool closeAtOnce)
    {
        _listener = listener;
        _closeAtOnce = closeAtOnce;
    }

    /// <summary>Listens on every address.</summary>
    public static KernelTcpReceiver Open(int port, bool closeAtOnce)
    {
        Socket listener = KernelTcp.Open();
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Any, port));
        listener.Listen(256);
        return new KernelTcpReceiver(listener, closeAtOnce);
    }

    /// <summary>Accepts until <see cref="Stop"/>.</summary>
    public BenchTcpReceived Run()
    {
        byte[] buffer = new byte[KernelTcp.Chunk];
        long connections = 0;
        long bytes = 0;
        long first = 0;
        long last = 0;
        while (true)
        {
            // A listener that is closed while it waits is how this loop ends.
            Socket connection;
            try
            {
                connection = _listener.Accept();
            }
            catch (Exception e) when (_stop && e is SocketException or ObjectDisposedException)
            {
                return new BenchTcpReceived(connections, bytes, Stopwatch.GetElapsedTime(first, last).TotalSeconds);
            }

            using (connection)
            {
                connections++;
                if (_closeAtOnce)
                    continue;
                int received;
                while ((received = connection.Receive(buffer)) > 0)
                {
                    bytes += received;
                    last = Stopwatch.GetTimestamp();
                    if (first == 0)
                        first = last;
                }
            }
        }
    }

    /// <summary>Makes <see cref="Run"/> return.</summary>
    public void Stop()
    {
        _stop = true;
        _listener.Dispose();
    }

    public void Dispose() => _listener.Dispose();
}

/// <summary>The sending end.</summary>
/// <param name="to">Address of the receiver.</param>
/// <param name="port">Its port.</param>
/// <param name="duration">How long.</param>
/// <param name="atOnce">0 for one flow; else how many connections at a time are opened and closed.</param>
internal sealed class KernelTcpSender(Ipv4Address to, int port, TimeSpan duration, int atOnce)
{
    /// <summary>Runs the load.</summary>
    /// <exception cref="UsageException">The system is not Linux, or its kernel lacks the congestion control.</exception>
    public BenchTcpSent Run(CancellationToken ct)
    {
        if (!OperatingSystem.IsLinux())
            throw new UsageException("kernel-peer measures Linux's sockets; this system is another.");
        return atOnce > 0 ? Connect(ct) : Stream(ct);
    }

    // Returns when the receiver has everything.
    [SupportedOSPlatform("linux")]
    private BenchTcpSent Stream(CancellationToken ct)
    {
        using Socket socket = KernelTcp.Open();
        socket.Connect(new IPEndPoint(to.ToIPAddress(), port));
        byte[] data = new byte[KernelTcp.Chunk];
        long sent = 0;
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration && !ct.IsCancellationRequested)
            sent += socket.Send(data);
        socket.Shutdown(SocketShutdown.Send);
        // The receiver closes when it has read all.
        socket.Receive(data);
        return new BenchTcpSent(1, sent, Stopwatch.GetElapsedTime(start).TotalSeconds, 0);
    }

    // Connections that the receiver closes and then this end, so many at a time on threads of their own.
    [SupportedOSPlatform("linux")]
    private BenchTcpSent Connect(CancellationToken ct)
    {
        long start = Stopwatch.GetTimestamp();
        long connections = 0;
        var threads = new Thread[atOnce];
        for (int i = 0; i < atOnce; i++)
        {
            threads[i] = new Thread(() =>
            {
                byte[] one = new byte[1];
                while (Stopwatch.GetElapsedTime(start) < duration && !ct.IsCancellationRequested)
                {
                    using Socket socket = KernelTcp.Open();
                    socket.Connect(new IPEndPoint(to.ToIPAddress(), port));
                    socket.Receive(one);
                    Interlocked.Increment(ref connections);
                }
            });
            threads[i].Start();
        }

        foreach (Thread thread in threads)
            thread.Join();
        return new BenchTcpSent(connections, 0, Stopwatch.GetElapsedTime(start).TotalSeconds, 0);
    }
}
