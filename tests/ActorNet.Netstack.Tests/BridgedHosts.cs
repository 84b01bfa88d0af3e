using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

/// <summary>Hosts 10.0.0.1, .2, ... at the ports of one bridge, on one manual clock. Disposing asserts that every buffer came back.</summary>
internal sealed class BridgedHosts : IDisposable
{
    private readonly FramePool _pool = new();
    private readonly ManualTime _time = new();
    private readonly FrameCache _bridgeFrames;
    private readonly Bridge _bridge;

    public BridgedHosts(int count)
    {
        Clock = new MonotonicClock(_time);
        _bridgeFrames = _pool.CreateCache("cni0");
        _bridge = new Bridge("cni0", 1, MacAddress.Parse("02:00:00:00:01:00"), 1500, _bridgeFrames, Clock);
        _bridge.Device.SetUp(true);
        Hosts = [.. Enumerable.Range(1, count).Select(MakeHost)];
    }

    public MonotonicClock Clock { get; }

    public IReadOnlyList<TestHost> Hosts { get; }

    /// <summary>Lets everything under way arrive.</summary>
    public void Settle()
    {
        Instant now = Clock.Now;
        bool busy = true;
        while (busy)
        {
            busy = false;
            foreach (TestHost host in Hosts)
            {
                host.Namespace.Flush();
                busy |= host.Namespace.NextDeadline <= now || host.Sockets.NextDeadline <= now;
                host.Namespace.Poll(now);
                host.Sockets.Poll(now);
            }
        }
    }

    public void Dispose()
    {
        foreach (TestHost host in Hosts)
            host.Sockets.Close();
        Settle();
        _time.Advance(TimeSpan.FromSeconds(40));
        Settle();
        foreach (TestHost host in Hosts)
            host.Frames.Dispose();
        _bridgeFrames.Dispose();
        Assert.True(_pool.Measure().IsIdle, _pool.Measure().ToString());
    }

    private TestHost MakeHost(int number)
    {
        var host = new TestHost(_pool, Clock, $"host{number}", $"10.0.0.{number}", $"02:00:00:00:00:{number:x2}", 1500);
        var port = new VethDevice($"veth{number}", 10 + number, MacAddress.Parse($"02:00:00:00:02:{number:x2}"), 1500, _bridgeFrames);
        VethDevice.Join(host.Eth0, port);
        _bridge.AddPort(port);
        foreach (NetworkDevice device in new NetworkDevice[] { host.Lo, host.Eth0, port })
            device.SetUp(true);
        host.Namespace.DeviceChanged(host.Lo);
        host.Namespace.DeviceChanged(host.Eth0);
        return host;
    }
}
