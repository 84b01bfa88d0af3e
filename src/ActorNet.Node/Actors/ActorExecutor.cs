using ActorNet.Netstack;
using Akka.Actor;

namespace ActorNet.Node.Actors;

/// <summary>Lets an asynchronous program run work in a namespace: the work becomes a message to the namespace's owner.</summary>
/// <param name="owner">The owner.</param>
/// <param name="closed">Cancelled when the namespace is gone.</param>
internal sealed class ActorExecutor(IActorRef owner, CancellationToken closed) : INamespaceExecutor
{
    /// <inheritdoc/>
    public CancellationToken Closed => closed;

    /// <inheritdoc/>
    public void Post(Action<SocketLayer> work) => owner.Tell(new NamespaceActor.RunWork(work), ActorRefs.NoSender);
}
