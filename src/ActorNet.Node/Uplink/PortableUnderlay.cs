using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Node.Uplink;

/// <summary>
/// The underlay on plain .NET sockets, for every system: one system call per datagram. What it lacks beside the Linux one: the outer type of
/// service of received datagrams, which .NET does not tell, reads 0, and some systems ignore the one asked for in sending.
/// </summary>
internal sealed class PortableUnderlay : UnderlaySocket
{
    private readonly SocketAddress _to = new(AddressFamily.InterNetwork);
    private readonly int[] _typeOfService;

    public PortableUnderlay(UnderlayOptions options, FramePool pool)
        : base(options, pool)
    {
        _typeOfService = new int[Sources.Count];
        for (int i = 0; i < Sources.Count; i++)
            Sources[i].Blocking = false;
    }

    protected override void Transmit(FrameVector frames)
    {
        foreach (ref Frame frame in frames.Frames)
        {
            if (!IsSendable(frame))
                continue;
            PeerRecord peer = Peers.Find(frame.Remote);
            for (int i = 0; i < frame.Count; i++)
                Send(frame, FrameTrain.SpanOf(frame, i), peer);
        }
    }

    protected override Action PrepareReceive(FrameCache cache, ReceivedVectors up)
    {
        byte[] scratch = GC.AllocateUninitializedArray<byte>(65_536, pinned: true);
        return () => ReceiveLoop(cache, up, scratch);
    }

    // Closing the socket is what .NET offers on every system to end a blocked receive.
    protected override void WakeReceiver() => ReceiveSocket.Dispose();

    private void Send(in Frame frame, ReadOnlySpan<byte> datagram, PeerRecord peer)
    {
        int source = SourcePorts.Choose(frame.FlowHash, Sources.Count);
        Socket socket = Sources[source];
        try
        {
            if (_typeOfService[source] != frame.OuterTypeOfService)
            {
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.TypeOfService, frame.OuterTypeOfService);
                _typeOfService[source] = frame.OuterTypeOfService;
            }

            Span<byte> to = _to.Buffer.Span;
            BinaryPrimitives.WriteUInt16BigEndian(to[2..], frame.Remote.Port);
            frame.Remote.Address.Write(to[4..]);
            Transmitted.Calls++;
            socket.SendTo(datagram, SocketFlags.None, _to);
            Transmitted.CountSent(peer, 1, datagram.Length);
        }
        catch (SocketException)
        {
            Transmitted.CountDropped(peer, DropReason.UnderlaySendFailed, 1);
        }
    }

    private void ReceiveLoop(FrameCache cache, ReceivedVectors up, byte[] scratch)
    {
        var from = new SocketAddress(AddressFamily.InterNetwork);
        int errors = 0;
        while (!Stopping)
        {
            try
            {
                // Blocks for the first, takes what else is there, hands up: a lone datagram never waits for company.
                do
                    ReceiveOne(cache, up, scratch, from);
                while (ReceiveSocket.Available > 0);
                errors = 0;
                up.Flush();
            }
            catch (ObjectDisposedException)
            {
                break;
            }
            catch (SocketException)
            {
                up.Flush();
                if (!Stopping)
                    CountReceiveError(ref errors);
            }
        }

        up.Flush();
    }

    private void ReceiveOne(FrameCache cache, ReceivedVectors up, byte[] scratch, SocketAddress from)
    {
        from.Size = from.Buffer.Length;
        int length = ReceiveSocket.ReceiveFrom(scratch, SocketFlags.None, from);
        Received.Calls++;
        Received.Datagrams++;
        Received.Bytes += length;
        if (!cache.TryRentFrame(length, out Frame frame))
        {
            Received.Drops.Count(DropReason.NoBuffer);
            return;
        }

        scratch.AsSpan(0, length).CopyTo(frame.Span);
        ReadOnlySpan<byte> address = from.Buffer.Span;
        frame.Remote = new UnderlayEndpoint(Ipv4Address.Read(address[4..]), BinaryPrimitives.ReadUInt16BigEndian(address[2..]));
        if (frame.Buffer.Size == FrameSize.Large)
            up.CountLargeBuffer();
        up.Add(ref frame);
    }
}
