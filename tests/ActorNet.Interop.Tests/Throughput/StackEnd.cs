using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Interop.Tests.TcpScripts;
using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Interop.Tests.Throughput;

/// <summary>An end of a path that is our TCP, with connections that always have data.</summary>
internal sealed class StackEnd : INearEnd
{
    public static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:01");

    private static readonly byte[] Data = new byte[65_536];

    private readonly FrameCache _frames;
    private readonly Dataplane.Ip.NetworkNamespace _namespace;
    private readonly VethDevice _eth0;
    private readonly SocketLayer _layer;
    private readonly Ipv4Endpoint _target;
    private int _missing;

    public StackEnd(MonotonicClock clock, FrameCache frames, Ipv4Address address, Ipv4Endpoint target, int flows)
    {
        _frames = frames;
        _target = target;
        _missing = flows;
        _namespace = new Dataplane.Ip.NetworkNamespace(new NamespaceOptions { Name = "ours", Seed = 7 }, clock, frames);
        _eth0 = new VethDevice("eth0", 2, Mac, 1500, frames);
        IpInterface attached = _namespace.Attach(_eth0);
        Assert.Equal(AddressError.None, _namespace.AddAddress(attached, InterfaceAddress.Parse($"{address}/24")));
        _eth0.SetUp(true);
        _eth0.SetCarrier(true);
        _namespace.DeviceChanged(_eth0);
        _namespace.SetNeighbour("eth0", target.Address, MacAddress.Parse("02:00:00:00:00:02"));
        _layer = new SocketLayer(_namespace, seed: 42);
    }

    public IFrameSink Link
    {
        set => _eth0.Link = value;
    }

    public TunDevice? Device => null;

    public Instant NextDeadline => _missing > 0 ? default : _layer.NextDeadline < _namespace.NextDeadline ? _layer.NextDeadline : _namespace.NextDeadline;

    public bool Turn(Instant now)
    {
        for (; _missing > 0; _missing--)
            Connect();
        _namespace.Flush();
        if (_namespace.NextDeadline <= now)
            _namespace.Poll(now);
        if (_layer.NextDeadline <= now)
            _layer.Poll(now);
        _namespace.Flush();
        return _layer.NextDeadline <= now;
    }

    public void Push(FrameVector frames) => _eth0.Receive(frames);

    public void Dispose()
    {
        _layer.Close();
        _namespace.Dispose();
        _frames.Dispose();
    }

    private void Connect()
    {
        TcpSocket socket = _layer.OpenTcp();
        socket.Ready = () =>
        {
            while (socket.Send(Data, out _) == SocketResult.Ok)
            {
            }
        };
        Assert.Equal(SocketResult.InProgress, socket.Connect(_target));
    }
}
