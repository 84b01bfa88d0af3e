using ActorNet.ApiServer.Front;
using ActorNet.ApiServer.Health;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Stores.Hosts;

namespace ActorNet.Cli.Host;

/// <summary>
/// What a host's /livez and /readyz look at. Named as kube-apiserver's (apiserver pkg/server/config.go; pkg/server/options/etcd.go, where etcd is a check of
/// all three): whether the store answers, whether the host's copies of the API's objects are complete, whether it is to stop.
/// </summary>
internal static class HostHealth
{
    /// <summary>Makes the checks.</summary>
    /// <param name="cluster">The cluster as this host sees it.</param>
    /// <param name="location">Where the API is.</param>
    /// <param name="stop">Cancelled when the host is told to stop.</param>
    public static HealthEndpoints Of(ClusterNodes cluster, IApiLocator location, CancellationToken stop) => new(
        HealthCheck.Ping,
        new HealthCheck("etcd", () => StoreDefect(cluster.Store?.Status) ?? (location.Locate() as ApiPlace.None)?.Why),
        new HealthCheck("informer-sync", () => InformerDefect(cluster.Api.Caches), OnlyReadiness: true),
        new HealthCheck("shutdown", () => stop.IsCancellationRequested ? "process is shutting down" : null, OnlyReadiness: true));

    // A host that is none of the store's members goes by where the API is.
    private static string? StoreDefect(StoreStatus? store) => store is { State: "waits" } && store.Members.Contains(store.Member)
        ? $"the store has no leader: a majority of {string.Join(", ", store.Members)} must run and reach each other"
        : null;

    private static string? InformerDefect(IReadOnlyList<CacheStatus> caches)
    {
        CacheStatus[] late = [.. caches.Where(static cache => !cache.IsSynced)];
        return late.Length == 0 ? null : $"{late.Length} informers not started yet: [{string.Join(' ', late.Select(static cache => cache.Topic))}]";
    }
}
