using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Tests.Devices;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Bridging;

/// <summary>A bridge that is up, with ports whose far ends are collectors.</summary>
internal sealed class BridgeRig
{
    public static readonly MacAddress BridgeMac = MacAddress.Parse("0a:00:00:00:00:fe");

    public BridgeRig(int ports, bool keepBytes = true)
    {
        Bridge = new Bridge("cni0", 4, BridgeMac, 1500, Rig.Cache, Rig.Clock);
        Up = new Collector(Rig.Cache) { KeepBytes = keepBytes };
        Bridge.Device.Upper = Up;
        Bridge.Device.SetUp(true);
        for (int i = 0; i < ports; i++)
            Add(keepBytes);
    }

    public FrameRig Rig { get; } = new();

    public Bridge Bridge { get; }

    public Collector Up { get; }

    public List<Collector> Far { get; } = [];

    public List<VethDevice> Devices { get; } = [];

    public BridgePort Port(int index) => Bridge.Ports[index];

    public static MacAddress Station(int n) => new(0x0200_0000_1000 + (ulong)n);

    public static MacAddress PortMac(int index) => new(0x0200_0000_F000 + (ulong)index);

    public VethDevice Add(bool keepBytes = true)
    {
        int index = Devices.Count;
        var device = new VethDevice($"veth{index:x8}", 5 + index, PortMac(index), 1500, Rig.Cache);
        var far = new Collector(Rig.Cache) { KeepBytes = keepBytes };
        device.Link = far;
        device.SetUp(true);
        device.SetCarrier(true);
        Devices.Add(device);
        Far.Add(far);
        Bridge.AddPort(device);
        return device;
    }

    /// <summary>Frames that arrive at a port.</summary>
    public void Arrive(int port, params Frame[] frames) => Devices[port].Receive(Rig.Vector(frames));

    public void Arrive(int port, MacAddress destination, MacAddress source, int length = 64) =>
        Arrive(port, Rig.Frame(destination, source, length));

    /// <summary>How many frames left by each port, then how many went up.</summary>
    public long[] Counts() => [.. Far.Select(f => f.Count), Up.Count];

    public void Clear()
    {
        foreach (Collector far in Far)
            far.Clear();
        Up.Clear();
    }

    public long Drops(DropReason reason) => Bridge.Device.Counters.Drops[reason];
}
