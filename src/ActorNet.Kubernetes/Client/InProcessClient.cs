using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Views;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Client;

/// <summary>The client for what lives in the same process as the API: no copy on the way but that into the API's form of documents.</summary>
/// <param name="api">The API.</param>
/// <param name="manager">Who writes (fieldManager), such as "kube-controller-manager".</param>
public sealed class InProcessClient(KubernetesApi api, string manager) : IApiClient
{
    private readonly WriteOptions _write = new(Manager: manager);

    /// <inheritdoc/>
    public KindCatalog Kinds => api.Kinds;

    /// <inheritdoc/>
    public ValueTask<ApiObject> GetAsync(KindDescriptor kind, string space, string name, CancellationToken cancel = default) =>
        api.GetAsync(kind, space, name, cancel);

    /// <inheritdoc/>
    public ValueTask<ObjectList> ListAsync(KindDescriptor kind, string space, ListOptions options, CancellationToken cancel = default) =>
        api.ListAsync(kind, space, options, cancel);

    /// <inheritdoc/>
    public ValueTask<ApiObject> CreateAsync(KindDescriptor kind, string space, JsonObject body, CancellationToken cancel = default) =>
        api.CreateAsync(kind, space, Canonical(kind, kind.Type, body), _write, cancel);

    /// <inheritdoc/>
    public async ValueTask<ApiObject> UpdateAsync(KindDescriptor kind, string space, string name, JsonObject body, string subresource = "", CancellationToken cancel = default)
    {
        var view = ObjectView.Of(kind, subresource);
        return (await api.UpdateAsync(kind, space, name, view, Canonical(kind, view.TypeOf(kind), body), _write, cancel).ConfigureAwait(false)).Object;
    }

    /// <inheritdoc/>
    public async ValueTask<ApiObject> PatchAsync(KindDescriptor kind, string space, string name, PatchRequest patch, string subresource = "", CancellationToken cancel = default) =>
        (await api.PatchAsync(kind, space, name, ObjectView.Of(kind, subresource), patch, _write, cancel).ConfigureAwait(false)).Object;

    /// <inheritdoc/>
    public ValueTask<DeleteResult> DeleteAsync(KindDescriptor kind, string space, string name, DeleteOptions options, CancellationToken cancel = default) =>
        api.DeleteAsync(kind, space, name, options, cancel);

    /// <inheritdoc/>
    public async ValueTask<long> BindAsync(string space, string pod, string node, CancellationToken cancel = default)
    {
        var binding = new JsonObject { ["target"] = new JsonObject { ["kind"] = "Node", ["name"] = node } };
        return (await PodBinding.BindAsync(api, space, pod, binding, false, cancel).ConfigureAwait(false)).Revision;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(KindDescriptor kind, string space, WatchOptions options, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        ResourceWatch watch = await api.WatchAsync(kind, space, options, cancel).ConfigureAwait(false);
        await foreach (WatchEvent each in watch.ReadAsync(cancel).ConfigureAwait(false))
            yield return each;
    }

    // What came over HTTP would be read by the same reader.
    private static JsonObject Canonical(KindDescriptor kind, Schema.TypeSchema type, JsonObject body)
    {
        try
        {
            return DocumentReader.Read(Encoding.UTF8.GetBytes(body.ToJsonString()), type).Document;
        }
        catch (DocumentException e)
        {
            throw ApiErrors.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: {e.Message}");
        }
    }
}
