using System.Collections.Concurrent;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Informers;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Cluster.Tests;

/// <summary>What a client that lists and watches ConfigMaps is told, until its watch ends.</summary>
internal sealed class Recording : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<(WatchEventType Type, string Name, long Revision)> _events = new();
    private readonly Task _reading;

    private Recording(ApiReads reads, KindDescriptor kind, ObjectList list)
    {
        (Begin, Listed) = (list.Revision, [.. list.Items.Select(each => each.Name)]);
        _reading = ReadAsync(reads, kind);
    }

    /// <summary>The revision of the list.</summary>
    public long Begin { get; }

    public string[] Listed { get; }

    public (WatchEventType Type, string Name, long Revision)[] Events => [.. _events];

    public bool HasEnded => _reading.IsCompleted;

    /// <summary>The code that it was ended with; 0: none.</summary>
    public int Failure { get; private set; }

    public static Task<Recording> OfStoreAsync(KubernetesApi api, CancellationToken cancel) => BeginAsync(api.Reads, api.Kinds.Of("", "ConfigMap"), cancel);

    /// <summary>From a host's copy, as soon as it can be shown: while something is missing in it, or a bookmark is late, there is none.</summary>
    public static async Task<Recording> OfCopyAsync(ClusterApi api, CancellationToken cancel)
    {
        KindDescriptor kind = api.Kinds.Of("", "ConfigMap");
        CachedKind? copy = null;
        await Hosts.Until(() => (copy = api.Cached(kind)) is not null, () => $"no copy: {api.Caches.Single(cache => cache.Topic == "configmaps")}");
        return await BeginAsync(copy!.Reads, kind, cancel);
    }

    public Task Until(string name) => Hosts.Until(() => _events.Any(each => each.Name == name) || HasEnded, () => $"no event of {name} among {_events.Count}");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        _stop.Dispose();
    }

    private static async Task<Recording> BeginAsync(ApiReads reads, KindDescriptor kind, CancellationToken cancel) =>
        new(reads, kind, await reads.ListAsync(kind, "", new ListOptions(ObjectFilter.Everything, ResourceVersion: "0"), cancel));

    private async Task ReadAsync(ApiReads reads, KindDescriptor kind)
    {
        try
        {
            ResourceWatch watch = await reads.WatchAsync(kind, "", new WatchOptions(ObjectFilter.Everything, $"{Begin}"), _stop.Token);
            await foreach (WatchEvent told in watch.ReadAsync(_stop.Token))
                _events.Enqueue((told.Type, told.Object!.Name, told.Revision));
        }
        catch (ApiException e)
        {
            Failure = e.Code;
        }
        catch (OperationCanceledException)
        {
            // The test has seen enough.
        }
    }
}
