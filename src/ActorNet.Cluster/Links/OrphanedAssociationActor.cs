using System.Reflection;
using Akka.Actor;
using Akka.Event;
using Akka.Remote.Transport;

namespace ActorNet.Cluster.Links;

/// <summary>
/// Closes the connections to a peer when Akka lost the reader of one of them. It happens when a host comes back at once on its old
/// address and both ends connect at the same time: Akka's EndpointManager stops the writer that knew the old incarnation while that writer's
/// own connection is in its handshake (akka.net src/core/Akka.Remote/EndpointManager.cs, HandleInboundAssociation, the uid differs). The
/// finished handshake (EndpointWriter.Handle) then has no taker: nobody reads, writes or closes this connection, while the peer takes it
/// for the newer of two and stops reading the other, by which it is answered. The peer would hear nothing until one of the two processes ends.
/// When all connections between the two close, both ends begin anew.
/// </summary>
internal sealed class OrphanedAssociationActor(LiveAssociations live) : UntypedActor
{
    internal const string Name = "orphaned-associations";

    /// <summary>Akka's internal message that brings a writer the connection it asked for.</summary>
    private const string Handle = "Akka.Remote.EndpointWriter+Handle";

    private readonly ILoggingAdapter _log = Context.GetLogger();

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DeadLetter));

    protected override void OnReceive(object message)
    {
        if (message is not DeadLetter { Message: { } undelivered } || AssociationIn(undelivered) is not { } orphan)
            return;
        ControlEndpoint peer = ControlEndpoint.Of(orphan.RemoteAddress);
        _log.Warning("The control link to {0} begins anew: it came back while this host was connecting to it.", peer);
        live.Close(peer);
    }

    private static AssociationHandle? AssociationIn(object message) => message.GetType() is { FullName: Handle } type
        ? type.GetProperty("ProtocolHandle", BindingFlags.Public | BindingFlags.Instance)?.GetValue(message) as AssociationHandle
        : null;
}
