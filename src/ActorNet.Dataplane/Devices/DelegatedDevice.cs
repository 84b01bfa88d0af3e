using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Devices;

/// <summary>What is seen of a device from outside its owner: an immutable copy that the owner sends after each change.</summary>
/// <param name="Name">Name.</param>
/// <param name="IfIndex">Interface index.</param>
/// <param name="Kind">Kind, as bridge or vxlan.</param>
/// <param name="Mac">Hardware address.</param>
/// <param name="Mtu">MTU in bytes.</param>
/// <param name="IsUp">Administratively up.</param>
/// <param name="HasCarrier">With carrier.</param>
public sealed record DeviceState(string Name, int IfIndex, string Kind, MacAddress Mac, int Mtu, bool IsUp, bool HasCarrier)
{
    /// <summary>The state of a device now.</summary>
    /// <param name="device">The device.</param>
    public static DeviceState Of(NetworkDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new DeviceState(device.Name, device.IfIndex, device.Kind, device.Mac, device.Mtu, device.IsUp, device.HasCarrier);
    }
}

/// <summary>
/// A namespace's handle on a device that another actor owns: the network layer's side of cni0 or flannel.1. It counts no traffic, for the
/// owner does; only what it drops itself, which the owner never sees.
/// </summary>
public sealed class DelegatedDevice : NetworkDevice
{
    private readonly FrameCache _frames;
    private readonly string _kind;

    /// <summary>Makes a handle.</summary>
    /// <param name="state">What the owner says of the device.</param>
    /// <param name="frames">Memory of the namespace's owner.</param>
    public DelegatedDevice(DeviceState state, FrameCache frames)
        : base((state ?? throw new ArgumentNullException(nameof(state))).Name, state.IfIndex, state.Mac, state.Mtu)
    {
        ArgumentNullException.ThrowIfNull(frames);
        _frames = frames;
        _kind = state.Kind;
        IsUp = state.IsUp;
        HasCarrier = state.HasCarrier;
    }

    /// <inheritdoc/>
    public override string Kind => _kind;

    /// <summary>Where transmitted frames go: the owner. Null drops.</summary>
    public IFrameSink? Owner { get; set; }

    /// <summary>Asks the owner to set the device up or down; the answer comes as a new state.</summary>
    public Action<bool>? UpRequested { get; set; }

    /// <summary>Takes over what the owner says.</summary>
    /// <param name="state">The state.</param>
    /// <exception cref="ArgumentException">The state is another device's.</exception>
    public void Apply(DeviceState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Name != Name || state.IfIndex != IfIndex || state.Kind != Kind)
            throw new ArgumentException($"State of {state.Kind} {state.Name} ({state.IfIndex}) was given to {Kind} {Name} ({IfIndex}).", nameof(state));
        bool changed = IsUp != state.IsUp || HasCarrier != state.HasCarrier;
        Mac = state.Mac;
        Mtu = state.Mtu;
        IsUp = state.IsUp;
        HasCarrier = state.HasCarrier;
        if (changed)
            OnStateChanged();
    }

    /// <summary>Asks the owner; nothing changes until it answers through <see cref="Apply"/>.</summary>
    /// <inheritdoc/>
    public override void SetUp(bool up) => UpRequested?.Invoke(up);

    /// <summary>Hands frames to the owner; when the device is not running they are tx_dropped here.</summary>
    /// <inheritdoc/>
    public override void Transmit(FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (IsRunning && Owner is { } owner)
        {
            owner.Push(frames);
            return;
        }

        Counters.TxDropped += frames.WireCount;
        Drop(frames);
    }

    /// <summary>Takes frames from the owner; when the device is not running they are rx_dropped here.</summary>
    /// <inheritdoc/>
    public override void Receive(FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (IsRunning && Upper is { } upper)
        {
            upper.Push(frames);
            return;
        }

        Counters.RxDropped += frames.WireCount;
        Drop(frames);
    }

    private void Drop(FrameVector frames)
    {
        Counters.Drops.Count(DropReason.DeviceDown, frames.WireCount);
        _frames.Release(frames);
    }
}
