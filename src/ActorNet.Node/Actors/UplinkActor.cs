using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Node.Links;
using ActorNet.Node.Uplink;
using Akka.Actor;

namespace ActorNet.Node.Actors;

/// <summary>Owns the sending side of underlay sockets: the tunnel's or the LAN's. Their receiving thread hands its vectors to the actor above itself.</summary>
internal sealed class UplinkActor : FrameActor
{
    /// <summary>What the actor above calls the datagrams that come from the underlay.</summary>
    public const int Received = 1;

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
        _socket.Start(new TellSink(start.Above, Received));
        return true;
    }

    /// <inheritdoc/>
    protected override void OnStop() => _socket.Dispose();

    /// <summary>Starts the receiving threads.</summary>
    /// <param name="Above">Who takes what they receive.</param>
    internal sealed record StartReceiving(IActorRef Above);
}
