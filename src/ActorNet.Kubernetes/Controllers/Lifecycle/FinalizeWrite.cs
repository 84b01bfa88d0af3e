using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Lifecycle;

/// <summary>Lets a Namespace go when the API itself, not a cache, says that nothing is left in it; else it is a conflict, and the key comes again.</summary>
/// <param name="Space">The Namespace without its finalizer.</param>
/// <param name="Kinds">The kinds that must be gone.</param>
internal sealed record FinalizeWrite(V1Namespace Space, IReadOnlyList<KindDescriptor> Kinds) : ApiWrite
{
    /// <inheritdoc/>
    public override string Summary => $"finalize Namespace {Space.Metadata.Name}";

    /// <inheritdoc/>
    public override async ValueTask<WriteOutcome> RunAsync(IApiClient client, CancellationToken cancel)
    {
        foreach (KindDescriptor kind in Kinds)
        {
            ObjectList left = await client.ListAsync(kind, Space.Metadata.Name, new ListOptions(ObjectFilter.Everything, Limit: 1), cancel).ConfigureAwait(false);
            if (left.Items.Count > 0)
                throw ApiErrors.Conflict(kind.Resource, left.Items[0].Name, "it is still in a namespace that is about to go");
        }

        return await new UpdateWrite<V1Namespace>(Space, "finalize").RunAsync(client, cancel).ConfigureAwait(false);
    }
}
