using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;

namespace ActorNet.Dataplane.Tests.Devices;

public sealed class DelegatedDeviceTests
{
    private readonly FrameRig _rig = new();

    [Fact]
    public void It_mirrors_what_the_owner_says_and_refuses_another_devices_state()
    {
        var real = new VethDevice("cni0", 4, FrameRig.Mac(9), 1450, _rig.Cache);
        var handle = new DelegatedDevice(DeviceState.Of(real), _rig.Cache);
        Assert.Equal(("cni0", 4, "veth", 1450, false), (handle.Name, handle.IfIndex, handle.Kind, handle.Mtu, handle.IsUp));
        real.SetUp(true);
        real.SetCarrier(true);
        real.Mtu = 1400;
        real.Mac = FrameRig.Mac(10);
        int told = 0;
        handle.StateChanged += _ => told++;
        handle.Apply(DeviceState.Of(real));
        handle.Apply(DeviceState.Of(real));
        Assert.Equal((1400, FrameRig.Mac(10), true, 1), (handle.Mtu, handle.Mac, handle.IsRunning, told));
        Assert.Throws<ArgumentException>(() => handle.Apply(DeviceState.Of(real) with { IfIndex = 5 }));
    }

    [Fact]
    public void Setting_it_up_asks_the_owner_and_changes_nothing_by_itself()
    {
        var handle = new DelegatedDevice(new DeviceState("cni0", 4, "bridge", FrameRig.Mac(1), 1450, false, true), _rig.Cache);
        bool? asked = null;
        handle.UpRequested = up => asked = up;
        handle.SetUp(true);
        Assert.True(asked);
        Assert.False(handle.IsUp);
    }

    [Fact]
    public void Running_it_passes_vectors_and_counts_nothing_and_otherwise_it_drops_and_counts()
    {
        var down = new Collector(_rig.Cache);
        var up = new Collector(_rig.Cache);
        var state = new DeviceState("cni0", 4, "bridge", FrameRig.Mac(1), 1450, true, true);
        var handle = new DelegatedDevice(state, _rig.Cache) { Owner = down, Upper = up };
        handle.Transmit(_rig.Vector(_rig.Frame(FrameRig.Mac(2), FrameRig.Mac(1))));
        handle.Receive(_rig.Vector(_rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2))));
        Assert.Equal((1, 1), (down.Count, up.Count));
        Assert.Equal((0, 0), (handle.Counters.TxPackets, handle.Counters.RxPackets));
        handle.Apply(state with { HasCarrier = false });
        handle.Transmit(_rig.Vector(_rig.Frame(FrameRig.Mac(2), FrameRig.Mac(1))));
        handle.Receive(_rig.Vector(_rig.Frame(FrameRig.Mac(1), FrameRig.Mac(2))));
        Assert.Equal((1, 1), (down.Count, up.Count));
        Assert.Equal((1, 1, 2), (handle.Counters.TxDropped, handle.Counters.RxDropped, handle.Counters.Drops[DropReason.DeviceDown]));
        _rig.AssertIdle();
    }
}
