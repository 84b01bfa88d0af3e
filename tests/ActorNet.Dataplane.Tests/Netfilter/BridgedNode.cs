using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Tests.Devices;
using ActorNet.Dataplane.Tests.Ip;
using ActorNet.Packets;
using static ActorNet.Dataplane.Tests.Ip.Packets;
using NetworkNamespace = ActorNet.Dataplane.Ip.NetworkNamespace;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>
/// A node's root namespace with cni0 (10.244.1.1/24), whose ports lead to pods 10.244.1.2 and on, which are the test, and eth0 (192.168.56.11/24). Frames
/// arrive at a port and are read where they leave.
/// </summary>
internal sealed class BridgedNode : IDisposable
{
    public static readonly MacAddress BridgeMac = MacAddress.Parse("0a:58:0a:f4:01:01");

    private readonly FramePool _pool = new();
    private readonly ManualTime _time = new();
    private readonly List<VethDevice> _ports = [];
    private readonly List<Collector> _far = [];

    public BridgedNode(string? rules, int pods = 3, bool callsIptables = true, bool knowPods = true, bool shortPath = true)
    {
        Frames = _pool.CreateCache("test");
        var clock = new Dataplane.Time.MonotonicClock(_time);
        Namespace = new NetworkNamespace(new NamespaceOptions { Name = "n1", Seed = 1, IpForward = true }, clock, Frames);
        Bridge = new Bridge("cni0", 4, BridgeMac, 1500, Frames, clock) { CallsIptables = callsIptables };
        Bridge.Device.SetUp(true);
        for (int i = 0; i < pods; i++)
            AddPort(i);
        Eth0 = new TestDevice(Frames, "eth0", 2, NamespaceBench.Eth0Mac);
        Namespace.AddAddress(Namespace.Attach(Eth0), InterfaceAddress.Parse("192.168.56.11/24"));
        Namespace.AddAddress(Namespace.Attach(Bridge.Device), InterfaceAddress.Parse("10.244.1.1/24"));
        Namespace.SetNeighbour("eth0", Ipv4Address.Parse("192.168.56.12"), MacAddress.Parse(NamespaceBench.HostMac));
        for (int i = 0; knowPods && i < pods; i++)
            Namespace.SetNeighbour("cni0", Ipv4Address.Parse(Ip(i)), Mac(i));
        if (rules is null)
            return;
        Netfilter = Namespace.EnableNetfilter(new NetfilterOptions { ShortPath = shortPath });
        Assert.Equal(RestoreResult.Success, Netfilter.Restore(rules));
    }

    public FrameCache Frames { get; }

    public Bridge Bridge { get; }

    public NetworkNamespace Namespace { get; }

    public NetfilterState? Netfilter { get; }

    public TestDevice Eth0 { get; }

    public static MacAddress Mac(int pod) => new(0x0200_0A_F4_01_02 + (ulong)pod);

    public static string Ip(int pod) => $"10.244.1.{pod + 2}";

    public static MacAddress PortMac(int pod) => new(0x0200_0000_F000 + (ulong)pod);

    /// <summary>A pod sends a packet to its gateway.</summary>
    public List<(string Device, byte[] Frame)> FromPod(int pod, byte[] packet) => Arrive(pod, BridgeMac, packet);

    /// <summary>A pod sends a packet to an address of its link.</summary>
    public List<(string Device, byte[] Frame)> Arrive(int pod, MacAddress destination, params byte[][] packets) =>
        Arrive(pod, Vector([.. packets.Select(p => Ethernet(destination.ToString(), Mac(pod).ToString(), 0x0800, p))]));

    /// <summary>Frames in one vector.</summary>
    public FrameVector Vector(params byte[][] frames)
    {
        Assert.True(Frames.TryRentVector(out FrameVector vector));
        foreach (byte[] bytes in frames)
        {
            Assert.True(Frames.TryRentFrame(bytes.Length, out Frame frame));
            bytes.CopyTo(frame.Span);
            vector.Add(frame);
        }

        return vector;
    }

    public List<(string Device, byte[] Frame)> Arrive(int pod, FrameVector vector)
    {
        _ports[pod].Receive(vector);
        Namespace.Flush();
        return Take();
    }

    /// <summary>What left, and by which device.</summary>
    public List<(string Device, byte[] Frame)> Take()
    {
        List<(string, byte[])> taken = [.. _far.SelectMany((f, i) => f.Frames.Select(b => (_ports[i].Name, b))), .. Eth0.TakeSent().Select(static f => ("eth0", f))];
        _far.ForEach(static f => f.Clear());
        return taken;
    }

    public string[] Connections() => Netfilter!.ListConnections().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Moves time on.</summary>
    public void Advance(TimeSpan span)
    {
        _time.Advance(span);
        Namespace.Poll(Namespace.Now);
    }

    public void Dispose()
    {
        for (int i = 0; i < 10; i++)
            Advance(TimeSpan.FromSeconds(30));
        Frames.Dispose();
        Assert.True(_pool.Measure().IsIdle, _pool.Measure().ToString());
    }

    private void AddPort(int index)
    {
        var device = new VethDevice($"veth{index}", 10 + index, PortMac(index), 1500, Frames);
        var far = new Collector(Frames);
        device.Link = far;
        device.SetUp(true);
        device.SetCarrier(true);
        _ports.Add(device);
        _far.Add(far);
        Bridge.AddPort(device).Hairpin = true;
    }
}
