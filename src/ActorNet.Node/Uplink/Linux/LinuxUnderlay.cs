using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using ActorNet.Dataplane.Frames;

namespace ActorNet.Node.Uplink.Linux;

/// <summary>
/// The underlay with Linux's segmentation offload: a run of datagrams of one length to one peer goes through the kernel's stack once
/// (UDP_SEGMENT, since 4.18) and arrives as one aggregate (UDP_GRO, since 5.0). On the wire each is a datagram of its own. Where the kernel
/// has neither, datagrams still leave many per system call (sendmmsg).
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LinuxUnderlay : UnderlaySocket
{
    private readonly SegmentedSender _sender;
    private int _receiveBuffersKept;

    public LinuxUnderlay(UnderlayOptions options, FramePool pool)
        : base(options, pool)
    {
        _sender = new SegmentedSender(Sources, Peers, Transmitted, options.Notice, KernelSegments(Sources[0]));
        if (ReceiveBufferBytes < options.ReceiveBufferBytes)
            options.Notice?.Invoke($"The kernel granted a receive buffer of {ReceiveBufferBytes:N0} bytes of {options.ReceiveBufferBytes:N0}: bursts may be lost. Raise net.core.rmem_max (`sysctl -w net.core.rmem_max={options.ReceiveBufferBytes}`).");
    }

    public override bool SegmentsInKernel => _sender.Segments;

    public override int ReceiveBuffersKept => Volatile.Read(ref _receiveBuffersKept);

    protected override void Transmit(FrameVector frames)
    {
        for (int i = 0; i < frames.Count; i++)
        {
            if (!IsSendable(frames[i]))
                frames[i].Length = SegmentedSender.Skip;
        }

        _sender.Send(frames.Frames);
    }

    protected override Action PrepareReceive(FrameCache cache, ReceivedVectors up)
    {
        var receiver = new AggregateReceiver(ReceiveSocket, cache, up, Received);
        Volatile.Write(ref _receiveBuffersKept, receiver.Slots);
        return () =>
        {
            ReceiveLoop(receiver, up);
            Volatile.Write(ref _receiveBuffersKept, 0);
        };
    }

    // On an unconnected UDP socket shutdown reports ENOTCONN and all the same wakes whoever is blocked in it (linux net/ipv4/af_inet.c inet_shutdown).
    protected override void WakeReceiver() => _ = LinuxNative.Shutdown((int)ReceiveSocket.Handle, LinuxNative.ShutRdWr);

    protected override void ReleaseSender() => _sender.Dispose();

    protected override void TuneReceiver(Socket socket)
    {
        if (!TrySet(socket, LinuxNative.SolSocket, LinuxNative.SoRcvBufForce, Options.ReceiveBufferBytes))
            base.TuneReceiver(socket);
        TrySet(socket, LinuxNative.IpProtoIp, LinuxNative.IpRecvTos, 1);
        TrySet(socket, LinuxNative.SolSocket, LinuxNative.SoRxqOvfl, 1);
        TrySet(socket, LinuxNative.SolUdp, LinuxNative.UdpGro, 1);
    }

    protected override void TuneSender(Socket socket)
    {
        base.TuneSender(socket);
        TrySet(socket, LinuxNative.SolSocket, LinuxNative.SoSndBufForce, Options.SendBufferBytes);
        RefuseAll(socket);
    }

    private static bool KernelSegments(Socket socket)
    {
        Span<byte> value = stackalloc byte[4];
        try
        {
            // The option is 0 (off) where it exists; ENOPROTOOPT where it does not.
            socket.GetRawSocketOption(LinuxNative.SolUdp, LinuxNative.UdpSegment, value);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool TrySet(Socket socket, int level, int option, int value)
    {
        try
        {
            socket.SetRawSocketOption(level, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(ref value)));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Attaches the classic BPF program "return 0": the kernel drops what comes to a sending socket before it is queued.</summary>
    private static unsafe void RefuseAll(Socket socket)
    {
        // struct sock_filter { u16 code; u8 jt, jf; u32 k; }: BPF_RET | BPF_K is 6.
        ulong program = BitConverter.IsLittleEndian ? 6UL : 6UL << 48;
        // struct sock_fprog { u16 len; struct sock_filter *filter; }: the pointer is aligned.
        nint* value = stackalloc nint[2];
        value[0] = 0;
        *(ushort*)value = 1;
        value[1] = (nint)(&program);
        try
        {
            socket.SetRawSocketOption(LinuxNative.SolSocket, LinuxNative.SoAttachFilter, new ReadOnlySpan<byte>(value, 2 * sizeof(nint)));
        }
        catch (SocketException)
        {
            // Then the small receive buffer has to do.
        }
    }

    private void ReceiveLoop(AggregateReceiver receiver, ReceivedVectors up)
    {
        int errors = 0;
        using (receiver)
        {
            while (!Stopping)
            {
                if (receiver.TryReceive())
                    errors = 0;
                else if (!Stopping)
                    CountReceiveError(ref errors);
                up.Flush();
            }
        }
    }
}
