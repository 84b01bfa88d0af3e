using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Cli.Bench;

/// <summary>A root namespace between devices whose frames go nowhere. It has no actors: what is measured is the work.</summary>
internal sealed class BenchNode : IDisposable
{
    /// <summary>Hardware addresses: of who sends to the node, its own, of who it sends to.</summary>
    public static readonly MacAddress Client = new(0x0200_0000_0001), Own = new(0x0200_0000_0002), Server = new(0x0200_0000_0003);

    /// <summary>Makes a node without devices.</summary>
    public BenchNode()
    {
        Frames = new FramePool().CreateCache("bench");
        Namespace = new NetworkNamespace(new NamespaceOptions { Name = "bench", Seed = 1, IpForward = true }, new MonotonicClock(TimeProvider.System), Frames);
    }

    /// <summary>Where frames come from and go back to.</summary>
    public FrameCache Frames { get; }

    /// <summary>The namespace.</summary>
    public NetworkNamespace Namespace { get; }

    /// <summary>Adds a device, up, with an address; what leaves by it is released.</summary>
    public DelegatedDevice Attach(string name, int index, string address)
    {
        var device = new DelegatedDevice(new DeviceState(name, index, "", Own, 1500, IsUp: true, HasCarrier: true), Frames) { Owner = new Sink(Frames) };
        Namespace.AddAddress(Namespace.Attach(device), InterfaceAddress.Parse(address));
        return device;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Namespace.Dispose();
        Frames.Dispose();
    }

    private sealed class Sink(FrameCache frames) : IFrameSink
    {
        public void Push(FrameVector vector) => frames.Release(vector);
    }
}
