using System.Collections.Immutable;
using ActorNet.Packets;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace ActorNet.Workloads.Dns.Server;

/// <summary>
/// What a DNS server knows of its cluster: Services, EndpointSlices and Namespaces, listed and watched through the official client over the
/// pod's own network. While the API is away the last known view stays.
/// </summary>
/// <param name="client">The client.</param>
/// <param name="own">Addresses of the server.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Takes a line for the log.</param>
internal sealed class ClusterFeed(IKubernetes client, IReadOnlyList<Ipv4Address> own, TimeProvider time, Action<string> tell) : IClusterView
{
    // Longer than the API server's own limit of a watch.
    private const int WatchSeconds = 300;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250), LongestPause = TimeSpan.FromSeconds(10);

    private volatile ImmutableDictionary<string, V1Service> _services = ImmutableDictionary<string, V1Service>.Empty;
    private volatile ImmutableDictionary<string, ImmutableDictionary<string, V1EndpointSlice>> _slices = ImmutableDictionary<string, ImmutableDictionary<string, V1EndpointSlice>>.Empty;
    private volatile ImmutableHashSet<string> _namespaces = ImmutableHashSet.Create<string>(StringComparer.OrdinalIgnoreCase);
    private int _synced;
    private long _changed;

    /// <summary>Whether everything was listed once.</summary>
    public bool HasSynced => Volatile.Read(ref _synced) == 7;

    /// <inheritdoc/>
    public uint Serial => (uint)Interlocked.Read(ref _changed);

    /// <inheritdoc/>
    public IReadOnlyList<Ipv4Address> OwnAddresses => own;

    /// <inheritdoc/>
    public IEnumerable<V1Service> Services => _services.Values;

    /// <inheritdoc/>
    public IEnumerable<V1EndpointSlice> Slices => _slices.Values.SelectMany(static each => each.Values);

    /// <inheritdoc/>
    public bool HasNamespace(string name) => _namespaces.Contains(name);

    /// <inheritdoc/>
    public V1Service? FindService(string space, string name) => _services.GetValueOrDefault(Key(space, name));

    /// <inheritdoc/>
    public IReadOnlyList<V1EndpointSlice> SlicesOf(string space, string name) =>
        _slices.TryGetValue(Key(space, name), out ImmutableDictionary<string, V1EndpointSlice>? slices) ? [.. slices.Values] : [];

    /// <summary>Follows the API until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(
        FollowAsync(1, "services", async ct => Listed(await client.CoreV1.ListServiceForAllNamespacesAsync(cancellationToken: ct).ConfigureAwait(false)),
            (from, ct) => client.CoreV1.WatchListServiceForAllNamespacesAsync(resourceVersion: from, timeoutSeconds: WatchSeconds, cancellationToken: ct), PutServices, Put, cancel),
        FollowAsync(2, "endpointslices", async ct => Listed(await client.DiscoveryV1.ListEndpointSliceForAllNamespacesAsync(cancellationToken: ct).ConfigureAwait(false)),
            (from, ct) => client.DiscoveryV1.WatchListEndpointSliceForAllNamespacesAsync(resourceVersion: from, timeoutSeconds: WatchSeconds, cancellationToken: ct), PutSlices, Put, cancel),
        FollowAsync(4, "namespaces", async ct => Listed(await client.CoreV1.ListNamespaceAsync(cancellationToken: ct).ConfigureAwait(false)),
            (from, ct) => client.CoreV1.WatchListNamespaceAsync(resourceVersion: from, timeoutSeconds: WatchSeconds, cancellationToken: ct), PutNamespaces, Put, cancel));

    // Lists, watches from there, and lists again when the watch broke; between failures it waits, longer each time.
    private async Task FollowAsync<T>(
        int bit, string what, Func<CancellationToken, Task<(IList<T> Items, string Version)>> list, Func<string, CancellationToken, IAsyncEnumerable<(WatchEventType, T)>> watch,
        Action<IList<T>> replace, Action<WatchEventType, T> put, CancellationToken cancel)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        TimeSpan pause = FirstPause;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                (IList<T> items, string version) = await list(cancel).ConfigureAwait(false);
                replace(items);
                Note(bit);
                pause = FirstPause;
                await foreach ((WatchEventType type, T item) in watch(version, cancel).ConfigureAwait(false))
                {
                    if (type == WatchEventType.Error)
                        break;
                    if (type != WatchEventType.Bookmark)
                        put(type, item);
                    Note(bit);
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever goes wrong on the way to the API, the server goes on with what it knows and asks again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                string why = e is HttpOperationException answered ? $"{(int)answered.Response.StatusCode} {answered.Response.Content}" : (e.InnerException ?? e).Message;
                tell($"[ERROR] plugin/kubernetes: Failed to watch {what}: {why}");
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }

            try
            {
                await Task.Delay(pause, time, cancel).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static (IList<T> Items, string Version) Listed<T>(IKubernetesObject<V1ListMeta> list)
        where T : IKubernetesObject<V1ObjectMeta> => (((IItems<T>)list).Items, list.Metadata.ResourceVersion);

    private static (IList<V1Service> Items, string Version) Listed(V1ServiceList list) => Listed<V1Service>(list);

    private static (IList<V1EndpointSlice> Items, string Version) Listed(V1EndpointSliceList list) => Listed<V1EndpointSlice>(list);

    private static (IList<V1Namespace> Items, string Version) Listed(V1NamespaceList list) => Listed<V1Namespace>(list);

    private void Note(int bit)
    {
        Interlocked.Or(ref _synced, bit);
        Interlocked.Exchange(ref _changed, time.GetUtcNow().ToUnixTimeSeconds());
    }

    private void PutServices(IList<V1Service> items) => _services = items.ToImmutableDictionary(static each => Key(each.Metadata.NamespaceProperty, each.Metadata.Name));

    private void Put(WatchEventType type, V1Service each)
    {
        string key = Key(each.Metadata.NamespaceProperty, each.Metadata.Name);
        _services = type == WatchEventType.Deleted ? _services.Remove(key) : _services.SetItem(key, each);
    }

    private void PutSlices(IList<V1EndpointSlice> items) => _slices = items.GroupBy(OwnerOf).ToImmutableDictionary(static each => each.Key, static each => each.ToImmutableDictionary(static slice => slice.Metadata.Name));

    private void Put(WatchEventType type, V1EndpointSlice each)
    {
        string key = OwnerOf(each);
        ImmutableDictionary<string, V1EndpointSlice> before = _slices.GetValueOrDefault(key) ?? ImmutableDictionary<string, V1EndpointSlice>.Empty;
        ImmutableDictionary<string, V1EndpointSlice> after = type == WatchEventType.Deleted ? before.Remove(each.Metadata.Name) : before.SetItem(each.Metadata.Name, each);
        _slices = after.IsEmpty ? _slices.Remove(key) : _slices.SetItem(key, after);
    }

    private void PutNamespaces(IList<V1Namespace> items) => _namespaces = items.Select(static each => each.Metadata.Name).ToImmutableHashSet(StringComparer.OrdinalIgnoreCase);

    private void Put(WatchEventType type, V1Namespace each) =>
        _namespaces = type == WatchEventType.Deleted ? _namespaces.Remove(each.Metadata.Name) : _namespaces.Add(each.Metadata.Name);

    private static string OwnerOf(V1EndpointSlice slice) =>
        Key(slice.Metadata.NamespaceProperty, slice.Metadata.Labels?.TryGetValue("kubernetes.io/service-name", out string? name) == true ? name : "");

    private static string Key(string space, string name) => $"{space}/{name}".ToLowerInvariant();
}
