using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Traceroute;

/// <summary>UDP probes, each from a connected socket of its own; the destination's port counts up unless -U holds it (mod-udp.c).</summary>
internal sealed class UdpProber(ProgramContext context, TracerouteOptions options, Ipv4Address source) : TracerouteProber(context)
{
    private readonly byte[] _data = CreateData(options.DataLength);
    private readonly List<UdpSocket> _sockets = [];

    protected override (string? Call, SocketResult Result, Instant SentAt) Send(SocketLayer sockets, int index, byte timeToLive)
    {
        UdpSocket socket = sockets.OpenUdp();
        _sockets.Add(socket);
        socket.ReceiveErrors = true;
        socket.TimeToLive = timeToLive;
        socket.TypeOfService = options.TypeOfService;
        socket.Device = options.Device;
        socket.PathMtuDiscovery = options.DontFragment ? PathMtuDiscovery.Do : PathMtuDiscovery.Dont;
        socket.Readable = () => OnReady(sockets, socket, index);
        Instant now = sockets.Stack.Now;
        SocketResult result = socket.Bind(new Ipv4Endpoint(source, 0));
        if (result != SocketResult.Ok)
            return ("bind", result, now);
        ushort port = (ushort)(options.Port + (options.ConstantPort ? 0 : index));
        result = socket.Connect(new Ipv4Endpoint(options.Address, port == 0 ? (ushort)1 : port));
        if (result != SocketResult.Ok)
            return ("connect", result, now);
        result = socket.Send(_data);
        return (result is SocketResult.Ok or SocketResult.MessageTooLong ? null : "send", result, now);
    }

    protected override void Close()
    {
        foreach (UdpSocket socket in _sockets)
            socket.Close();
        _sockets.Clear();
    }

    private void OnReady(SocketLayer sockets, UdpSocket socket, int index)
    {
        while (socket.TryTakeError(out SocketErrorRecord error))
            Tell(index, error);
        if (!socket.TryDequeue(out Frame frame, out DatagramInfo info))
            return;
        // Somebody listens there and has answered.
        socket.Frames.Release(ref frame);
        Tell(new ProbeReply(index, info.Sender.Address, sockets.Stack.Now, true));
    }

    private static byte[] CreateData(int length)
    {
        byte[] data = new byte[length];
        for (int i = 0; i < length; i++)
            data[i] = (byte)('@' + (i & 0x3F));
        return data;
    }
}
