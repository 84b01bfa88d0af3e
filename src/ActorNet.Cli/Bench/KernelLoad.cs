using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using ActorNet.Packets;

namespace ActorNet.Cli.Bench;

/// <summary>
/// The load program on the kernel's sockets: sendmmsg and recvmmsg with one datagram a slot, or with runs of 64 datagrams a slot when offload
/// is asked for. Linux only.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class KernelLoad : IDisposable
{
    private const int Slots = 64;
    private const int Segments = 64;
    private const int ControlBytes = 64;
    private const int SolUdp = 17;
    private const int UdpSegment = 103;
    private const int UdpGro = 104;
    private const int MsgWaitForOne = 0x10000;
    private const int Eintr = 4;
    private const int Eagain = 11;
    private const int Enobufs = 105;

    private readonly Socket _socket;
    private readonly int _slots;
    private readonly int _payload;
    private readonly bool _offload;
    private readonly MessageVector[] _messages;
    private readonly IoVector[] _vectors;
    private readonly byte[] _bytes;
    private readonly byte[] _control;
    private volatile bool _stop;

    private KernelLoad(Socket socket, int slots, int slotBytes, int payload, bool offload)
    {
        _socket = socket;
        _slots = slots;
        _payload = payload;
        _offload = offload;
        // Pinned: the kernel is given addresses.
        _bytes = GC.AllocateArray<byte>(slots * slotBytes, pinned: true);
        _control = GC.AllocateArray<byte>(slots * ControlBytes, pinned: true);
        _vectors = GC.AllocateArray<IoVector>(slots, pinned: true);
        _messages = GC.AllocateArray<MessageVector>(slots, pinned: true);
        for (int i = 0; i < slots; i++)
        {
            _vectors[i] = new IoVector { Base = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, i * slotBytes), Length = (nuint)slotBytes };
            _messages[i].Header.Vectors = Marshal.UnsafeAddrOfPinnedArrayElement(_vectors, i);
            _messages[i].Header.VectorCount = 1;
        }
    }

    /// <summary>Opens a receiving socket on every address.</summary>
    public static KernelLoad OpenReceiver(int port, bool offload)
    {
        // The timeout lets the loop see that it should stop.
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 * 1024 * 1024, ReceiveTimeout = 100 };
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        if (offload)
            SetOption(socket, UdpGro, 1);
        return new KernelLoad(socket, offload ? 16 : Slots, offload ? 65_536 : 2048, 0, offload);
    }

    /// <summary>Opens a sending socket connected to the receiver.</summary>
    public static KernelLoad OpenSender(Ipv4Address to, int port, bool offload, int payload)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { SendBufferSize = 4 * 1024 * 1024 };
        socket.Connect(new IPEndPoint(to.ToIPAddress(), port));
        if (offload)
            SetOption(socket, UdpSegment, payload);
        return new KernelLoad(socket, offload ? 8 : Slots, offload ? payload * Math.Min(Segments, 65_507 / payload) : payload, payload, offload);
    }

    /// <summary>Sends for a time.</summary>
    public BenchSent Send(TimeSpan time, CancellationToken ct)
    {
        nint messages = Marshal.UnsafeAddrOfPinnedArrayElement(_messages, 0);
        int perSlot = (int)_vectors[0].Length / _payload;
        int handle = (int)_socket.Handle;
        long sent = 0;
        long until = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < until && !ct.IsCancellationRequested)
        {
            int count = SendMessages(handle, messages, (uint)_slots, 0);
            if (count > 0)
                sent += (long)count * perSlot;
            else
                ThrowUnlessPassing();
        }

        return new BenchSent(sent, sent, 0);
    }

    /// <summary>Counts what comes until <see cref="Stop"/>.</summary>
    public BenchReceived Receive()
    {
        nint messages = Marshal.UnsafeAddrOfPinnedArrayElement(_messages, 0);
        int handle = (int)_socket.Handle;
        long datagrams = 0;
        long bytes = 0;
        long first = 0;
        long last = 0;
        while (!_stop)
        {
            for (int i = 0; _offload && i < _slots; i++)
            {
                _messages[i].Header.Control = Marshal.UnsafeAddrOfPinnedArrayElement(_control, i * ControlBytes);
                _messages[i].Header.ControlLength = ControlBytes;
            }

            int count = ReceiveMessages(handle, messages, (uint)_slots, MsgWaitForOne, 0);
            if (count <= 0)
            {
                ThrowUnlessPassing();
                continue;
            }

            last = Stopwatch.GetTimestamp();
            if (first == 0)
                first = last;
            for (int i = 0; i < count; i++)
            {
                int length = (int)_messages[i].Length;
                bytes += length;
                datagrams += _offload ? CountSegments(i, length) : 1;
            }
        }

        return new BenchReceived(datagrams, bytes, Stopwatch.GetElapsedTime(first, last).TotalSeconds);
    }

    /// <summary>Makes <see cref="Receive"/> return.</summary>
    public void Stop() => _stop = true;

    public void Dispose() => _socket.Dispose();

    private static void ThrowUnlessPassing()
    {
        int error = Marshal.GetLastPInvokeError();
        if (error is not (Eintr or Eagain or Enobufs))
            throw new Win32Exception(error);
    }

    private static void SetOption(Socket socket, int option, int value) =>
        socket.SetRawSocketOption(SolUdp, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(ref value)));

    /// <summary>How many datagrams an aggregate holds: the control message UDP_GRO (a header of two ints behind its length, then an int) says how long each is.</summary>
    private int CountSegments(int slot, int length)
    {
        ReadOnlySpan<byte> control = _control.AsSpan(slot * ControlBytes, (int)_messages[slot].Header.ControlLength);
        int header = nint.Size + 8;
        if (control.Length < header + 4 || MemoryMarshal.Read<int>(control[nint.Size..]) != SolUdp || MemoryMarshal.Read<int>(control[(nint.Size + 4)..]) != UdpGro)
            return 1;
        int segment = MemoryMarshal.Read<int>(control[header..]);
        return segment <= 0 ? 1 : (length + segment - 1) / segment;
    }

    [DllImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendMessages(int socket, nint messages, uint count, int flags);

    [DllImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ReceiveMessages(int socket, nint messages, uint count, int flags, nint timeout);

#pragma warning disable CS0649 // The kernel writes some of these fields, and some stay null on purpose.

    /// <summary>struct iovec.</summary>
    private struct IoVector
    {
        public nint Base;
        public nuint Length;
    }

    /// <summary>struct msghdr.</summary>
    private struct MessageHeader
    {
        public nint Name;
        public uint NameLength;
        public nint Vectors;
        public nuint VectorCount;
        public nint Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>struct mmsghdr.</summary>
    private struct MessageVector
    {
        public MessageHeader Header;
        public uint Length;
    }

#pragma warning restore CS0649
}
