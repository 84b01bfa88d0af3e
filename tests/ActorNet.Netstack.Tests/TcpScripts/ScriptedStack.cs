using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;
using ActorNet.TcpScripts;

namespace ActorNet.Netstack.Tests.TcpScripts;

/// <summary>Our TCP in a namespace of its own, the far end of its eth0 the script, on a clock that only the script moves.</summary>
internal sealed class ScriptedStack : ITcpStackUnderTest, IFrameSink
{
    private static readonly MacAddress PeerMac = MacAddress.Parse("02:00:00:00:00:02");

    private readonly FramePool _pool = new();
    private readonly ManualTime _time = new();
    private readonly MonotonicClock _clock;
    private readonly Instant _start;
    private readonly FrameCache _frames;
    private readonly NetworkNamespace _namespace;
    private readonly VethDevice _eth0;
    private readonly SocketLayer _layer;
    private readonly Queue<byte[]> _sent = new();
    private readonly ScriptedSockets _sockets;

    /// <summary>Makes the stack that a script asks for.</summary>
    public ScriptedStack(TcpScript script)
    {
        _clock = new MonotonicClock(_time);
        _frames = _pool.CreateCache("script");
        _namespace = new NetworkNamespace(new NamespaceOptions { Name = "script", Seed = 7 }, _clock, _frames);
        _eth0 = new VethDevice("eth0", 2, MacAddress.Parse("02:00:00:00:00:01"), script.Mtu, _frames) { Link = this };
        IpInterface attached = _namespace.Attach(_eth0);
        Assert.Equal(AddressError.None, _namespace.AddAddress(attached, InterfaceAddress.Parse($"{Address}/24")));
        _eth0.SetUp(true);
        _eth0.SetCarrier(true);
        _namespace.DeviceChanged(_eth0);
        Assert.Equal(NeighbourError.None, _namespace.SetNeighbour("eth0", PeerAddress, PeerMac));
        _layer = new SocketLayer(_namespace, seed: 42, ScriptedSettings.From(script));
        _sockets = new ScriptedSockets(_layer, Address, PeerAddress);
        Settle();
        _start = _clock.Now;
    }

    public Ipv4Address Address { get; } = Ipv4Address.Parse("192.0.2.1");

    public Ipv4Address PeerAddress { get; } = Ipv4Address.Parse("192.0.2.2");

    public TimeSpan Now => _clock.Now - _start;

    public void Inject(ReadOnlySpan<byte> packet)
    {
        Assert.True(_frames.TryRentFrame(EthernetView.HeaderLength + packet.Length, out Frame frame));
        Span<byte> bytes = frame.Span;
        _eth0.Mac.Write(bytes);
        PeerMac.Write(bytes[6..]);
        bytes[12] = 8;
        bytes[13] = 0;
        packet.CopyTo(bytes[EthernetView.HeaderLength..]);
        Assert.True(_frames.TryRentVector(out FrameVector vector));
        vector.Add(frame);
        _eth0.Receive(vector);
        Settle();
    }

    public byte[]? NextEmitted(TimeSpan deadline)
    {
        Instant end = _start + deadline;
        while (!_sent.TryPeek(out _))
        {
            Instant next = _layer.NextDeadline < _namespace.NextDeadline ? _layer.NextDeadline : _namespace.NextDeadline;
            if (next > end)
            {
                if (end > _clock.Now)
                    _time.Advance(end - _clock.Now);
                return null;
            }

            // A span counts in ticks of 100 ns: the next one, so that a moment between two is not waited for without end.
            if (next > _clock.Now)
                _time.Advance(next - _clock.Now + TimeSpan.FromTicks(1));
            Settle();
        }
        return _sent.Dequeue();
    }

    /// <summary>What the stack sent by eth0: IPv4 packets only, the neighbours are known.</summary>
    public void Push(FrameVector frames)
    {
        foreach (ref Frame frame in frames.Frames)
        {
            if (frame.Span[12] == 8 && frame.Span[13] == 0)
                _sent.Enqueue(frame.Span[EthernetView.HeaderLength..].ToArray());
        }
        frames.ReturnCredit();
        _frames.Release(frames);
    }

    public SocketAnswer Open() => Settled(_sockets.Open());

    public SocketAnswer Bind(int socket, ushort port) => Settled(_sockets.Bind(socket, port));

    public SocketAnswer Listen(int socket, int backlog) => Settled(_sockets.Listen(socket, backlog));

    public SocketAnswer Accept(int socket) => Settled(_sockets.Accept(socket));

    public SocketAnswer Connect(int socket, ushort port) => Settled(_sockets.Connect(socket, port));

    public SocketAnswer Write(int socket, ReadOnlySpan<byte> data) => Settled(_sockets.Write(socket, data));

    public SocketAnswer Read(int socket, Span<byte> buffer) => Settled(_sockets.Read(socket, buffer));

    public SocketAnswer Shutdown(int socket, ShutdownWay way) => Settled(_sockets.Shutdown(socket, way));

    public SocketAnswer Close(int socket) => Settled(_sockets.Close(socket));

    public SocketAnswer SetOption(int socket, string option, int value) => Settled(_sockets.SetOption(socket, option, value));

    public SocketAnswer TakeError(int socket) => _sockets.TakeError(socket);

    public string? State(int socket) => _sockets.State(socket);

    public SocketAnswer Info(int socket, string field) => _sockets.Info(socket, field);

    /// <summary>Ends everything and asserts that every buffer came back.</summary>
    public void Dispose()
    {
        _sockets.CloseAll();
        _layer.Close();
        Settle();
        _namespace.Dispose();
        _frames.Dispose();
        Assert.True(_pool.Measure().IsIdle, _pool.Measure().ToString());
    }

    private SocketAnswer Settled(SocketAnswer answer)
    {
        Settle();
        return answer;
    }

    /// <summary>What the namespace's owner does at the end of its turn.</summary>
    private void Settle() => OwnerTurn.Settle(_namespace, _layer, _clock);
}
