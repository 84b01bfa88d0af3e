using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Controllers.Lifecycle;

/// <summary>An owner that is believed to be gone.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Space">Its namespace; empty: none.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its uid.</param>
public sealed record AbsentOwner(KindDescriptor Kind, string Space, string Name, string Uid);

/// <summary>A write that is made only when the API itself, not a cache, says that owners are gone, as upstream's attemptToDeleteItem asks.</summary>
/// <param name="Write">The write.</param>
/// <param name="Absent">Who must be gone.</param>
public sealed record CollectWrite(ApiWrite Write, IReadOnlyList<AbsentOwner> Absent) : ApiWrite
{
    /// <inheritdoc/>
    public override string Summary => Write.Summary;

    /// <inheritdoc/>
    public override async ValueTask<WriteOutcome> RunAsync(IApiClient client, CancellationToken cancel)
    {
        foreach (AbsentOwner owner in Absent)
        {
            try
            {
                ApiObject found = await client.GetAsync(owner.Kind, owner.Space, owner.Name, cancel).ConfigureAwait(false);
                if (found.Document.Text("metadata.uid") == owner.Uid)
                    return default;
            }
            catch (ApiException e) when (e.Code == 404)
            {
                // It is gone.
            }
        }

        return await Write.RunAsync(client, cancel).ConfigureAwait(false);
    }
}
