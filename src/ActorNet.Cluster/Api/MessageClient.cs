using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Cluster.Informers;
using ActorNet.Cluster.Serialization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Cluster.Api;

/// <summary>
/// The API for the parts of a host, wherever its server is: requests of at most 60 KB as messages, sent again until they are answered or
/// given up. Lists and watches are not asked this way: the host's informers have them.
/// </summary>
/// <param name="cluster">Sends and hears.</param>
/// <param name="manager">Who writes (fieldManager), such as "kubelet".</param>
internal sealed class MessageClient(ClusterApi cluster, string manager) : IApiClient
{
    /// <inheritdoc/>
    public KindCatalog Kinds => cluster.Kinds;

    /// <inheritdoc/>
    public ValueTask<ApiObject> GetAsync(KindDescriptor kind, string space, string name, CancellationToken cancel = default) =>
        ObjectAsync(ApiVerb.Get, kind, space, name, "", null, cancel);

    /// <inheritdoc/>
    public ValueTask<ObjectList> ListAsync(KindDescriptor kind, string space, ListOptions options, CancellationToken cancel = default) => throw NotAsked();

    /// <inheritdoc/>
    public ValueTask<ApiObject> CreateAsync(KindDescriptor kind, string space, JsonObject body, CancellationToken cancel = default) =>
        ObjectAsync(ApiVerb.Create, kind, space, "", "", body, cancel);

    /// <inheritdoc/>
    public ValueTask<ApiObject> UpdateAsync(KindDescriptor kind, string space, string name, JsonObject body, string subresource = "", CancellationToken cancel = default) =>
        ObjectAsync(ApiVerb.Update, kind, space, name, subresource, body, cancel);

    /// <inheritdoc/>
    public ValueTask<ApiObject> PatchAsync(KindDescriptor kind, string space, string name, PatchRequest patch, string subresource = "", CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(patch);
        ApiVerb verb = patch.Form switch { PatchForm.Json => ApiVerb.JsonPatch, PatchForm.Merge => ApiVerb.MergePatch, _ => ApiVerb.StrategicPatch };
        return ObjectAsync(verb, kind, space, name, subresource, patch.Patch, cancel);
    }

    /// <inheritdoc/>
    public async ValueTask<DeleteResult> DeleteAsync(KindDescriptor kind, string space, string name, DeleteOptions options, CancellationToken cancel = default)
    {
        ApiAnswer answer = await AskAsync(ApiVerb.Delete, kind, space, name, "", ApiCalls.Write(options), cancel).ConfigureAwait(false);
        return new DeleteResult(new ApiObject(kind, answer.Json, answer.Revision), answer.IsGone);
    }

    /// <inheritdoc/>
    public async ValueTask<long> BindAsync(string space, string pod, string node, CancellationToken cancel = default) =>
        (await AskAsync(ApiVerb.Bind, Kinds.Of("", "Pod"), space, pod, "", new JsonObject { ["node"] = node }, cancel).ConfigureAwait(false)).Revision;

    /// <inheritdoc/>
    public IAsyncEnumerable<WatchEvent> WatchAsync(KindDescriptor kind, string space, WatchOptions options, CancellationToken cancel = default) => throw NotAsked();

    private static NotSupportedException NotAsked() => new("Lists and watches are served by the host's informers, not by messages.");

    private async ValueTask<ApiObject> ObjectAsync(ApiVerb verb, KindDescriptor kind, string space, string name, string subresource, JsonNode? body, CancellationToken cancel)
    {
        ApiAnswer answer = await AskAsync(verb, kind, space, name, subresource, body, cancel).ConfigureAwait(false);
        return StoredObjects.Read(kind, answer.Revision, answer.Json)
            ?? throw ApiErrors.Internal($"{kind.Plural} \"{name}\" is larger than {WireLimits.LargestPublishedObject} bytes, which no message carries; the write was made");
    }

    private async Task<ApiAnswer> AskAsync(ApiVerb verb, KindDescriptor kind, string space, string name, string subresource, JsonNode? body, CancellationToken cancel)
    {
        byte[] bytes = body is null ? [] : Encoding.UTF8.GetBytes(body.ToJsonString());
        if (bytes.Length > WireLimits.MaximumObjectBytes)
            throw ApiErrors.RequestTooLarge(WireLimits.MaximumObjectBytes);
        ApiAnswer answer = await cluster.CallAsync(
            (id, epoch) => new ApiCall(id, epoch, verb, manager, kind.Resource.ToString(), space, name, subresource, bytes), cancel).ConfigureAwait(false);
        return answer.Code == 200 ? answer : throw ApiCalls.Failure(answer);
    }
}
