using ActorNet.Netstack;
using Akka.Actor;

namespace ActorNet.Node.Actors;

/// <summary>Lets an asynchronous program run work in a namespace: the work becomes a message to the namespace's owner.</summary>
/// <param name="owner">The owner.</param>
/// <param name="closed">Cancelled when the namespace is gone, or the process is killed.</param>
/// <param name="gone">Cancelled when the namespace is gone; null where that is the same.</param>
internal sealed class ActorExecutor(IActorRef owner, CancellationToken closed, CancellationToken? gone = null) : INamespaceExecutor
{
    /// <inheritdoc/>
    public CancellationToken Closed => closed;

    /// <inheritdoc/>
    public CancellationToken Gone => gone ?? closed;

    /// <inheritdoc/>
    public void Post(Action<SocketLayer> work) => owner.Tell(new NamespaceActor.RunWork(work), ActorRefs.NoSender);
}
