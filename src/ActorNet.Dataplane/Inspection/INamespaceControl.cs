namespace ActorNet.Dataplane.Inspection;

/// <summary>The tools' way to one namespace, implemented by whoever can reach the owners of its objects.</summary>
public interface INamespaceControl
{
    /// <summary>Takes a view of the namespace.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    Task<NamespaceView> InspectAsync(CancellationToken cancellationToken);

    /// <summary>Makes a change.</summary>
    /// <param name="change">The change.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<ControlResult> ApplyAsync(NamespaceChange change, CancellationToken cancellationToken);

    /// <summary>Asks netfilter: rules and connections.</summary>
    /// <param name="request">What.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<NetfilterAnswer> NetfilterAsync(NetfilterRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(new NetfilterAnswer(1, "", "netfilter of this namespace cannot be reached\n"));
}
