using ActorNet.Dataplane.Devices;
using Akka.Actor;

namespace ActorNet.Node.Actors;

/// <summary>Sizes of the links between a node's actors, in frames; a train is one, as a GSO packet is in a queue of Linux. A frame that finds a window full is dropped and counted.</summary>
internal static class LinkWindows
{
    /// <summary>A veth pair, each way: 64 full vectors. Linux has a queue of 1,000 packets in front of 256 descriptors, and more bursts in its CPUs' backlogs.</summary>
    public const int Veth = 4096;

    /// <summary>Between bridge or tunnel and the root namespace, each way: wider than one pod's, as many pods share it.</summary>
    public const int Node = 16_384;
}

/// <summary>Tells the owner of a namespace that another actor owns a device below it: bridge or tunnel.</summary>
/// <param name="State">The device as it is now.</param>
/// <param name="Owner">The owning actor: frames that the namespace sends go there.</param>
/// <param name="OwnerPort">The owner's number for frames from the namespace.</param>
internal sealed record DeviceOffered(DeviceState State, IActorRef Owner, int OwnerPort);

/// <summary>A delegated device changed at its owner.</summary>
/// <param name="State">The device as it is now.</param>
internal sealed record DeviceStateChanged(DeviceState State);

/// <summary>Asks a device's owner to set it up or down.</summary>
/// <param name="Device">Device name.</param>
/// <param name="Up">Up?</param>
internal sealed record RequestUp(string Device, bool Up);

/// <summary>The peer of a veth end went up or down.</summary>
/// <param name="Device">Name of the end that is told.</param>
/// <param name="PeerIsUp">Whether its peer is up now.</param>
internal sealed record PeerStateChanged(string Device, bool PeerIsUp);
