using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Client;

/// <summary>
/// A client of the Kubernetes API, wherever that is: in this process or on another host. Here it speaks in documents and kinds, as a dynamic
/// client does; <see cref="ApiClientModels"/> puts the typed models of KubernetesClient on top. Calls come from any thread.
/// </summary>
/// <remarks>
/// Every failure that the API answers with is an <see cref="ApiException"/>: 404 NotFound, 409 Conflict or AlreadyExists, 410 Expired, 422
/// Invalid, and what else there is. A client over a network throws HttpRequestException or IOException when it got no answer.
/// </remarks>
public interface IApiClient
{
    /// <summary>The kinds that the API serves.</summary>
    KindCatalog Kinds { get; }

    /// <summary>One object.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace; empty for kinds without.</param>
    /// <param name="name">The name.</param>
    /// <param name="cancel">Ends it.</param>
    ValueTask<ApiObject> GetAsync(KindDescriptor kind, string space, string name, CancellationToken cancel = default);

    /// <summary>A page of objects.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace; empty: all.</param>
    /// <param name="options">What is wanted.</param>
    /// <param name="cancel">Ends it.</param>
    ValueTask<ObjectList> ListAsync(KindDescriptor kind, string space, ListOptions options, CancellationToken cancel = default);

    /// <summary>Makes an object (POST).</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace; empty for kinds without.</param>
    /// <param name="body">The object; it is not changed.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The object as it is stored.</returns>
    ValueTask<ApiObject> CreateAsync(KindDescriptor kind, string space, JsonObject body, CancellationToken cancel = default);

    /// <summary>Replaces an object or what a subresource shows of it (PUT). With a resourceVersion it is refused when the object changed.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace.</param>
    /// <param name="name">The name.</param>
    /// <param name="body">The new state; it is not changed.</param>
    /// <param name="subresource">Such as "status"; empty: the object itself.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The object as it is stored; when nothing changed, with the revision that it had.</returns>
    ValueTask<ApiObject> UpdateAsync(KindDescriptor kind, string space, string name, JsonObject body, string subresource = "", CancellationToken cancel = default);

    /// <summary>Patches an object or what a subresource shows of it (PATCH).</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace.</param>
    /// <param name="name">The name.</param>
    /// <param name="patch">The patch; a resourceVersion in it is a condition.</param>
    /// <param name="subresource">Such as "status"; empty: the object itself.</param>
    /// <param name="cancel">Ends it.</param>
    ValueTask<ApiObject> PatchAsync(KindDescriptor kind, string space, string name, PatchRequest patch, string subresource = "", CancellationToken cancel = default);

    /// <summary>Deletes an object, or begins to (DELETE): grace period, propagation and preconditions are in the options.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace.</param>
    /// <param name="name">The name.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Ends it.</param>
    ValueTask<DeleteResult> DeleteAsync(KindDescriptor kind, string space, string name, DeleteOptions options, CancellationToken cancel = default);

    /// <summary>Gives a pod its node (POST to pods/NAME/binding).</summary>
    /// <param name="space">The namespace.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="node">The node.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The pod's revision after it; 0 when the client does not learn it.</returns>
    /// <exception cref="ApiException">409: the pod is bound already, or is going.</exception>
    ValueTask<long> BindAsync(string space, string pod, string node, CancellationToken cancel = default);

    /// <summary>Watches objects until the options' timeout or the cancellation; there is no end without a reason.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="space">The namespace; empty: all.</param>
    /// <param name="options">What is wanted.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ApiException">410, at once or later: what comes next is no longer kept; list again.</exception>
    IAsyncEnumerable<WatchEvent> WatchAsync(KindDescriptor kind, string space, WatchOptions options, CancellationToken cancel = default);
}
