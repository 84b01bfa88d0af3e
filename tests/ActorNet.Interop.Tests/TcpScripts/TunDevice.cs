using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace ActorNet.Interop.Tests.TcpScripts;

/// <summary>
/// A TUN device whose far side is this process: what the kernel routes to it can be read, and what is written enters the kernel as if it
/// had come from the wire. It belongs to the namespace of the thread that opens it, and goes when it is closed.
/// </summary>
public sealed class TunDevice : IDisposable
{
    private const string Node = "/dev/net/tun";
    private const short PollIn = 1;
    private readonly int _file;
    private readonly byte[] _buffer = new byte[65536];

    private TunDevice(int file) => _file = file;

    /// <summary>Makes the node that a container may lack (character device 10:200, linux Documentation/networking/tuntap.rst).</summary>
    public static async Task EnsureNodeAsync()
    {
        Need.Root();
        if (File.Exists(Node))
            return;
        Directory.CreateDirectory("/dev/net");
        (await ProcessRunner.RunAsync(["mknod", Node, "c", "10", "200"])).EnsureSuccess();
    }

    /// <summary>Opens a device in the calling thread's namespace.</summary>
    /// <param name="name">Its name, such as <c>tun0</c>.</param>
    public static TunDevice Open(string name)
    {
        const int ReadWriteNonBlockCloseOnExec = 2 | 0x800 | 0x80000;
        const ulong SetInterface = 0x4004_54CA;
        const short TunWithoutPacketInformation = 0x0001 | 0x1000;
        int file = open(Node, ReadWriteNonBlockCloseOnExec);
        if (file < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"{Node} does not open: {Marshal.GetLastPInvokeErrorMessage()}");
        // struct ifreq: 16 bytes of name, then the flags.
        byte[] request = new byte[40];
        Encoding.ASCII.GetBytes(name, request);
        BitConverter.TryWriteBytes(request.AsSpan(16), TunWithoutPacketInformation);
        if (ioctl(file, SetInterface, request) == 0)
            return new TunDevice(file);
        int error = Marshal.GetLastPInvokeError();
        _ = close(file);
        throw new Win32Exception(error, $"no TUN device {name}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    /// <summary>Gives a packet to the kernel.</summary>
    public void Write(ReadOnlySpan<byte> packet)
    {
        if (write(_file, packet.ToArray(), packet.Length) != packet.Length)
            throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>The next packet that the kernel sent, or null when none comes in time.</summary>
    /// <param name="wait">How long to wait; not at all when it is not positive.</param>
    public byte[]? Read(TimeSpan wait)
    {
        var request = new PollRequest { File = _file, Events = PollIn };
        int milliseconds = (int)Math.Ceiling(Math.Max(0, wait.TotalMilliseconds));
        if (poll(ref request, 1, milliseconds) <= 0)
            return null;
        nint length = read(_file, _buffer, _buffer.Length);
        return length > 0 ? _buffer[..(int)length] : null;
    }

    /// <summary>Waits until one of several devices has a packet, or for a time, which is kept to the microsecond.</summary>
    public static void WaitAny(IReadOnlyList<TunDevice> devices, TimeSpan wait)
    {
        ArgumentNullException.ThrowIfNull(devices);
        PollRequest[] requests = [.. devices.Select(device => new PollRequest { File = device._file, Events = PollIn })];
        long ticks = Math.Max(0, wait.Ticks);
        var time = new TimeSpec { Seconds = ticks / TimeSpan.TicksPerSecond, Nanoseconds = ticks % TimeSpan.TicksPerSecond * 100 };
        _ = ppoll(requests, (ulong)requests.Length, ref time, 0);
    }

    /// <inheritdoc/>
    public void Dispose() => _ = close(_file);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int File;
        public short Events;
        public short Answer;
    }

#pragma warning disable CA5392 // each names the C library itself
    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int open(string path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int ioctl(int file, ulong request, byte[] argument);

    [DllImport("libc", SetLastError = true)]
    private static extern nint read(int file, byte[] buffer, nint length);

    [DllImport("libc", SetLastError = true)]
    private static extern nint write(int file, byte[] buffer, nint length);

    [DllImport("libc", SetLastError = true)]
    private static extern int poll(ref PollRequest requests, ulong count, int milliseconds);

    [DllImport("libc", SetLastError = true)]
    private static extern int ppoll([In, Out] PollRequest[] requests, ulong count, ref TimeSpec wait, nint mask);

    [DllImport("libc", SetLastError = true)]
    private static extern int close(int file);
#pragma warning restore CA5392
}
