using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using ActorNet.Cluster.Informers;
using ActorNet.Cluster.Serialization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;
using Akka.Actor;
using Akka.Cluster.Tools.Singleton;
using k8s;
using k8s.Models;

namespace ActorNet.Cluster.Api;

/// <summary>How a host takes part in the API.</summary>
public sealed record ClusterApiOptions
{
    /// <summary>This host.</summary>
    public required string HostName { get; init; }

    /// <summary>The kinds of the API.</summary>
    public required KindCatalog Kinds { get; init; }

    /// <summary>Makes the API over a store whenever this host begins to run the API server.</summary>
    public required Func<IObjectStore, KubernetesApi> NewApi { get; init; }

    /// <summary>Makes what must be there before the API serves; null: nothing.</summary>
    public Func<KubernetesApi, CancellationToken, Task>? Seed { get; init; }

    /// <summary>Starts what works beside the API server, such as the controllers; it is disposed when the API server ends here. Null: nothing.</summary>
    public Func<KubernetesApi, IAsyncDisposable>? Beside { get; init; }

    /// <summary>Where this host answers over HTTPS, as https://127.0.10.1:6443, for the others to forward to; empty: nowhere.</summary>
    public Func<string> Front { get; init; } = static () => "";

    /// <summary>
    /// The store that keeps the API's objects, as soon as this host can use it; asked for whenever this host begins to run the API server. Null: they are in
    /// memory, and an API server begins with what the hosts offer.
    /// </summary>
    public Func<CancellationToken, Task<IObjectStore>>? Store { get; init; }

