using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ActorNet.Cluster.Api;
using ActorNet.Cluster.Informers;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Volumes;
using k8s;
using k8s.Models;

namespace ActorNet.Cluster.Kubelets;

/// <summary>
/// What a node's kubelet is to run, from the host's caches: the pods bound to the node, the ConfigMaps and Secrets that they name, the
/// Services they can know of. Changes that come while it works become one message.
/// </summary>
public sealed class PodFeed : IAsyncDisposable
{
    private const string NodeIndex = "spec.nodeName";

    private readonly string _node;
    private readonly IObjectCache<V1Pod> _pods;
    private readonly StoredView _configMaps;
    private readonly ConditionalWeakTable<ApiObject, V1ConfigMap> _configMapModels = [];
    private readonly IObjectCache<V1Secret> _secrets;
    private readonly IObjectCache<V1Service> _services;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private volatile Named _named = new([], []);
    private PodTokens? _tokens;
    private Task? _running;

    /// <summary>Asks for the caches; before the API is attached to its first control system.</summary>
    /// <param name="api">The API for this host.</param>
    /// <param name="node">The node's name.</param>
    public PodFeed(ClusterApi api, string node)
    {
        ArgumentNullException.ThrowIfNull(api);
        _node = node;
        _pods = api.CacheOf(new CacheIndex<V1Pod>(NodeIndex, static pod => pod.Spec?.NodeName is { Length: > 0 } name ? [name] : []));
        _configMaps = api.ViewOf(api.Kinds.Of<V1ConfigMap>());
        _configMaps.Changed += key => NoteNamed(key, static named => named.ConfigMaps);
        _secrets = api.CacheOf<V1Secret>();
        _services = api.CacheOf<V1Service>();
        foreach (IObjectCache cache in Caches)
            cache.Subscribe((before, after) => Note(cache, before, after));
    }

    private IObjectCache[] Caches => [_pods, _secrets, _services];

    /// <summary>The cache of Services: there is one of each kind, and others read it too.</summary>
    public IObjectCache<V1Service> Services => _services;

    /// <summary>The cluster's Secrets.</summary>
    public IObjectCache<V1Secret> Secrets => _secrets;

    /// <summary>The pods that are bound to the node, as this host has heard of them.</summary>
    public IReadOnlyCollection<V1Pod> Bound => [.. _pods.Snapshot.By(NodeIndex, _node)];

