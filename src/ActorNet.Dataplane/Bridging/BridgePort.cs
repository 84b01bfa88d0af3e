using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;

namespace ActorNet.Dataplane.Bridging;

/// <summary>
/// State of a bridge port with its Linux value (linux include/uapi/linux/if_bridge.h, BR_STATE_*). Without spanning tree a running port of a
/// bridge that is up forwards, unless <see cref="Bridge.TrySetPortState"/> says otherwise.
/// </summary>
public enum BridgePortState : byte
{
    /// <summary>Nothing passes: the port's device or the bridge is down, there is no carrier, or it was set so.</summary>
    Disabled = 0,

    /// <summary>Nothing passes and nothing is learned.</summary>
    Listening = 1,

    /// <summary>Sources are learned, nothing passes.</summary>
    Learning = 2,

    /// <summary>Learns and forwards (BR_STATE_FORWARDING).</summary>
    Forwarding = 3,

    /// <summary>Nothing passes. A bridge without spanning tree leaves it at once for <see cref="Forwarding"/>.</summary>
    Blocking = 4,
}

/// <summary>A port of a bridge: a device whose received frames the bridge takes (linux net/bridge/br_if.c, new_nbp).</summary>
public sealed class BridgePort : IFrameSink
{
    private readonly Bridge _bridge;

    internal BridgePort(Bridge bridge, NetworkDevice device, int number)
    {
        _bridge = bridge;
        Device = device;
        Number = number;
    }

    /// <summary>The device.</summary>
    public NetworkDevice Device { get; }

    /// <summary>Port number, from 1; the lowest free one when the port was added.</summary>
    public int Number { get; }

    /// <summary>The state.</summary>
    public BridgePortState State { get; internal set; }

    /// <summary>Its device runs and the bridge is up; the state is chosen anew only when this changes.</summary>
    internal bool IsEnabled { get; set; }

    /// <summary>Frames may go back out of the port that they came in by (BR_HAIRPIN_MODE).</summary>
    public bool Hairpin { get; set; }

    /// <summary>Source addresses are learned here (BR_LEARNING).</summary>
    public bool Learning { get; set; } = true;

    /// <summary>Unknown unicast is flooded here (BR_FLOOD).</summary>
    public bool Flood { get; set; } = true;

    /// <summary>Multicast is flooded here (BR_MCAST_FLOOD).</summary>
    public bool MulticastFlood { get; set; } = true;

    /// <summary>Broadcast is flooded here (BR_BCAST_FLOOD).</summary>
    public bool BroadcastFlood { get; set; } = true;

    /// <summary>Path cost; 2 for the 10 Gb/s that veth claims (br_if.c, port_cost).</summary>
    public int PathCost { get; set; } = 2;

    /// <summary>Priority as `bridge link` prints it (0x8000 &gt;&gt; 10).</summary>
    public int Priority { get; set; } = 32;

    /// <summary>Frames that the vector under way has for this port; null when there are none.</summary>
    internal FrameVector? Pending { get; set; }

    /// <summary>Takes frames that the device received.</summary>
    /// <inheritdoc/>
    public void Push(FrameVector frames) => _bridge.Input(this, frames);
}
