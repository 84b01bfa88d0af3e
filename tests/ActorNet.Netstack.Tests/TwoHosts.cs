using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

/// <summary>One namespace with lo, eth0 and its sockets.</summary>
internal sealed class TestHost
{
    public TestHost(
        FramePool pool, MonotonicClock clock, string name, string address, string mac, int mtu, TcpSettings? tcp = null, ulong seed = 42, bool forwards = false, uint rateMask = 6168)
    {
        Frames = pool.CreateCache(name);
        Namespace = new NetworkNamespace(new NamespaceOptions { Name = name, Seed = 7, IpForward = forwards, IcmpRateMask = rateMask }, clock, Frames);
        Lo = new LoopbackDevice(Frames);
        Eth0 = new VethDevice("eth0", 2, MacAddress.Parse(mac), mtu, Frames);
        Add(Lo, "127.0.0.1/8");
        Add(Eth0, address + "/24");
        Address = Ipv4Address.Parse(address);
        Sockets = new SocketLayer(Namespace, seed, tcp);
    }

    public FrameCache Frames { get; }

    public NetworkNamespace Namespace { get; }

    public LoopbackDevice Lo { get; }

    public VethDevice Eth0 { get; }

    public Ipv4Address Address { get; }

    public SocketLayer Sockets { get; }

    public UdpSocket Bind(ushort port, string address = "0.0.0.0")
    {
        UdpSocket socket = Sockets.OpenUdp();
        Assert.Equal(SocketResult.Ok, socket.Bind(new Ipv4Endpoint(Ipv4Address.Parse(address), port)));
        return socket;
    }

    private void Add(NetworkDevice device, string address)
    {
        IpInterface attached = Namespace.Attach(device);
        Assert.Equal(AddressError.None, Namespace.AddAddress(attached, InterfaceAddress.Parse(address)));
    }
}

/// <summary>Two hosts, a 10.0.0.1 and b 10.0.0.2, joined by a veth pair, on one manual clock. As a router b forwards, and neither limits its ICMP errors. Disposing asserts that every buffer came back.</summary>
internal sealed class TwoHosts : IDisposable
{
    public TwoHosts(int mtu = 1500, TimeProvider? time = null, TcpSettings? tcp = null, bool router = false)
    {
        Clock = new MonotonicClock(time ?? Time);
        A = new TestHost(Pool, Clock, "a", "10.0.0.1", "02:00:00:00:00:01", mtu, tcp, rateMask: router ? 0 : 6168u);
        B = new TestHost(Pool, Clock, "b", "10.0.0.2", "02:00:00:00:00:02", mtu, tcp, forwards: router, rateMask: router ? 0 : 6168u);
        VethDevice.Join(A.Eth0, B.Eth0);
        foreach (NetworkDevice device in new NetworkDevice[] { A.Lo, A.Eth0, B.Lo, B.Eth0 })
            device.SetUp(true);
        foreach (TestHost host in new[] { A, B })
        {
            host.Namespace.DeviceChanged(host.Lo);
            host.Namespace.DeviceChanged(host.Eth0);
        }
    }

    public FramePool Pool { get; } = new();

    public ManualTime Time { get; } = new();

    public MonotonicClock Clock { get; }

    public TestHost A { get; }

    public TestHost B { get; }

    /// <summary>Lets everything under way arrive: what the owners do at the end of their turns.</summary>
    public void Settle()
    {
        bool busy = true;
        while (busy)
        {
            busy = false;
            foreach (TestHost host in new[] { A, B })
            {
                host.Namespace.Flush();
                Instant now = Clock.Now;
                if (host.Namespace.NextDeadline <= now)
                    host.Namespace.Poll(now);
                if (host.Sockets.NextDeadline > now)
                    continue;
                host.Sockets.Poll(now);
                host.Namespace.Flush();
                busy = true;
            }
        }
    }

    /// <summary>Moves the clock on in steps, with everything that becomes due.</summary>
    public void Advance(TimeSpan span)
    {
        for (TimeSpan step = TimeSpan.FromMilliseconds(100); span > TimeSpan.Zero; span -= step)
        {
            Time.Advance(step);
            Settle();
        }
    }

    public void Dispose()
    {
        A.Sockets.Close();
        B.Sockets.Close();
        Settle();
        Advance(TimeSpan.FromSeconds(40));
        A.Frames.Dispose();
        B.Frames.Dispose();
        Assert.True(Pool.Measure().IsIdle, Pool.Measure().ToString());
    }
}

/// <summary>Time that moves only when told to.</summary>
internal sealed class ManualTime : TimeProvider
{
    private long _nanoseconds;

    public override long TimestampFrequency => 1_000_000_000;

    public override long GetTimestamp() => _nanoseconds;

    public void Advance(TimeSpan span) => _nanoseconds += span.Ticks * 100;

    /// <summary>Moves to a moment of a clock that was made at the beginning.</summary>
    public void AdvanceTo(Instant moment) => _nanoseconds = moment.Nanoseconds;
}
