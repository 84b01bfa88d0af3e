using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Ip;

/// <summary>One namespace with lo, eth0 (10.0.0.1/24) and eth1 (10.0.1.1/24), its time and its pool. Disposing asserts that every buffer came back.</summary>
internal sealed class NamespaceBench : IDisposable
{
    public const string Eth0Mac = "02:00:00:00:00:01";
    public const string Eth1Mac = "02:00:00:00:01:01";
    public const string HostMac = "02:00:00:00:00:99";

    public NamespaceBench(Func<NamespaceOptions, NamespaceOptions>? configure = null)
    {
        Frames = Pool.CreateCache("test");
        Clock = new MonotonicClock(Time);
        var options = new NamespaceOptions { Name = "test", Seed = 1, IpForward = true };
        Namespace = new NetworkNamespace(configure?.Invoke(options) ?? options, Clock, Frames);
        Lo = new TestDevice(Frames, "lo", 1, mtu: 65_536);
        Lo.Peer = Lo;
        Eth0 = new TestDevice(Frames, "eth0", 2, Eth0Mac);
        Eth1 = new TestDevice(Frames, "eth1", 3, Eth1Mac);
        Namespace.Attach(Lo);
        In0 = Namespace.Attach(Eth0);
        In1 = Namespace.Attach(Eth1);
        Assert.Equal(AddressError.None, Namespace.AddAddress(In0, InterfaceAddress.Parse("10.0.0.1/24")));
        Assert.Equal(AddressError.None, Namespace.AddAddress(In1, InterfaceAddress.Parse("10.0.1.1/24")));
    }

    public FramePool Pool { get; } = new();

    public FrameCache Frames { get; }

    public ManualTime Time { get; } = new();

    public MonotonicClock Clock { get; }

    public NetworkNamespace Namespace { get; }

    public TestDevice Lo { get; }

    public TestDevice Eth0 { get; }

    public TestDevice Eth1 { get; }

    public IpInterface In0 { get; }

    public IpInterface In1 { get; }

    public static Ipv4Address Ip(string text) => Ipv4Address.Parse(text);

    /// <summary>Moves time on in the steps that the namespace asks for.</summary>
    public void Advance(TimeSpan span)
    {
        Instant end = Clock.Now + span;
        while (true)
        {
            Instant next = Namespace.NextDeadline;
            if (next > end)
                break;
            if (next > Clock.Now)
                Time.Advance(next - Clock.Now);
            Namespace.Poll(Clock.Now);
        }

        Time.Advance(end - Clock.Now);
        Namespace.Poll(Clock.Now);
    }

    /// <summary>Knows a host on a link, as after an ARP exchange that never ages.</summary>
    public void Know(string device, string address, string mac = HostMac) =>
        Assert.Equal(ActorNet.Dataplane.Ip.Neighbours.NeighbourError.None, Namespace.SetNeighbour(device, Ip(address), MacAddress.Parse(mac)));

    /// <summary>Sends a transport payload from this namespace.</summary>
    public SendError Send(string destination, byte protocol, byte[] payload, Func<Ipv4SendRequest, Ipv4SendRequest>? configure = null)
    {
        Assert.True(Frames.TryRentFrame(payload.Length, out Frame frame));
        payload.CopyTo(frame.Span);
        var request = new Ipv4SendRequest { Destination = Ip(destination), Protocol = (IpProtocol)protocol };
        return Namespace.Send(configure?.Invoke(request) ?? request, ref frame);
    }

    public void Dispose()
    {
        // What waits for neighbours or fragments is given up in time.
        Advance(TimeSpan.FromSeconds(120));
        Frames.Dispose();
        Assert.True(Pool.Measure().IsIdle, Pool.Measure().ToString());
    }
}
