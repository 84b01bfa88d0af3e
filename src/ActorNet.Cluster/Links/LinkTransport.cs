using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Remote.Transport;

namespace ActorNet.Cluster.Links;

/// <summary>Hands the process's <see cref="ControlLinks"/> to the transport of an ActorSystem.</summary>
internal sealed class ControlLinksSetup(ControlLinks links) : Setup
{
    public ControlLinks Links { get; } = links;
}

/// <summary>What akka.remote.adapters names; made by Akka.Remote through reflection.</summary>
internal sealed class LinkTransportProvider : ITransportAdapterProvider
{
    public Transport Create(Transport wrappedTransport, ExtendedActorSystem system)
    {
        Akka.Util.Option<ControlLinksSetup> setup = system.Settings.Setup.Get<ControlLinksSetup>();
        return new LinkTransport(wrappedTransport, setup.HasValue ? setup.Value.Links : new ControlLinks());
    }
}

/// <summary>
/// The adapter above the TCP (or TLS) transport that cuts and delays control links. It does both instead of Akka's throttle
/// adapter plus a delay: its state is the host's object and not an actor's, so it outlives a system, works from the first
/// handshake of the next one, and takes effect without a round trip that can time out.
/// </summary>
internal sealed class LinkTransport(Transport wrapped, ControlLinks links) : AbstractTransportAdapter(wrapped), IAssociationEventListener
{
    /// <summary>The scheme becomes akka.links.tcp or akka.links.ssl.tcp.</summary>
    internal const string Scheme = "links";

    internal static readonly SchemeAugmenter Augmenter = new(Scheme);

    private volatile Task<IAssociationEventListener>? _above;

    /// <inheritdoc/>
    protected override SchemeAugmenter SchemeAugmenter => Augmenter;

    /// <inheritdoc/>
    public override Task<bool> ManagementCommand(object message) => WrappedTransport.ManagementCommand(message);

    // The socket listens before Akka's endpoint manager is ready to hear of connections. One that comes in between waits for it: were it dropped, it would
    // stay open, and who connected would wait for its handshake until that timed out. A host that comes back is connected to at that very moment.
    /// <inheritdoc/>
    public void Notify(IAssociationEvent ev)
    {
        IAssociationEvent told = ev is InboundAssociation inbound ? new InboundAssociation(new LinkAssociation(inbound.Association, links, null)) : ev;
        _above?.ContinueWith(
            listener => listener.Result.Notify(told),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously | TaskContinuationOptions.OnlyOnRanToCompletion,
            TaskScheduler.Default);
    }

    /// <inheritdoc/>
    protected override Task<IAssociationEventListener> InterceptListen(Address listenAddress, Task<IAssociationEventListener> listenerTask)
    {
        _above = listenerTask;
        return Task.FromResult<IAssociationEventListener>(this);
    }

    /// <inheritdoc/>
    protected override void InterceptAssociate(Address remoteAddress, TaskCompletionSource<AssociationHandle> statusPromise) =>
        _ = AssociateAsync(remoteAddress, statusPromise);

    private async Task AssociateAsync(Address remote, TaskCompletionSource<AssociationHandle> status)
    {
        try
        {
            AssociationHandle handle = await WrappedTransport.Associate(remote).ConfigureAwait(false);
            status.TrySetResult(new LinkAssociation(handle, links, ControlEndpoint.Of(remote)));
        }
        catch (Exception exception)
        {
            status.TrySetException(exception);
        }
    }
}
