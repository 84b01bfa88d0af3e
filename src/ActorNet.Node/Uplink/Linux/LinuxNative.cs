using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace ActorNet.Node.Uplink.Linux;

/// <summary>The socket calls of Linux that .NET does not offer. Numbers are those of the asm-generic headers, which x86, Arm, RISC-V and LoongArch share.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxNative
{
    public const int SolSocket = 1;
    public const int SoAttachFilter = 26;
    public const int SoSndBufForce = 32;
    public const int SoRcvBufForce = 33;
    public const int SoRxqOvfl = 40;

    public const int IpProtoIp = 0;
    public const int IpTos = 1;
    public const int IpRecvTos = 13;

    public const int SolUdp = 17;
    public const int UdpSegment = 103;
    public const int UdpGro = 104;

    public const int MsgDontWait = 0x40;
    public const int MsgWaitForOne = 0x10000;
    public const int MsgNoSignal = 0x4000;

    public const int ShutRdWr = 2;
    public const ushort AfInet = 2;

    public const int Eintr = 4;
    public const int Eio = 5;
    public const int Eagain = 11;
    public const int Einval = 22;
    public const int Emsgsize = 90;
    public const int Enoprotoopt = 92;
    public const int Eopnotsupp = 95;
    public const int Enobufs = 105;

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    public static partial int SendMessages(int socket, MessageVector* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    public static partial int ReceiveMessages(int socket, MessageVector* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    public static partial int Shutdown(int socket, int how);
}

/// <summary>struct iovec.</summary>
internal unsafe struct IoVector
{
    public byte* Base;
    public nuint Length;
}

/// <summary>struct msghdr of glibc; musl's differs only in padding that is zero here.</summary>
internal unsafe struct MessageHeader
{
    public SocketAddressIn* Name;
    public uint NameLength;
    public IoVector* Vectors;
    public nuint VectorCount;
    public byte* Control;
    public nuint ControlLength;
    public int Flags;
}

/// <summary>struct mmsghdr.</summary>
internal struct MessageVector
{
    public MessageHeader Header;
    public uint Length;
}

/// <summary>struct sockaddr_in; port and address are in network order.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct SocketAddressIn
{
    public ushort Family;
    public ushort Port;
    public uint Address;
}

/// <summary>Writes and reads the control messages (man 3 cmsg) that go with a datagram.</summary>
internal static unsafe class ControlMessages
{
    /// <summary>Bytes enough for every control message used here.</summary>
    public const int Capacity = 128;

    private static readonly int HeaderLength = Align(sizeof(nuint) + 8);

    /// <summary>Appends one with an integer of 2 or 4 bytes.</summary>
    /// <returns>The length of all so far.</returns>
    public static int Append(byte* control, int at, int level, int type, int value, int size)
    {
        byte* message = control + at;
        *(nuint*)message = (nuint)(HeaderLength + size);
        *(int*)(message + sizeof(nuint)) = level;
        *(int*)(message + sizeof(nuint) + 4) = type;
        if (size == 2)
            *(ushort*)(message + HeaderLength) = (ushort)value;
        else
            *(int*)(message + HeaderLength) = value;
        return at + Align(HeaderLength + size);
    }

    /// <summary>Reads the one at an offset and moves the offset behind it.</summary>
    /// <returns>False at the end.</returns>
    public static bool TryRead(byte* control, nuint length, ref int at, out int level, out int type, out int value)
    {
        level = 0;
        type = 0;
        value = 0;
        if ((nuint)(at + HeaderLength) > length)
            return false;
        byte* message = control + at;
        nuint own = *(nuint*)message;
        if (own < (nuint)HeaderLength || (nuint)at + own > length)
            return false;
        level = *(int*)(message + sizeof(nuint));
        type = *(int*)(message + sizeof(nuint) + 4);
        int size = (int)own - HeaderLength;
        value = size >= 4 ? *(int*)(message + HeaderLength) : size >= 1 ? message[HeaderLength] : 0;
        at += Align((int)own);
        return true;
    }

    private static int Align(int length) => (length + sizeof(nuint) - 1) & ~(sizeof(nuint) - 1);
}
