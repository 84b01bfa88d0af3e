using System.Collections.Immutable;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;

namespace ActorNet.Dataplane.Observation;

/// <summary>Several observers of one device, as a trace and a capture that run at once. Immutable.</summary>
public sealed class ObserverGroup : IDeviceObserver
{
    private readonly ImmutableArray<IDeviceObserver> _members;

    private ObserverGroup(ImmutableArray<IDeviceObserver> members) => _members = members;

    /// <summary>What a device should have as its observer: null of none, the one itself of one, a group of several.</summary>
    /// <param name="observers">Who wants to see the device's frames.</param>
    public static IDeviceObserver? Of(IEnumerable<IDeviceObserver> observers)
    {
        ImmutableArray<IDeviceObserver> members = [.. observers];
        return members.Length switch
        {
            0 => null,
            1 => members[0],
            _ => new ObserverGroup(members),
        };
    }

    /// <inheritdoc/>
    public void Observe(NetworkDevice device, FrameDirection direction, FrameVector frames)
    {
        foreach (IDeviceObserver member in _members)
            member.Observe(device, direction, frames);
    }

    /// <inheritdoc/>
    public void ObserveDrop(NetworkDevice device, DropReason reason, in Frame frame)
    {
        foreach (IDeviceObserver member in _members)
            member.ObserveDrop(device, reason, frame);
    }
}
