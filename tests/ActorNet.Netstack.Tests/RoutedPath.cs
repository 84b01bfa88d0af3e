using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

/// <summary>Two hosts, 10.0.1.1 and 10.0.2.1, with a router between whose second link has an MTU of its own. Disposing asserts that every buffer came back.</summary>
internal sealed class RoutedPath : IDisposable
{
    private readonly FramePool _pool = new();
    private readonly ManualTime _time = new();
    private readonly FrameCache _routerFrames;
    private readonly LongestSeen _longest = new();

    public RoutedPath(int leftMtu, int rightMtu, bool trains, TcpSettings tcp)
    {
        Clock = new MonotonicClock(_time);
        _routerFrames = _pool.CreateCache("router");
        Router = new NetworkNamespace(new NamespaceOptions { Name = "router", Seed = 8, IpForward = true }, Clock, _routerFrames);
        Left = new TestHost(_pool, Clock, "left", "10.0.1.1", "02:00:00:00:01:01", leftMtu, tcp);
        // The far host's own MTU is the first link's: it is the router that finds the path narrow.
        Right = new TestHost(_pool, Clock, "right", "10.0.2.1", "02:00:00:00:02:01", leftMtu, tcp);
        Attach(Left, 2, "10.0.1.254/24", leftMtu, trains);
        Attach(Right, 3, "10.0.2.254/24", rightMtu, trains);
        Right.Eth0.Observer = _longest;
    }

    public MonotonicClock Clock { get; }

    public NetworkNamespace Router { get; }

    public TestHost Left { get; }

    public TestHost Right { get; }

    /// <summary>Length of the longest frame that came to the far host, in bytes.</summary>
    public int LongestFrame => _longest.Length;

    /// <summary>Moves time on in steps of 10 ms until a condition holds.</summary>
    public void RunUntil(Func<bool> condition)
    {
        for (int i = 0; i < 10_000; i++)
        {
            Settle();
            if (condition())
                return;
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Fail("It did not happen within 100 s.");
    }

    public void Dispose()
    {
        Left.Sockets.Close();
        Right.Sockets.Close();
        Settle();
        _time.Advance(TimeSpan.FromSeconds(40));
        Settle();
        Router.Dispose();
        foreach (FrameCache cache in new[] { Left.Frames, Right.Frames, _routerFrames })
            cache.Dispose();
        Assert.True(_pool.Measure().IsIdle, _pool.Measure().ToString());
    }

    private void Settle()
    {
        for (int i = 0; i < 50; i++)
        {
            Router.Flush();
            Router.Poll(Clock.Now);
            foreach (TestHost host in new[] { Left, Right })
            {
                host.Namespace.Flush();
                host.Namespace.Poll(Clock.Now);
                host.Sockets.Poll(Clock.Now);
                host.Namespace.Flush();
            }
        }
    }

    private void Attach(TestHost host, int index, string gateway, int mtu, bool trains)
    {
        var device = new VethDevice($"eth{index}", index, MacAddress.Parse($"02:00:00:00:ff:{index:x2}"), mtu, _routerFrames) { TakesTrains = trains };
        host.Eth0.TakesTrains = trains;
        VethDevice.Join(host.Eth0, device);
        IpInterface attached = Router.Attach(device);
        Assert.Equal(AddressError.None, Router.AddAddress(attached, InterfaceAddress.Parse(gateway)));
        foreach (NetworkDevice each in new NetworkDevice[] { host.Lo, host.Eth0, device })
            each.SetUp(true);
        host.Namespace.DeviceChanged(host.Lo);
        host.Namespace.DeviceChanged(host.Eth0);
        Router.DeviceChanged(device);
        host.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Default, Gateway = Ipv4Address.Parse(gateway[..gateway.IndexOf('/', StringComparison.Ordinal)]), Device = "eth0" });
    }

    private sealed class LongestSeen : IDeviceObserver
    {
        public int Length { get; private set; }

        public void Observe(NetworkDevice device, FrameDirection direction, FrameVector frames)
        {
            foreach (ref Frame frame in frames.Frames)
                Length = direction == FrameDirection.Receive ? Math.Max(Length, frame.Length) : Length;
        }

        public void ObserveDrop(NetworkDevice device, DropReason reason, in Frame frame)
        {
        }
    }
}
