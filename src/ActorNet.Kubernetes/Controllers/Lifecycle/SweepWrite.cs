using System.Globalization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Controllers.Lifecycle;

/// <summary>Deletes the objects of a kind that no cache holds, one after the other.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Space">The namespace; empty: all.</param>
/// <param name="OlderThan">Only those whose lastTimestamp, or else creation, lies before this; null: all.</param>
public sealed record SweepWrite(KindDescriptor Kind, string Space, DateTimeOffset? OlderThan) : ApiWrite
{
    /// <inheritdoc/>
    public override string Summary => $"delete every {Kind.Kind} in \"{Space}\"";

    /// <inheritdoc/>
    public override async ValueTask<WriteOutcome> RunAsync(IApiClient client, CancellationToken cancel)
    {
        ObjectList found = await client.ListAsync(Kind, Space, ListOptions.All, cancel).ConfigureAwait(false);
        foreach (ApiObject each in found.Items.Where(IsDue))
        {
            try
            {
                await client.DeleteAsync(Kind, each.Namespace, each.Name, new DeleteOptions(0), cancel).ConfigureAwait(false);
            }
            catch (ApiException e) when (e.Code == 404)
            {
                // Somebody else was faster.
            }
        }

        return default;
    }

    private bool IsDue(ApiObject each)
    {
        if (OlderThan is not { } limit)
            return true;
        string last = each.Document.Text("lastTimestamp") is { Length: > 0 } told ? told : each.Document.Text("metadata.creationTimestamp");
        return DateTimeOffset.TryParse(last, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset moment) && moment < limit;
    }
}
