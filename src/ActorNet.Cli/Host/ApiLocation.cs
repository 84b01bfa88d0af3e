using ActorNet.ApiServer;
using ActorNet.ApiServer.Front;
using ActorNet.Cluster.Api;
using ActorNet.Kubernetes.Api;

namespace ActorNet.Cli.Host;

/// <summary>Where the API is for this host's front: here while its singleton lives here, else at the front that its bookmarks name.</summary>
/// <param name="cluster">The API for this host.</param>
/// <param name="own">This host's own front, as https://127.0.10.1:6443; empty until it listens.</param>
/// <param name="newFront">Makes a front over the API that begins to live here.</param>
internal sealed class ApiLocation(ClusterApi cluster, Func<string> own, Func<KubernetesApi, ApiFront> newFront) : IApiLocator
{
    private readonly Lock _lock = new();
    private ApiPlace.Local? _local;
    private KubernetesApi? _api;

    /// <inheritdoc/>
    public ApiPlace Locate()
    {
        if (cluster.Local is { } api)
            return Here(api);
        string front = cluster.Front;
        if (front.Length == 0 || front == own() || !Uri.TryCreate(front, UriKind.Absolute, out Uri? address))
            return new ApiPlace.None("the API server is starting on another host, or this host is cut off from the cluster; try again");
        return new ApiPlace.Remote(address);
    }

    private ApiPlace.Local Here(KubernetesApi api)
    {
        lock (_lock)
        {
            if (_local is null || _api != api)
                (_local, _api) = (new ApiPlace.Local(newFront(api)), api);
            return _local;
        }
    }
}
