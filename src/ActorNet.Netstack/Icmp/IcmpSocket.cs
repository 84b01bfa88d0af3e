using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>
/// A socket that sends ICMP echo requests and hears the replies and errors that bear its identifier. Errors are always in the error queue.
/// The data of a received datagram begins behind the echo header, whose sequence number <see cref="TryReceiveReply"/> tells.
/// </summary>
public sealed class IcmpSocket : DatagramSocket
{
    private readonly IcmpDemultiplexer _demultiplexer;

    internal IcmpSocket(SocketLayer layer, IcmpDemultiplexer demultiplexer, ushort identifier)
        : base(layer)
    {
        _demultiplexer = demultiplexer;
        Identifier = identifier;
        ReceiveErrors = true;
    }

    /// <summary>The echo identifier.</summary>
    public ushort Identifier { get; }

    /// <summary>The source address to use, or 0.0.0.0 to let the route choose.</summary>
    public Ipv4Address Source { get; set; }

    private protected override int TransportHeaderLength => IcmpView.HeaderLength;

    /// <summary>Sends an echo request.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="sequence">Sequence number.</param>
    /// <param name="data">Data behind the 8-byte header, copied.</param>
    /// <param name="sentAt">When it was handed to the namespace.</param>
    public SocketResult SendEcho(Ipv4Address destination, ushort sequence, ReadOnlySpan<byte> data, out Instant sentAt)
    {
        sentAt = Layer.Stack.Now;
        if (IsClosed)
            return SocketResult.Closed;
        if (destination.IsAny)
            destination = Ipv4Address.Loopback;
        if (data.Length > MaxPayload)
            return LocalError(SocketResult.MessageTooLong, new Ipv4Endpoint(destination, 0), sequence);
        SendError error;
        int packetLength = Ipv4View.MinHeaderLength + IcmpView.HeaderLength + data.Length;
        do
        {
            if (!Frames.TryRentFrame(IcmpView.HeaderLength + data.Length, out Frame frame))
                return SocketResult.NoBuffers;
            Span<byte> message = frame.Span;
            data.CopyTo(message[IcmpView.HeaderLength..]);
            IcmpView.Write(message, IcmpType.EchoRequest, 0, ((uint)Identifier << 16) | sequence);
            var request = new Ipv4SendRequest
            {
                Destination = destination,
                Source = Source,
                Protocol = IpProtocol.Icmp,
                DontFragment = WantsDontFragment(destination, packetLength),
                TimeToLive = TimeToLive,
                TypeOfService = TypeOfService,
                Device = Device,
                AllowBroadcast = AllowBroadcast,
            };
            error = Layer.Stack.Send(request, ref frame);
        }
        while (ShouldRetrySmall(error, packetLength));
        return LocalError(SocketResults.From(error), new Ipv4Endpoint(destination, 0), sequence);
    }

    /// <summary>Takes the next reply with a copy of its data.</summary>
    /// <param name="sequence">The echo sequence number.</param>
    /// <param name="data">The data behind the echo header.</param>
    /// <param name="info">Sender and the rest.</param>
    public bool TryReceiveReply(out ushort sequence, out byte[] data, out DatagramInfo info)
    {
        sequence = 0;
        data = [];
        if (!TryDequeue(out Frame frame, out info))
            return false;
        data = frame.Span.ToArray();
        // The echo header stands right before the data; its length was checked when it came in.
        frame.Push(IcmpView.HeaderLength);
        sequence = (ushort)((frame.Span[6] << 8) | frame.Span[7]);
        Frames.Release(ref frame);
        return true;
    }

    private protected override ushort SenderPort(ReadOnlySpan<byte> transport) => 0;

    private protected override void Unregister() => _demultiplexer.Remove(this);
}
