using System.Collections.Immutable;
using ActorNet.Dataplane.Inspection;
using ActorNet.Node.Actors;
using ActorNet.Node.Views;
using Akka.Actor;

namespace ActorNet.Node;

/// <summary>
/// The namespace that `ip` and `bridge` see. A pod's belongs to one actor; a node's root is put together from the actors that own its devices,
/// and a change goes to the one that owns what it changes.
/// </summary>
internal sealed class NodeControl : INamespaceControl
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly string _name;
    private readonly IActorRef _namespace;
    private readonly ImmutableArray<IActorRef> _deviceOwners;

    private NodeControl(string name, IActorRef owner, ImmutableArray<IActorRef> deviceOwners)
    {
        _name = name;
        _namespace = owner;
        _deviceOwners = deviceOwners;
    }

    /// <summary>A pod's namespace.</summary>
    /// <param name="name">Pod name.</param>
    /// <param name="pod">Its actor.</param>
    public static NodeControl ForPod(string name, IActorRef pod) => new(name, pod, []);

    /// <summary>A node's root namespace.</summary>
    /// <param name="parts">The node's actors.</param>
    public static NodeControl ForNode(NodeParts parts) => ForNode(parts.Settings.Name, parts.Root, parts.DeviceOwners);

    /// <summary>A node's root namespace, as a pod with the node's network sees it.</summary>
    /// <param name="name">The node's name.</param>
    /// <param name="root">Owner of the namespace.</param>
    /// <param name="deviceOwners">Owners of its devices.</param>
    public static NodeControl ForNode(string name, IActorRef root, ImmutableArray<IActorRef> deviceOwners) => new(name, root, deviceOwners);

    /// <inheritdoc/>
    public async Task<NamespaceView> InspectAsync(CancellationToken cancellationToken)
    {
        NamespaceView[] views = await Task.WhenAll(_deviceOwners.Prepend(_namespace).Select(a => ViewAsync(a, cancellationToken))).ConfigureAwait(false);
        ImmutableArray<LinkView> links = [.. views.SelectMany(v => v.Links).OrderBy(l => l.IfIndex)];
        return new NamespaceView
        {
            Name = _name,
            Links = links,
            Addresses = [.. views.SelectMany(v => v.Addresses)],
            Routes = [.. views.SelectMany(v => v.Routes)],
            Neighbours = [.. views.SelectMany(v => v.Neighbours)],
            Fdb = FdbListing.Of(links, views.SelectMany(v => v.Fdb)),
        };
    }

    /// <inheritdoc/>
    public async Task<ControlResult> ApplyAsync(NamespaceChange change, CancellationToken cancellationToken)
    {
        string? device = change switch
        {
            SetLinkState c => c.Device,
            SetLinkMtu c => c.Device,
            SetBridgePort c => c.Device,
            ChangeFdbEntry c => c.Entry.Device,
            _ => null,
        };
        IActorRef owner = _namespace;
        if (device is not null)
        {
            foreach (IActorRef candidate in _deviceOwners)
            {
                NamespaceView view = await ViewAsync(candidate, cancellationToken).ConfigureAwait(false);
                if (view.FindLink(device) is not null)
                    owner = candidate;
            }
        }

        return await owner.Ask<ControlResult>(change, Timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<NetfilterAnswer> NetfilterAsync(NetfilterRequest request, CancellationToken cancellationToken) =>
        _namespace.Ask<NetfilterAnswer>(request, Timeout, cancellationToken);

    private static async Task<NamespaceView> ViewAsync(IActorRef owner, CancellationToken cancellationToken) =>
        (await owner.Ask<OwnedView>(Inspect.Instance, Timeout, cancellationToken).ConfigureAwait(false)).View;
}
