using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Errors;
using k8s;
using k8s.Models;
using WatchEventType = ActorNet.Kubernetes.Api.WatchEventType;

namespace ActorNet.Kubernetes.Client;

/// <summary>Objects of a page, as models.</summary>
/// <typeparam name="T">The model.</typeparam>
/// <param name="Items">The objects in the order of their namespaces and names.</param>
/// <param name="Revision">The revision that all of them show.</param>
/// <param name="Continue">The token for the next page; empty: this was the last.</param>
public sealed record ModelList<T>(IReadOnlyList<T> Items, long Revision, string Continue);

/// <summary>One event of a watch, with the object as a model.</summary>
/// <typeparam name="T">The model.</typeparam>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object; null for a bookmark.</param>
/// <param name="Revision">The revision.</param>
public sealed record ModelEvent<T>(WatchEventType Type, T? Object, long Revision);

/// <summary>The verbs of <see cref="IApiClient"/> for the models of KubernetesClient, such as V1Pod.</summary>
public static class ApiClientModels
{
    /// <summary>One object.</summary>
    /// <exception cref="ApiException">404: it does not exist.</exception>
    public static async ValueTask<T> GetAsync<T>(this IApiClient client, string space, string name, CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await client.GetAsync(client.Kinds.Of<T>(), space, name, cancel).ConfigureAwait(false)).ToModel<T>();

    /// <summary>One object, or null.</summary>
    public static async ValueTask<T?> FindAsync<T>(this IApiClient client, string space, string name, CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            return await client.GetAsync<T>(space, name, cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            return null;
        }
    }

    /// <summary>A page of objects, without managedFields; all of them when no options are given.</summary>
    /// <param name="client">The client.</param>
    /// <param name="space">The namespace; empty: all.</param>
    /// <param name="options">What is wanted.</param>
    /// <param name="cancel">Ends it.</param>
    public static async ValueTask<ModelList<T>> ListAsync<T>(this IApiClient client, string space = "", ListOptions? options = null, CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        ObjectList found = await client.ListAsync(client.Kinds.Of<T>(), space, options ?? ListOptions.All, cancel).ConfigureAwait(false);
        return new ModelList<T>([.. found.Items.Select(each => each.ToCachedModel<T>())], found.Revision, found.Continue);
    }

    /// <summary>Makes an object, in the namespace that it names.</summary>
    /// <exception cref="ApiException">409 AlreadyExists: the name is taken.</exception>
    public static async ValueTask<T> CreateAsync<T>(this IApiClient client, T model, CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await client.CreateAsync(client.Kinds.Of<T>(), model.Metadata.NamespaceProperty ?? "", model.ToDocument(), cancel).ConfigureAwait(false)).ToModel<T>();

    /// <summary>Replaces an object or what a subresource shows of it.</summary>
    /// <param name="client">The client.</param>
    /// <param name="model">The new state; with a resourceVersion it must meet the object that has it.</param>
    /// <param name="subresource">Such as "status"; empty: the object itself.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ApiException">409 Conflict: someone else changed it.</exception>
    public static async ValueTask<T> UpdateAsync<T>(this IApiClient client, T model, string subresource = "", CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await client.UpdateAsync(client.Kinds.Of<T>(), model.Metadata.NamespaceProperty ?? "", model.Metadata.Name, model.ToDocument(), subresource, cancel).ConfigureAwait(false)).ToModel<T>();

    /// <summary>Replaces the status of an object.</summary>
    /// <inheritdoc cref="UpdateAsync{T}"/>
    public static ValueTask<T> UpdateStatusAsync<T>(this IApiClient client, T model, CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta> => client.UpdateAsync(model, "status", cancel);

    /// <summary>Patches an object or what a subresource shows of it.</summary>
    /// <param name="client">The client.</param>
    /// <param name="space">The namespace; empty for kinds without.</param>
    /// <param name="name">The name.</param>
    /// <param name="form">The patch's form.</param>
    /// <param name="patch">The patch.</param>
    /// <param name="subresource">Such as "status"; empty: the object itself.</param>
    /// <param name="cancel">Ends it.</param>
    public static async ValueTask<T> PatchAsync<T>(this IApiClient client, string space, string name, PatchForm form, JsonNode patch, string subresource = "", CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await client.PatchAsync(client.Kinds.Of<T>(), space, name, new PatchRequest(form, patch), subresource, cancel).ConfigureAwait(false)).ToModel<T>();

    /// <summary>Deletes an object, or begins to.</summary>
    /// <returns>True when it is gone, false when it lingers for its grace period or a finalizer.</returns>
    /// <exception cref="ApiException">404: it does not exist; 409: a precondition does not hold.</exception>
    public static async ValueTask<bool> DeleteAsync<T>(this IApiClient client, string space, string name, DeleteOptions? options = null, CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await client.DeleteAsync(client.Kinds.Of<T>(), space, name, options ?? new DeleteOptions(), cancel).ConfigureAwait(false)).IsGone;

    /// <summary>Watches objects, which come without managedFields; everything that is there comes first, as Added, unless the options name a version.</summary>
    /// <exception cref="ApiException">410: what comes next is no longer kept; list again.</exception>
    public static async IAsyncEnumerable<ModelEvent<T>> WatchAsync<T>(this IApiClient client, string space = "", WatchOptions? options = null, [EnumeratorCancellation] CancellationToken cancel = default)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        WatchOptions asked = options ?? new WatchOptions(ObjectFilter.Everything);
        await foreach (WatchEvent each in client.WatchAsync(client.Kinds.Of<T>(), space, asked, cancel).ConfigureAwait(false))
            yield return new ModelEvent<T>(each.Type, each.Object?.ToCachedModel<T>(), each.Revision);
    }
}
