using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Netstack;

namespace ActorNet.Workloads.Iperf;

/// <summary>A stream over UDP on a connected socket: numbered datagrams at a rate, or what arrives counted.</summary>
internal sealed class UdpTestStream(UdpSocket socket, SocketLayer sockets, bool isSender, TestParameters parameters)
    : TestStream(isSender, parameters)
{
    // Without a rate there is no end to a turn; what does not fit the links is dropped there, so more at once gains nothing.
    private const int DatagramsPerTurn = 64;

    private readonly byte[] _datagram = isSender ? TestPattern.Create(parameters.BlockSize) : [];
    private readonly UdpArrivals _arrivals = new();

    public override Ipv4Endpoint Local { get; } = socket.Local;

    public override Ipv4Endpoint Remote { get; } = socket.Remote;

    public override (int Send, int Receive) Buffers => (0, socket.ReceiveBufferSize);

    public override void Pump(Instant now)
    {
        if (!IsSender)
            return;
        int left = DatagramsPerTurn;
        int blocks;
        while (left > 0 && (blocks = PermittedBlocks(now)) > 0)
        {
            for (; blocks > 0 && left > 0; blocks--, left--)
            {
                if (!Group!.AllowsBlock() || !SendDatagram(now))
                    return;
            }
        }
    }

    public override void Close()
    {
        socket.Readable = null;
        socket.Close();
    }

    protected override void OnBegin(Instant now)
    {
        socket.Readable = Drain;
        Drain();
        Pump(now);
    }

    protected override StreamSample Look() => IsSender
        ? new StreamSample { Bytes = Bytes, Packets = Blocks }
        : new StreamSample
        {
            Bytes = Bytes,
            Packets = _arrivals.Packets,
            Lost = _arrivals.Lost,
            OutOfOrder = _arrivals.OutOfOrder,
            Jitter = _arrivals.Jitter,
        };

    private bool SendDatagram(Instant now)
    {
        UdpTestHeader.Write(_datagram, now, Blocks + 1, Parameters.Udp64Bit);
        SocketResult result = socket.Send(_datagram);
        switch (result)
        {
            case SocketResult.Ok:
                Bytes += _datagram.Length;
                Blocks++;
                return true;
            case SocketResult.NoBuffers or SocketResult.WouldBlock or SocketResult.ConnectionRefused:
                // The next look at the rate tries again; an ICMP error of a peer that has just closed says nothing that the control connection does not.
                return false;
            default:
                Failure = result;
                Group!.OnFailure();
                return false;
        }
    }

    private void Drain()
    {
        double arrivedAt = sockets.Stack.Now.Nanoseconds / 1e9;
        while (socket.TryDequeue(out Frame frame, out DatagramInfo info))
        {
            if (!IsSender && IsRunning && UdpTestHeader.TryRead(frame.Span, Parameters.Udp64Bit, out double sentAt, out long number))
            {
                Bytes += info.Length;
                _arrivals.Add(number, sentAt, arrivedAt);
            }

            socket.Frames.Release(ref frame);
        }
    }
}
