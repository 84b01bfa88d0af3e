using ActorNet.Dataplane.Time;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Traceroute;

/// <summary>ICMP echo probes from one socket, told apart by their sequence numbers (mod-icmp.c).</summary>
internal sealed class EchoProber(ProgramContext context, TracerouteOptions options, Ipv4Address source) : TracerouteProber(context)
{
    private readonly byte[] _data = new byte[options.DataLength];
    private IcmpSocket? _socket;

    protected override (string? Call, SocketResult Result) Open(SocketLayer sockets)
    {
        if (!source.IsAny && !sockets.Stack.IsLocal(source))
            return ("bind", SocketResult.AddressNotAvailable);
        SocketResult route = SocketResults.From(sockets.Stack.SelectSource(options.Address, out _, out _, options.Device));
        if (route != SocketResult.Ok)
            return ("connect", route);
        SocketResult result = sockets.OpenIcmp(0, out IcmpSocket? socket);
        if (socket is null)
            return ("socket", result);
        socket.ReceiveErrors = true;
        socket.Source = source;
        socket.Device = options.Device;
        socket.TypeOfService = options.TypeOfService;
        socket.PathMtuDiscovery = options.DontFragment ? PathMtuDiscovery.Do : PathMtuDiscovery.Dont;
        socket.Readable = () => OnReady(socket);
        _socket = socket;
        return default;
    }

    protected override (string? Call, SocketResult Result, Instant SentAt) Send(SocketLayer sockets, int index, byte timeToLive)
    {
        _socket!.TimeToLive = timeToLive;
        SocketResult result = _socket.SendEcho(options.Address, (ushort)(options.Port + index), _data, out Instant sentAt);
        return (result is SocketResult.Ok or SocketResult.MessageTooLong ? null : "send", result, sentAt);
    }

    protected override void Close() => _socket?.Close();

    private void OnReady(IcmpSocket socket)
    {
        while (socket.TryTakeError(out SocketErrorRecord error))
            Tell(IndexOf(error.EchoSequence), error);
        while (socket.TryReceiveReply(out ushort sequence, out _, out DatagramInfo info))
            Tell(new ProbeReply(IndexOf(sequence), info.Sender.Address, info.ReceivedAt, true));
    }

    private int IndexOf(ushort sequence) => (ushort)(sequence - options.Port);
}
