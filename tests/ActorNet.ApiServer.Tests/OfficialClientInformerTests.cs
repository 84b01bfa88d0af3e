using System.Globalization;
using System.Net;
using ActorNet.Kubernetes.Discovery;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace ActorNet.ApiServer.Tests;

/// <summary>
/// A cache that the official C# client keeps by list and watch, through everything that ends a watch: its server closes it, its connection
/// breaks, its server restarts, and its version is compacted away.
/// </summary>
public sealed class OfficialClientInformerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_cache_by_list_and_watch_survives_every_end_of_its_watch()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using var relay = new ConnectionRelay();
        relay.Serve(server.Host.Address);
        using k8s.Kubernetes writer = Client(server.Host.Address), reader = Client(relay.Address);
        await using var informer = new Informer(reader);
        await WriteAsync(writer, "a", "1");
        await informer.SeesAsync("a=1");

        relay.Cut();
        await WriteAsync(writer, "b", "1");
        await WriteAsync(writer, "a", "2");
        await informer.SeesAsync("a=2,b=1");
        Assert.Equal(1, informer.Lists);

        // No server for a while, and the watch's version is gone when there is one again.
        relay.Serve(null);
        relay.Cut();
        await writer.CoreV1.DeleteNamespacedConfigMapAsync("b", "default");
        await WriteAsync(writer, "c", "1");
        V1ConfigMap last = await WriteAsync(writer, "a", "3");
        await server.Store.CompactAsync(long.Parse(last.ResourceVersion(), CultureInfo.InvariantCulture));
        ApiServerHost second = await ApiServerHost.StartAsync(log => new ApiFront(server.Api, ServerVersion.Default, log), options => options.Listen(IPAddress.Loopback, 0));
        await using (second)
        {
            relay.Serve(second.Address);
            await informer.SeesAsync("a=3,c=1");
            Assert.Equal(2, informer.Lists);
            await WriteAsync(writer, "d", "1");
            await informer.SeesAsync("a=3,c=1,d=1");
        }

        // The second server is closed in good order; the first takes over.
        relay.Serve(server.Host.Address);
        await writer.CoreV1.DeleteNamespacedConfigMapAsync("a", "default");
        await informer.SeesAsync("c=1,d=1");
        Assert.Equal(2, informer.Lists);
    }

    /// <summary>A watch that the client bounds ends in good order, with a bookmark from which the next one goes on.</summary>
    [Fact]
    public async Task A_watch_with_a_time_limit_ends_with_a_bookmark()
    {
        await using TestServer server = await TestServer.StartAsync();
        using k8s.Kubernetes client = Client(server.Host.Address);
        using var patience = new CancellationTokenSource(Patience);
        V1ConfigMap made = await WriteAsync(client, "a", "1");
        await client.CoreV1.CreateNamespaceAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = "other" } });
        var seen = new List<(WatchEventType Type, string Version)>();
        await foreach ((WatchEventType type, V1ConfigMap map) in client.CoreV1.WatchListNamespacedConfigMapAsync(
            "default", allowWatchBookmarks: true, resourceVersion: made.ResourceVersion(), timeoutSeconds: 1, cancellationToken: patience.Token))
        {
            seen.Add((type, map.ResourceVersion()));
        }

        (WatchEventType last, string version) = seen[^1];
        Assert.Equal(WatchEventType.Bookmark, last);
        Assert.True(long.Parse(version, CultureInfo.InvariantCulture) >= long.Parse(made.ResourceVersion(), CultureInfo.InvariantCulture));
    }

    private static k8s.Kubernetes Client(Uri address) => new(new KubernetesClientConfiguration { Host = address.ToString() });

    private static async Task<V1ConfigMap> WriteAsync(k8s.Kubernetes client, string name, string value)
    {
        var map = new V1ConfigMap { Metadata = new V1ObjectMeta { Name = name }, Data = new Dictionary<string, string> { ["v"] = value } };
        try
        {
            return await client.CoreV1.ReplaceNamespacedConfigMapAsync(map, name, "default");
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return await client.CoreV1.CreateNamespacedConfigMapAsync(map, "default");
        }
    }

    /// <summary>What every informer does: list, watch from there, watch again from the last event, list again when that is gone.</summary>
    private sealed class Informer : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new(Patience);
        private readonly SortedDictionary<string, string> _cache = new(StringComparer.Ordinal);
        private readonly Task _running;
        private string _version = "";

        public Informer(k8s.Kubernetes client) => _running = RunAsync(client);

        /// <summary>How often it listed.</summary>
        public int Lists { get; private set; }

        /// <summary>Waits until the cache holds exactly this.</summary>
        public async Task SeesAsync(string expected)
        {
            while (View() != expected)
            {
                if (_running.IsCompleted)
                    await _running;
                Assert.False(_stop.IsCancellationRequested, $"the cache holds {View()} and not {expected}");
                await Task.Delay(10);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }

        private string View()
        {
            lock (_cache)
                return string.Join(',', _cache.Select(each => $"{each.Key}={each.Value}"));
        }

        private async Task RunAsync(k8s.Kubernetes client)
        {
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    if (_version.Length == 0)
                        await ListAsync(client);
                    await WatchAsync(client);
                }
                catch (Exception e) when (IsExpired(e))
                {
                    _version = "";
                }
                catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
                {
                    // The server is away: from the last event again.
                }

                await Task.Delay(10, CancellationToken.None);
            }
        }

        private async Task ListAsync(k8s.Kubernetes client)
        {
            V1ConfigMapList list = await client.CoreV1.ListNamespacedConfigMapAsync("default", cancellationToken: _stop.Token);
            lock (_cache)
            {
                _cache.Clear();
                foreach (V1ConfigMap map in list.Items)
                    _cache[map.Name()] = map.Data["v"];
            }

            Lists++;
            _version = list.Metadata.ResourceVersion;
        }

        private async Task WatchAsync(k8s.Kubernetes client)
        {
            await foreach ((WatchEventType type, V1ConfigMap map) in client.CoreV1.WatchListNamespacedConfigMapAsync(
                "default", allowWatchBookmarks: true, resourceVersion: _version, cancellationToken: _stop.Token))
            {
                lock (_cache)
                {
                    if (type is WatchEventType.Added or WatchEventType.Modified)
                        _cache[map.Name()] = map.Data["v"];
                    else if (type == WatchEventType.Deleted)
                        Assert.True(_cache.Remove(map.Name()));
                }

                _version = map.ResourceVersion();
            }
        }

        private static bool IsExpired(Exception e) =>
            e is HttpOperationException { Response.StatusCode: HttpStatusCode.Gone } or KubernetesException { Status.Code: 410 };
    }
}
