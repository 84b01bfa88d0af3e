using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using ActorNet.TcpScripts;

namespace ActorNet.Interop.Tests.TcpScripts;

/// <summary>
/// The socket calls of the kernel themselves, non-blocking, with the errno as it comes: .NET's Socket would hide when a call is made and
/// what it answered. A socket belongs to the namespace of the thread that opens it.
/// </summary>
internal static class KernelSocket
{
    private const int Ipv4 = 2;
    private const int SocketLevel = 1;
    private const int TcpLevel = 6;
    private const int ErrorOption = 4;
    private const int LingerOption = 13;
    private const int InfoOption = 11;
    private const int CongestionOption = 13;
    private const int NoSignal = 0x4000;

    private static readonly Dictionary<string, (int Level, int Name)> Options = new(StringComparer.Ordinal)
    {
        ["reuseaddr"] = (SocketLevel, 2),
        ["sndbuf"] = (SocketLevel, 7),
        ["rcvbuf"] = (SocketLevel, 8),
        ["keepalive"] = (SocketLevel, 9),
        ["linger"] = (SocketLevel, LingerOption),
        ["nodelay"] = (TcpLevel, 1),
        ["maxseg"] = (TcpLevel, 2),
        ["cork"] = (TcpLevel, 3),
        ["keepidle"] = (TcpLevel, 4),
        ["keepintvl"] = (TcpLevel, 5),
        ["keepcnt"] = (TcpLevel, 6),
        ["syncnt"] = (TcpLevel, 7),
        ["linger2"] = (TcpLevel, 8),
        ["quickack"] = (TcpLevel, 12),
        ["user_timeout"] = (TcpLevel, 18),
    };

    /// <summary>Fields of struct tcp_info (linux include/uapi/linux/tcp.h): offset and size in bytes.</summary>
    private static readonly Dictionary<string, (int Offset, int Size)> InfoFields = new(StringComparer.Ordinal)
    {
        ["retransmits"] = (2, 1),
        ["backoff"] = (4, 1),
        ["rto"] = (8, 4),
        ["snd_mss"] = (16, 4),
        ["unacked"] = (24, 4),
        ["sacked"] = (28, 4),
        ["pmtu"] = (60, 4),
        ["snd_ssthresh"] = (76, 4),
        ["snd_cwnd"] = (80, 4),
        ["total_retrans"] = (100, 4),
    };

    private static readonly Dictionary<int, string> ErrnoNames = new()
    {
        [9] = "EBADF",
        [11] = "EAGAIN",
        [13] = "EACCES",
        [22] = "EINVAL",
        [32] = "EPIPE",
        [71] = "EPROTO",
        [90] = "EMSGSIZE",
        [92] = "ENOPROTOOPT",
        [95] = "EOPNOTSUPP",
        [98] = "EADDRINUSE",
        [99] = "EADDRNOTAVAIL",
        [101] = "ENETUNREACH",
        [103] = "ECONNABORTED",
        [104] = "ECONNRESET",
        [105] = "ENOBUFS",
        [106] = "EISCONN",
        [107] = "ENOTCONN",
        [110] = "ETIMEDOUT",
        [111] = "ECONNREFUSED",
        [113] = "EHOSTUNREACH",
        [114] = "EALREADY",
        [115] = "EINPROGRESS",
    };

    /// <summary>Names of the states by their numbers (linux include/net/tcp_states.h), as RFC 9293 3.3.2 writes them.</summary>
    private static readonly string[] States =
    [
        "", "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN",
        "CLOSING",
    ];

    /// <summary>
    /// Opens a socket with CUBIC, read back: the machine's default may be another controller, also in a new namespace. The socket's own
    /// option needs only CAP_NET_ADMIN; net.ipv4.tcp_congestion_control of a namespace takes only what the first namespace's
    /// tcp_allowed_congestion_control names (linux tcp_cong.c tcp_set_default_congestion_control).
    /// </summary>
    public static SocketAnswer Open()
    {
        SocketAnswer opened = Answer(socket(Ipv4, 1 | 0x800 | 0x80000, TcpLevel));
        if (opened.Errno is not null)
            return opened;
        byte[] name = new byte[16];
        int length = name.Length;
        if (setsockopt(opened.Value, TcpLevel, CongestionOption, "cubic"u8.ToArray(), 5) != 0
            || getsockopt(opened.Value, TcpLevel, CongestionOption, name, ref length) != 0
            || !name.AsSpan().StartsWith("cubic\0"u8))
            throw new ScriptException($"the kernel's sockets do not take cubic: {Marshal.GetLastPInvokeErrorMessage()}. Load it: modprobe tcp_cubic");
        return opened;
    }

