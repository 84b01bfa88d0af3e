using ActorNet.Cluster.Api;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.KubeProxy;
using k8s;
using k8s.Models;

namespace ActorNet.Cluster.Proxies;

/// <summary>
/// Tells a node's kube-proxy what the host's caches learn of Services, EndpointSlices and its Node: the whole once, then what changed. Changes that come
/// while it works become one message.
/// </summary>
public sealed class ServiceFeed : IAsyncDisposable
{
    private readonly string _node;
    private readonly IObjectCache<V1Service> _services;
    private readonly IObjectCache<V1EndpointSlice> _slices;
    private readonly IObjectCache<V1Node> _nodes;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly Lock _lock = new();
    private HashSet<(string Space, string Name)> _changedServices = [];
    private HashSet<(string Space, string Name)> _changedSlices = [];
    private bool _nodeChanged;
    private Task? _running;

    /// <summary>Asks for the caches; before the API is attached to its first control system.</summary>
    /// <param name="api">The API for this host.</param>
    /// <param name="nodes">The cache of Nodes, which others read too.</param>
    /// <param name="services">The cache of Services, which others read too.</param>
    /// <param name="node">The node's name.</param>
    public ServiceFeed(ClusterApi api, IObjectCache<V1Node> nodes, IObjectCache<V1Service> services, string node)
    {
        ArgumentNullException.ThrowIfNull(api);
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(services);
        (_node, _nodes, _services) = (node, nodes, services);
        _slices = api.CacheOf<V1EndpointSlice>();
        _services.Changed += change => Note(ref _changedServices, change.Latest);
        _slices.Changed += change => Note(ref _changedSlices, change.Latest);
        _nodes.Changed += change => NoteNode(change.Latest);
        // That a cache is filled is told as progress of its revision.
        foreach (IObjectCache cache in Caches)
            cache.Subscribe((_, _) => WakeUp());
    }

    private IObjectCache[] Caches => [_services, _slices, _nodes];

    /// <summary>Begins to tell; once.</summary>
    /// <param name="tell">Gets the changes, one message at a time; it returns at once.</param>
    public void Start(Action<ServiceChanges> tell)
    {
        _running = RunAsync(tell);
        WakeUp();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_running is { } running)
            await running.ConfigureAwait(false);
        _stop.Dispose();
        _wake.Dispose();
    }

    // The keys alone: what the object is now is read when it is told.
    private void Note(ref HashSet<(string Space, string Name)> changed, IKubernetesObject<V1ObjectMeta> latest)
    {
        lock (_lock)
            changed.Add((latest.Metadata.NamespaceProperty ?? "", latest.Metadata.Name));
        WakeUp();
    }

    private void NoteNode(V1Node latest)
    {
        if (latest.Metadata.Name != _node)
            return;
        lock (_lock)
            _nodeChanged = true;
        WakeUp();
    }

    private void WakeUp()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is to look already.
        }
        catch (ObjectDisposedException)
        {
            // The host stops.
        }
    }

    private async Task RunAsync(Action<ServiceChanges> tell)
    {
        try
        {
            // No rule before everything was heard once (proxier.go isInitialized): else Services would be refused that only have not been heard of.
            while (!Caches.All(static cache => cache.HasSynced))
                await _wake.WaitAsync(_stop.Token).ConfigureAwait(false);
            Take();
            tell(Whole());
            while (true)
            {
                await _wake.WaitAsync(_stop.Token).ConfigureAwait(false);
                if (Changes() is { } changes)
                    tell(changes);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private ServiceChanges Whole() => new()
    {
        IsWhole = true,
        Services = [.. _services.Snapshot.All.Select(static s => KeyValuePair.Create<string, V1Service?>(KeyOf(s.Metadata.NamespaceProperty, s.Metadata.Name), s))],
        Slices = [.. _slices.Snapshot.All.Select(static s => KeyValuePair.Create<string, V1EndpointSlice?>(KeyOf(s.Metadata.NamespaceProperty, s.Metadata.Name), s))],
        Node = _nodes.Snapshot.Find("", _node),
    };

    private ServiceChanges? Changes()
    {
        (HashSet<(string Space, string Name)> services, HashSet<(string Space, string Name)> slices, bool node) = Take();
        if (services.Count == 0 && slices.Count == 0 && !node)
            return null;
        ObjectSnapshot<V1Service> knownServices = _services.Snapshot;
        ObjectSnapshot<V1EndpointSlice> knownSlices = _slices.Snapshot;
        return new ServiceChanges
        {
            Services = [.. services.Select(k => KeyValuePair.Create(KeyOf(k.Space, k.Name), knownServices.Find(k.Space, k.Name)))],
            Slices = [.. slices.Select(k => KeyValuePair.Create(KeyOf(k.Space, k.Name), knownSlices.Find(k.Space, k.Name)))],
            Node = node ? _nodes.Snapshot.Find("", _node) : null,
        };
    }

    private (HashSet<(string Space, string Name)> Services, HashSet<(string Space, string Name)> Slices, bool Node) Take()
    {
        lock (_lock)
        {
            var taken = (_changedServices, _changedSlices, _nodeChanged);
            (_changedServices, _changedSlices, _nodeChanged) = ([], [], false);
            return taken;
        }
    }

    private static string KeyOf(string space, string name) => $"{space}/{name}";
}