    /// <summary>Begins to tell; once.</summary>
    /// <param name="tell">Gets the whole of it whenever it may have changed, one at a time; it returns at once.</param>
    /// <param name="tokens">Asks for the tokens of the pods' service accounts; a new pod is told when it was answered. Null: there are none.</param>
    public void Start(Action<PodsAssigned> tell, TokenRequester? tokens = null)
    {
        _tokens = tokens is null ? null : new PodTokens(tokens, Wake, TimeProvider.System, _stop.Token);
        Wake();
        _running = RunAsync(tell);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_running is { } running)
            await running.ConfigureAwait(false);
        _stop.Dispose();
        _changed.Dispose();
    }

    // What the node is to run by what the caches know now. By one caller.
    private PodsAssigned Collect()
    {
        ObjectSnapshot<V1Pod> pods = _pods.Snapshot;
        ImmutableArray<V1Pod> own = [.. pods.By(NodeIndex, _node)];
        (string Space, PodReferences Names)[] references = [.. own.Select(pod => (pod.Metadata.NamespaceProperty, PodReferences.Of(pod)))];
        Named named = new(
            [.. references.SelectMany(each => each.Names.ConfigMaps.Select(name => $"{each.Space}/{name}"))],
            [.. references.SelectMany(each => each.Names.Secrets.Select(name => $"{each.Space}/{name}"))]);
        _named = named;
        // Between the names and what is read by them, as in NoteNamed the other way round: a change is seen here, or is known there to be one of these.
        Interlocked.MemoryBarrier();
        ObjectSnapshot<V1Secret> secrets = _secrets.Snapshot;
        ObjectSnapshot<V1Service> services = _services.Snapshot;
        long revision = Math.Max(Math.Max(pods.Revision, _configMaps.Revision), Math.Max(secrets.Revision, services.Revision));
        return new PodsAssigned(
            revision, own,
            [.. named.ConfigMaps.Select(_configMaps.Find).OfType<ApiObject>().Select(ConfigMapOf)],
            [.. references.SelectMany(static each => each.Names.Secrets.Select(name => (each.Space, name))).Distinct().Select(each => secrets.Find(each.Space, each.name)).OfType<V1Secret>()],
            [.. own.Select(pod => pod.Metadata.NamespaceProperty).Append("default").Distinct(StringComparer.Ordinal).SelectMany(services.InNamespace)]);
    }

    // A pod that needs tokens waits for the first answer; one that was told stays told.
    private PodsAssigned WithTokens(PodsAssigned collected)
    {
        if (_tokens is null)
            return collected;
        var tokens = ImmutableDictionary.CreateBuilder<string, ImmutableArray<PodToken>>(StringComparer.Ordinal);
        var pods = ImmutableArray.CreateBuilder<V1Pod>();
        foreach (V1Pod pod in collected.Pods)
        {
            string uid = pod.Metadata.Uid;
            bool needs = pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase is not ("Succeeded" or "Failed") && PodToken.AskedBy(pod).Any();
            ImmutableArray<PodToken>? answered = needs ? _tokens.Of(pod) : _tokens.Last(uid);
            if (answered is { } known)
                tokens[uid] = known;
            else if (needs && !_told.Contains(uid))
                continue;
            pods.Add(pod);
            _told.Add(uid);
        }

        HashSet<string> present = collected.Pods.Select(static pod => pod.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        _told.IntersectWith(present);
        _tokens.Keep(present);
        return collected with { Pods = pods.ToImmutable(), Tokens = tokens.ToImmutable() };
    }

    private V1ConfigMap ConfigMapOf(ApiObject stored) => _configMapModels.GetValue(stored, static each => each.ToCachedModel<V1ConfigMap>());

    // Pods of other nodes, ConfigMaps and Secrets that no pod here names and mere progress of the revision change nothing here.
    private void Note(IObjectCache cache, IKubernetesObject<V1ObjectMeta>? before, IKubernetesObject<V1ObjectMeta>? after)
    {
        if (cache == _secrets && (after ?? before) is { } secret)
            NoteNamed($"{secret.Metadata.NamespaceProperty}/{secret.Metadata.Name}", static named => named.Secrets);
        else if (cache != _pods ? before is not null || after is not null : IsOwn(before) || IsOwn(after) || (before is null && after is null && _running is null))
            Wake();
    }

    private void NoteNamed(string? key, Func<Named, ImmutableHashSet<string>> kind)
    {
        Interlocked.MemoryBarrier();
        if (key is null || kind(_named).Contains(key))
            Wake();
    }

    private bool IsOwn(IKubernetesObject<V1ObjectMeta>? pod) => pod is V1Pod { Spec.NodeName: { } node } && node == _node;

    private void Wake()
    {
        try
        {
            _changed.Release();
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

    private async Task RunAsync(Action<PodsAssigned> tell)
    {
        try
        {
            while (true)
            {
                await _changed.WaitAsync(_stop.Token).ConfigureAwait(false);
                // A view that is not whole yet would end pods that only have not been heard of.
                while (!_configMaps.HasSynced || !Caches.All(static cache => cache.HasSynced))
                    await Task.Delay(TimeSpan.FromMilliseconds(50), _stop.Token).ConfigureAwait(false);
                tell(WithTokens(Collect()));
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <summary>What the pods of this node name, as "namespace/name".</summary>
    private sealed record Named(ImmutableHashSet<string> ConfigMaps, ImmutableHashSet<string> Secrets);
}