    public static SocketAnswer Bind(int file, uint address, ushort port) => Answer(bind(file, Address(address, port), 16));

    public static SocketAnswer Connect(int file, uint address, ushort port) => Answer(connect(file, Address(address, port), 16));

    public static SocketAnswer Listen(int file, int backlog) => Answer(listen(file, backlog));

    public static SocketAnswer Accept(int file) => Answer(accept4(file, 0, 0, 0x800 | 0x80000));

    public static SocketAnswer Write(int file, byte[] data) => Answer((int)send(file, data, data.Length, NoSignal));

    public static SocketAnswer Read(int file, byte[] buffer) => Answer((int)recv(file, buffer, buffer.Length, 0));

    public static SocketAnswer Shutdown(int file, ShutdownWay way) => Answer(shutdown(file, (int)way));

    public static SocketAnswer Close(int file) => Answer(close(file));

    public static SocketAnswer SetOption(int file, string option, int value)
    {
        if (!Options.TryGetValue(option, out (int Level, int Name) known))
            throw new ScriptException($"'{option}' is none of the socket options {string.Join(", ", Options.Keys)}");
        byte[] bytes = option == "linger" ? [.. BitConverter.GetBytes(1), .. BitConverter.GetBytes(value)] : BitConverter.GetBytes(value);
        return Answer(setsockopt(file, known.Level, known.Name, bytes, bytes.Length));
    }

    public static SocketAnswer TakeError(int file)
    {
        byte[] value = new byte[4];
        int length = value.Length;
        if (getsockopt(file, SocketLevel, ErrorOption, value, ref length) != 0)
            return Answer(-1);
        int error = BitConverter.ToInt32(value);
        return error == 0 ? SocketAnswer.Ok() : SocketAnswer.Fail(Name(error));
    }

    public static string? State(int file) => TcpInfo(file) is { } info ? States[info[0]] : null;

    public static SocketAnswer Info(int file, string field)
    {
        if (!InfoFields.TryGetValue(field, out (int Offset, int Size) place))
            throw new ScriptException($"'{field}' is none of the fields {string.Join(", ", InfoFields.Keys)}");
        byte[] info = TcpInfo(file) ?? throw new ScriptException("the kernel gives no tcp_info");
        return SocketAnswer.Ok(place.Size == 1 ? info[place.Offset] : BitConverter.ToInt32(info, place.Offset));
    }

    private static byte[]? TcpInfo(int file)
    {
        byte[] info = new byte[104];
        int length = info.Length;
        return getsockopt(file, TcpLevel, InfoOption, info, ref length) == 0 ? info : null;
    }

    private static byte[] Address(uint address, ushort port)
    {
        byte[] bytes = new byte[16];
        BitConverter.TryWriteBytes(bytes, (short)Ipv4);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), port);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), address);
        return bytes;
    }

    private static SocketAnswer Answer(int result) =>
        result >= 0 ? SocketAnswer.Ok(result) : SocketAnswer.Fail(Name(Marshal.GetLastPInvokeError()));

    private static string Name(int error) => ErrnoNames.GetValueOrDefault(error, string.Create(CultureInfo.InvariantCulture, $"ERRNO{error}"));

#pragma warning disable CA5392 // each names the C library itself
    [DllImport("libc", SetLastError = true)]
    private static extern int socket(int domain, int type, int protocol);

    [DllImport("libc", SetLastError = true)]
    private static extern int bind(int file, byte[] address, int length);

    [DllImport("libc", SetLastError = true)]
    private static extern int connect(int file, byte[] address, int length);

    [DllImport("libc", SetLastError = true)]
    private static extern int listen(int file, int backlog);

    [DllImport("libc", SetLastError = true)]
    private static extern int accept4(int file, nint address, nint length, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern nint send(int file, byte[] data, nint length, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern nint recv(int file, byte[] data, nint length, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int shutdown(int file, int how);

    [DllImport("libc", SetLastError = true)]
    private static extern int close(int file);

    [DllImport("libc", SetLastError = true)]
    private static extern int setsockopt(int file, int level, int name, byte[] value, int length);

    [DllImport("libc", SetLastError = true)]
    private static extern int getsockopt(int file, int level, int name, byte[] value, ref int length);
#pragma warning restore CA5392
}
