using ActorNet.Dataplane.Frames;
using Akka.Actor;

namespace ActorNet.Node.Links;

/// <summary>Turns a pushed vector into a message, from any thread, for a pusher that keeps a window of its own: the underlay's receiving threads.</summary>
/// <param name="target">The actor.</param>
/// <param name="port">The actor's number for these frames.</param>
internal sealed class TellSink(IActorRef target, int port) : IFrameSink
{
    /// <inheritdoc/>
    public void Push(FrameVector frames)
    {
        frames.Port = port;
        frames.Holder = null;
        target.Tell(frames, ActorRefs.NoSender);
    }
}
