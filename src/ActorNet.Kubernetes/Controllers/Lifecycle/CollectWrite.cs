using System.Text.Json.Nodes;
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
internal sealed record AbsentOwner(KindDescriptor Kind, string Space, string Name, string Uid);

/// <summary>
/// A write to an object that is made only when the API itself, not a cache, says that the object still names the same owners and that some
/// of them are gone, as upstream's attemptToDeleteItem asks.
/// </summary>
/// <param name="Write">The write.</param>
/// <param name="Item">The object.</param>
/// <param name="Absent">Who must be gone.</param>
internal sealed record CollectWrite(ApiWrite Write, OwnedObject Item, IReadOnlyList<AbsentOwner> Absent) : ApiWrite
{
    /// <inheritdoc/>
    public override string Summary => Write.Summary;

    /// <inheritdoc/>
    public override async ValueTask<WriteOutcome> RunAsync(IApiClient client, CancellationToken cancel)
    {
        // What changed meanwhile comes again by its event.
        if (await FindAsync(client, Item.Kind, Item.Space, Item.Name, cancel).ConfigureAwait(false) is not { } current || current.Text("metadata.uid") != Item.Uid
            || !current.Objects("metadata.ownerReferences").Select(owner => owner.Text("uid")).SequenceEqual(Item.Owners.Select(owner => owner.Uid)))
            return default;
        foreach (AbsentOwner owner in Absent)
        {
            if (await FindAsync(client, owner.Kind, owner.Space, owner.Name, cancel).ConfigureAwait(false) is { } found && found.Text("metadata.uid") == owner.Uid)
                return default;
        }

        return await Write.RunAsync(client, cancel).ConfigureAwait(false);
    }

    private static async ValueTask<JsonObject?> FindAsync(IApiClient client, KindDescriptor kind, string space, string name, CancellationToken cancel)
    {
        try
        {
            return (await client.GetAsync(kind, space, name, cancel).ConfigureAwait(false)).Document;
        }
        catch (ApiException e) when (e.Code == 404)
        {
            return null;
        }
    }
}
