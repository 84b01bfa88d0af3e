using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Node.Links;
using ActorNet.Node.Uplink;
using Akka.Actor;

namespace ActorNet.Node.Actors;

/// <summary>Owns the sending side of the host's underlay sockets. The receiving threads hand their vectors to the tunnel's actor themselves.</summary>
internal sealed class UplinkActor : FrameActor
{
    private readonly IUnderlaySocket _socket;

    public UplinkActor(IUnderlaySocket socket, NodeServices services)
        : base(services) => _socket = socket;

    /// <inheritdoc/>
    protected override Instant NextDeadline => Instant.Never;

    /// <inheritdoc/>
    protected override IEnumerable<NetworkDevice> Devices => [];

    /// <inheritdoc/>
    protected override void OnFrames(FrameVector vector) => _socket.Push(vector);

    /// <inheritdoc/>
    protected override void OnWake(Instant now)
    {
    }

    /// <inheritdoc/>
    protected override bool OnMessage(object message)
    {
        if (message is not StartReceiving start)
            return false;
        _socket.Start(new TellSink(start.Tunnel, VtepActor.FromUnderlay));
        return true;
    }

    /// <inheritdoc/>
    protected override void OnStop() => _socket.Dispose();

    /// <summary>Starts the receiving threads.</summary>
    /// <param name="Tunnel">Who takes what they receive.</param>
    internal sealed record StartReceiving(IActorRef Tunnel);
}