    /// <summary>How long a new API server waits for the hosts' offers before it serves, when objects are in memory.</summary>
    public TimeSpan RecoveryWindow { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How far apart the marks are up to which the store's history is forgotten (<see cref="CompactionMark"/>): kube-apiserver's --etcd-compaction-interval; zero: never.</summary>
    public TimeSpan CompactionInterval { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>How far this host's view of a kind is.</summary>
/// <param name="Topic">The kind, as "pods" or "deployments.apps".</param>
/// <param name="IsSynced">Whether nothing is known to be missing.</param>
/// <param name="Revision">The revision the view is at.</param>
/// <param name="Behind">Revisions between the view and the newest event of the kind that was heard of; 0: none.</param>
/// <param name="Objects">How many objects the view has.</param>
/// <param name="Gaps">How often it was caught up by asking.</param>
/// <param name="Lists">How often everything was listed.</param>
public sealed record CacheStatus(string Topic, bool IsSynced, long Revision, long Behind, int Objects, long Gaps, long Lists);

/// <summary>
/// The Kubernetes API of the cluster, for one host. Lives as long as the process and is attached to each of its control systems in turn:
/// pending requests and the delivered views carry over, so that a lost control system changes nothing in the data plane.
/// </summary>
public sealed class ClusterApi
{
    private const string SingletonManager = "api-server";

    private readonly long _origin = Stopwatch.GetTimestamp();
    private readonly ClusterApiOptions _options;
    private readonly ConcurrentDictionary<string, PendingCall> _pending = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ICacheFeed> _feeds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, InformerState> _informers;
    private readonly Dictionary<string, KindReplica> _replicas;
    private IActorRef _actor = ActorRefs.Nobody;
    private LocalServer? _local;
    private string _front = "";
    private long _highestEpoch;

    /// <summary>Makes the host's part; attach it to a control system to begin.</summary>
    /// <param name="options">How.</param>
    public ClusterApi(ClusterApiOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        // Events are many and nobody on a host acts on them.
        Topics = [.. options.Kinds.All.Where(kind => kind is { IsStored: true, Kind: not "Event" })];
        Informers = [.. Topics.Select(kind => new InformerState(kind, NewRequestId))];
        _informers = Informers.ToDictionary(static informer => informer.Topic, StringComparer.Ordinal);
        _replicas = Topics.ToDictionary(kind => kind.Resource.ToString(), kind => new KindReplica(kind, options.Kinds, TimeProvider.System), StringComparer.Ordinal);
    }

    /// <summary>This host.</summary>
    public string HostName => _options.HostName;

    /// <summary>The kinds of the API.</summary>
    public KindCatalog Kinds => _options.Kinds;

    /// <summary>The API when its server runs in this process and serves, else null.</summary>
    public KubernetesApi? Local => Volatile.Read(ref _local)?.Api;

    /// <summary>Where the host of the API server answers over HTTPS, as far as this host has heard; empty: unknown, or the API is moving.</summary>
    public string Front => Volatile.Read(ref _front);

    /// <summary>The highest epoch this host knows.</summary>
    public long Epoch => Interlocked.Read(ref _highestEpoch);

    /// <summary>How far the host's views are.</summary>
    public ImmutableArray<CacheStatus> Caches =>
        [.. Informers.Select(each => new CacheStatus(each.Topic, each.IsSynced, each.Revision, Math.Max(0, each.Announced - each.Revision), each.Objects.Count, each.Gaps, each.Lists))];

    internal ImmutableArray<KindDescriptor> Topics { get; }

    internal ImmutableArray<InformerState> Informers { get; }

    internal string OwnFront => _options.Front();

    internal Func<CancellationToken, Task<IObjectStore>>? Store => _options.Store;

    internal TimeSpan RecoveryWindow => _options.RecoveryWindow;

    internal TimeSpan CompactionInterval => _options.CompactionInterval;

    /// <summary>Monotonic, from one origin for all control systems; begins above every time limit.</summary>
    internal TimeSpan Now => Stopwatch.GetElapsedTime(_origin) + TimeSpan.FromMinutes(1);

    internal ICollection<PendingCall> Pending => _pending.Values;

    /// <summary>Starts the host's part in a control system: the API server singleton, its proxy and the informers. Once per system.</summary>
    /// <param name="control">The control system, Up.</param>
    public void Attach(ControlSystem control)
    {
        ArgumentNullException.ThrowIfNull(control);
        ActorSystem system = control.System;
        if (control.Cluster.SelfRoles.Contains(ControlRoles.Store))
        {
            system.ActorOf(
                ClusterSingletonManager.Props(Props.Create(() => new ApiServerSupervisor(this)), ClusterSingletonManagerSettings.Create(system).WithRole(ControlRoles.Store)),
                SingletonManager);
        }
        IActorRef server = system.ActorOf(
            ClusterSingletonProxy.Props($"/user/{SingletonManager}", ClusterSingletonProxySettings.Create(system).WithRole(ControlRoles.Store)), "api-server-proxy");
        Volatile.Write(ref _actor, system.ActorOf(Props.Create(() => new InformersActor(this, server)), "informers"));
    }

    /// <summary>A cache of a kind that this host's informer fills. Ask for it before the first <see cref="Attach"/>.</summary>
    /// <typeparam name="T">The model, such as V1Pod.</typeparam>
    /// <param name="indexes">Ways to find objects besides name, namespace and owner.</param>
    public IObjectCache<T> CacheOf<T>(params ReadOnlySpan<CacheIndex<T>> indexes)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var cache = new ObjectCache<T>(Kinds, indexes);
        Feed(cache.Kind, new CacheFeed<T>(cache));
        return cache;
    }

    /// <summary>The objects of a kind as this host's informer has them, for who reads few of them. Ask for it before the first <see cref="Attach"/>.</summary>
    /// <param name="kind">The kind.</param>
    public StoredView ViewOf(KindDescriptor kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        var view = new StoredView();
        Feed(kind, view);
        return view;
    }

    /// <summary>This host's copy of a kind, at most three seconds behind the API server; null: there is none, or something is missing in it now.</summary>
    /// <param name="kind">The kind.</param>
    public CachedKind? Cached(KindDescriptor kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return _replicas.GetValueOrDefault(kind.Resource.ToString())?.Current;
    }

    /// <summary>A client of the API for this host's own parts, wherever the server is.</summary>
    /// <param name="manager">Who writes (fieldManager), such as "kubelet".</param>
    public IApiClient Client(string manager) => new MessageClient(this, manager);

    private void Feed(KindDescriptor kind, ICacheFeed feed)
    {
        string topic = kind.Resource.ToString();
        if (!_informers.ContainsKey(topic) || !_feeds.TryAdd(topic, feed))
            throw new InvalidOperationException($"There is one cache of each kind that is followed, and {topic} has one already or is not followed.");
    }

    /// <summary>
    /// Forgets what the cluster's API was, between two control systems: the next one is in another cluster, whose objects hold. With a store in memory an API server would else
    /// begin again with what this host knows.
    /// </summary>
    public void Forget()
    {
        Interlocked.Exchange(ref _highestEpoch, 0);
        Volatile.Write(ref _front, "");
        foreach (InformerState informer in Informers)
            informer.Forget();
    }

    internal static string NewRequestId() => Guid.NewGuid().ToString("N");

    internal KubernetesApi NewApi(IObjectStore store) => _options.NewApi(store);

    internal Task SeedAsync(KubernetesApi api, CancellationToken cancel) => _options.Seed?.Invoke(api, cancel) ?? Task.CompletedTask;

    internal ApiObject? Known(KindDescriptor kind, string key) =>
        InformerOf(kind.Resource.ToString())?.Objects.GetValueOrDefault(key);

    internal InformerState? InformerOf(string topic) => _informers.GetValueOrDefault(topic);

    internal void Started(object server, KubernetesApi api) => Volatile.Write(ref _local, new LocalServer(server, api, _options.Beside?.Invoke(api)));

    internal void Stopped(object server)
    {
        if (Volatile.Read(ref _local) is not { } local || local.Server != server)
            return;
        Volatile.Write(ref _local, null);
        _ = local.Beside?.DisposeAsync().AsTask();
    }

    internal void Note(Bookmark bookmark)
    {
        NoteEpoch(bookmark.Epoch);
        if (bookmark.Epoch == Epoch)
            Volatile.Write(ref _front, bookmark.Front);
    }

    internal void NoteEpoch(long epoch)
    {
        long known = Interlocked.Read(ref _highestEpoch);
        while (epoch > known)
        {
            long before = Interlocked.CompareExchange(ref _highestEpoch, epoch, known);
            if (before == known)
                return;
            known = before;
        }
    }

    /// <summary>
    /// An epoch above every one this host has seen. It starts from the wall clock, so that two hosts rarely choose alike; a clock
    /// that is behind is put right by the first request that knows a higher epoch.
    /// </summary>
    internal long NextEpoch()
    {
        long epoch = Math.Max(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), Epoch + 1);
        NoteEpoch(epoch);
        return epoch;
    }

    internal void Deliver(InformerState informer, IWireMessage message)
    {
        long lists = informer.Lists, revision = informer.Revision;
        IReadOnlyList<ObjectChange> changes = informer.Take(message, Now);
        KindReplica replica = _replicas[informer.Topic];
        if (informer.Lists != lists)
            replica.Replace(informer);
        else if (informer.Revision != revision)
            replica.Apply(informer, changes);
        replica.Judge(informer);
        if (!_feeds.TryGetValue(informer.Topic, out ICacheFeed? feed))
            return;
        if (informer.Lists != lists)
            feed.Replace(informer);
        else if (informer.Revision != revision)
            feed.Apply(informer, changes);
    }

    /// <summary>Time went by: a view that nobody has confirmed for long is not shown.</summary>
    internal void Judge(InformerState informer) => _replicas[informer.Topic].Judge(informer);

    /// <summary>The control system ended: nothing more is heard until the next one.</summary>
    internal void LoseSight()
    {
        foreach (KindReplica replica in _replicas.Values)
            replica.Lose();
    }

    internal void Complete(ApiAnswer answer)
    {
        if (_pending.TryRemove(answer.RequestId, out PendingCall? call))
            call.Answer.TrySetResult(answer);
    }

    internal async Task<ApiAnswer> CallAsync(Func<string, long, ApiCall> make, CancellationToken cancel)
    {
        PendingCall call = new(NewRequestId(), make);
        _pending[call.Id] = call;
        Volatile.Read(ref _actor).Tell(InformersActor.Kick.Instance);
        try
        {
            return await call.Answer.Task.WaitAsync(cancel).ConfigureAwait(false);
        }
        finally
        {
            _pending.TryRemove(call.Id, out _);
        }
    }

    private sealed record LocalServer(object Server, KubernetesApi Api, IAsyncDisposable? Beside);
}

/// <summary>A request that is sent again, under the same id, until it is answered.</summary>
internal sealed record PendingCall(string Id, Func<string, long, ApiCall> Make)
{
    public TaskCompletionSource<ApiAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When it was last sent, by the informers' clock; read and written by them only.</summary>
    public TimeSpan SentAt { get; set; } = TimeSpan.MinValue;
}
