using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using Akka.Actor;

namespace ActorNet.Node.Links;

/// <summary>
/// The sending end of a link between two actors: a pushed vector becomes one message, unless the link's window is full, when it is dropped and
/// counted as a full transmit queue would. One owner pushes; the far actor returns the credit when it has dealt with the vector.
/// </summary>
/// <param name="target">The actor at the far end.</param>
/// <param name="port">The far actor's number for this link.</param>
/// <param name="window">Frames that may be under way.</param>
/// <param name="cache">Memory of the owner who pushes, for dropping.</param>
/// <param name="counters">Where drops are counted: the sending device's counters.</param>
public sealed class ActorSink(IActorRef target, int port, CreditWindow window, FrameCache cache, DeviceCounters counters) : IFrameSink
{
    /// <summary>The link's window.</summary>
    public CreditWindow Window => window;

    /// <inheritdoc/>
    public void Push(FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        int places = frames.Count;
        if (!window.TryTake(places))
        {
            int wire = frames.WireCount;
            counters.Drops.Count(DropReason.QueueFull, wire);
            counters.TxDropped += wire;
            cache.Release(frames);
            return;
        }

        frames.Port = port;
        frames.Holder = null;
        frames.Credit = new LinkCredit(window, places);
        target.Tell(frames, ActorRefs.NoSender);
    }
}
