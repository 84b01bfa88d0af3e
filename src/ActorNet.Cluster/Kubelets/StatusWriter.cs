using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Status;
using k8s.Models;

namespace ActorNet.Cluster.Kubelets;

/// <summary>
/// Writes what a kubelet reports into the API, as upstream's status manager, node status and lease loops do (kubernetes pkg/kubelet/status,
/// pkg/kubelet/nodestatus, component-helpers apimachinery/lease): of each pod and of the node only the newest, in the order of the reports of
/// one object, again and again while the API is away.
/// </summary>
public sealed class StatusWriter : IAsyncDisposable
{
    /// <summary>How many events wait at most; while the API is away the oldest go, and are counted.</summary>
    public const int MaximumEvents = 1000;

    private const int Writers = 4;
    private const string LeaseNamespace = "kube-node-lease";

    private static readonly TimeSpan AttemptLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100), LongestPause = TimeSpan.FromSeconds(5);

    private readonly IApiClient _client;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Waiting> _waiting = new(StringComparer.Ordinal);
    private readonly Channel<string> _due = Channel.CreateUnbounded<string>();
    private readonly Channel<Corev1Event> _events;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private long _eventsLost;
    private long _failures;

    /// <summary>Begins to write.</summary>
    /// <param name="client">The API.</param>
    /// <param name="time">The clock.</param>
    public StatusWriter(IApiClient client, TimeProvider time)
    {
        (_client, _time) = (client, time);
        _events = Channel.CreateBounded<Corev1Event>(new BoundedChannelOptions(MaximumEvents) { FullMode = BoundedChannelFullMode.DropOldest }, _ => Interlocked.Increment(ref _eventsLost));
        _running = Task.WhenAll([WriteEventsAsync(), .. Enumerable.Range(0, Writers).Select(_ => WriteAsync())]);
    }

    /// <summary>Events that were given up because too many waited.</summary>
    public long EventsLost => Interlocked.Read(ref _eventsLost);

    /// <summary>How often a write failed and was tried again.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>How many objects wait to be written.</summary>
    public int Depth => _waiting.Count;

    /// <summary>Told when the API does not know the node whose status is written.</summary>
    public event Action<string>? NodeMissing;

    /// <summary>Takes a report; returns at once. From any thread.</summary>
    /// <param name="report">The report.</param>
    public void Take(KubeletReport report)
    {
        switch (report)
        {
            case PodStatusChanged changed:
                Keep($"pod/{changed.Uid}", waiting => waiting.Status is not { } known || changed.Version >= known.Version ? waiting with { Status = changed } : waiting);
                break;
            case PodGone gone:
                Keep($"pod/{gone.Uid}", waiting => waiting with { Gone = gone });
                break;
            case NodeStatusReported status:
                Keep("node", waiting => waiting with { Node = status });
                break;
            case NodeLeaseRenewed lease:
                Keep("lease", waiting => waiting with { Lease = lease });
                break;
            case EventRaised raised:
                _events.Writer.TryWrite(raised.Event);
                break;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private void Keep(string key, Func<Waiting, Waiting> add)
    {
        // A key that is there waits or is being written; whoever writes it looks again when that is done.
        bool isNew = false;
        _waiting.AddOrUpdate(key, _ =>
        {
            isNew = true;
            return add(Waiting.Nothing);
        }, (_, known) =>
        {
            isNew = false;
            return add(known);
        });
        if (isNew)
            _due.Writer.TryWrite(key);
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (string key in _due.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
                await DrainAsync(key).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task DrainAsync(string key)
    {
        while (_waiting.TryGetValue(key, out Waiting? waiting))
        {
            if (waiting.Status is { } status)
                await PersistAsync(cancel => WritePodAsync(status, cancel), () => IsNewest(key, each => each.Status == status)).ConfigureAwait(false);
            if (waiting.Gone is { } gone)
                await PersistAsync(cancel => DeletePodAsync(gone, cancel), null).ConfigureAwait(false);
            if (waiting.Node is { } node)
                await PersistAsync(cancel => WriteNodeAsync(node, cancel), () => IsNewest(key, each => each.Node == node)).ConfigureAwait(false);
            if (waiting.Lease is { } lease)
                await PersistAsync(cancel => WriteLeaseAsync(lease, cancel), () => IsNewest(key, each => each.Lease == lease)).ConfigureAwait(false);
            // Gone from here only if nothing newer came meanwhile.
            if (_waiting.TryRemove(KeyValuePair.Create(key, waiting)))
                return;
        }
    }

    private bool IsNewest(string key, Func<Waiting, bool> is_) => _waiting.TryGetValue(key, out Waiting? waiting) && is_(waiting);

    private async Task WriteEventsAsync()
    {
        try
        {
            await foreach (Corev1Event each in _events.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
                await PersistAsync(cancel => WriteEventAsync(each, cancel), null).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <summary>Tries until it is written, refused for good, or overtaken.</summary>
    private async Task PersistAsync(Func<CancellationToken, Task> write, Func<bool>? isNewest)
    {
        TimeSpan pause = FirstPause;
        while (true)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            limit.CancelAfter(AttemptLimit);
            try
            {
                await write(limit.Token).ConfigureAwait(false);
                return;
            }
            catch (ApiException e) when (e.Code is >= 400 and < 500 and not 408 and not 429)
            {
                // The object is gone or another, or its namespace is ending: there is nothing to write to.
                return;
            }
            catch (Exception e) when (!_stop.IsCancellationRequested && e is ApiException or OperationCanceledException or HttpRequestException or IOException)
            {
                Interlocked.Increment(ref _failures);
            }

            await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            if (isNewest?.Invoke() == false)
                return;
        }
    }

    // A field that was set before and is not any more has to be named to go. Conditions of others stay as the API has them by now, not as they were when the
    // kubelet made its status (kubernetes pkg/kubelet/status/status_manager.go mergePodStatus).
    private async Task WritePodAsync(PodStatusChanged changed, CancellationToken cancel)
    {
        JsonObject status = new V1Pod { Metadata = new V1ObjectMeta(), Status = changed.Status }.ToDocument()["status"] as JsonObject ?? [];
        status.Parent!.AsObject().Remove("status");
        (status["conditions"] as JsonArray)?.RemoveAll(static condition => !PodConditions.IsOwned((string)condition!["type"]!));
        foreach (string field in new[] { "message", "reason" })
            status.TryAdd(field, null);
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = changed.Uid }, ["status"] = status };
        await _client.PatchAsync<V1Pod>(changed.Namespace, changed.Name, PatchForm.Strategic, patch, "status", cancel).ConfigureAwait(false);
    }

    private async Task DeletePodAsync(PodGone gone, CancellationToken cancel) =>
        await _client.DeleteAsync<V1Pod>(gone.Namespace, gone.Name, new DeleteOptions(0, Uid: gone.Uid), cancel).ConfigureAwait(false);

    private async Task WriteNodeAsync(NodeStatusReported reported, CancellationToken cancel)
    {
        JsonObject status = new V1Node { Metadata = new V1ObjectMeta(), Status = reported.Status }.ToDocument()["status"] as JsonObject ?? [];
        status.Parent!.AsObject().Remove("status");
        try
        {
            await _client.PatchAsync<V1Node>("", reported.Node, PatchForm.Strategic, new JsonObject { ["status"] = status }, "status", cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            NodeMissing?.Invoke(reported.Node);
        }
    }

    private async Task WriteLeaseAsync(NodeLeaseRenewed renewed, CancellationToken cancel)
    {
        var spec = new V1LeaseSpec { HolderIdentity = renewed.Node, LeaseDurationSeconds = (int)renewed.Duration.TotalSeconds, RenewTime = renewed.RenewTime };
        var lease = new V1Lease { Metadata = new V1ObjectMeta { Name = renewed.Node, NamespaceProperty = LeaseNamespace }, Spec = spec };
        try
        {
            var patch = new JsonObject { ["spec"] = lease.ToDocument()["spec"]!.DeepClone() };
            await _client.PatchAsync<V1Lease>(LeaseNamespace, renewed.Node, PatchForm.Merge, patch, cancel: cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Owned by the node, so that it goes with it. Without one it would stay for ever, so none is made (kubernetes
            // staging/src/k8s.io/component-helpers/apimachinery/lease/controller.go, ensureLease).
            if (await _client.FindAsync<V1Node>("", renewed.Node, cancel).ConfigureAwait(false) is not { } node)
                return;
            lease.Metadata.OwnerReferences = [new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = node.Metadata.Name, Uid = node.Metadata.Uid }];
            await _client.CreateAsync(lease, cancel).ConfigureAwait(false);
        }
    }

    private async Task WriteEventAsync(Corev1Event raised, CancellationToken cancel)
    {
        if (raised.Count > 1)
        {
            try
            {
                JsonObject document = raised.ToDocument();
                var patch = new JsonObject { ["count"] = document["count"]?.DeepClone(), ["message"] = document["message"]?.DeepClone(), ["lastTimestamp"] = document["lastTimestamp"]?.DeepClone() };
                await _client.PatchAsync<Corev1Event>(raised.Metadata.NamespaceProperty, raised.Metadata.Name, PatchForm.Merge, patch, cancel: cancel).ConfigureAwait(false);
                return;
            }
            catch (ApiException e) when (e.Code == 404)
            {
                // Its time was over: it begins anew.
            }
        }

        await _client.CreateAsync(raised, cancel).ConfigureAwait(false);
    }

    /// <summary>What is to be written of one object.</summary>
    private sealed record Waiting(PodStatusChanged? Status, PodGone? Gone, NodeStatusReported? Node, NodeLeaseRenewed? Lease)
    {
        public static readonly Waiting Nothing = new(null, null, null, null);
    }
}
