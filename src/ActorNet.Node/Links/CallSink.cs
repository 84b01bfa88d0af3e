using ActorNet.Dataplane.Frames;

namespace ActorNet.Node.Links;

/// <summary>The end of a link within its actor: hands a vector to a device.</summary>
/// <param name="take">Takes the vector over.</param>
internal sealed class CallSink(Action<FrameVector> take) : IFrameSink
{
    /// <inheritdoc/>
    public void Push(FrameVector frames) => take(frames);
}
