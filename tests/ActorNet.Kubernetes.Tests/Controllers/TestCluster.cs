using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Controllers;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;
using ActorNet.Kubernetes.Tests.Api;
using ActorNet.Packets;
using k8s;
using k8s.Models;
using WatchEventType = ActorNet.Kubernetes.Api.WatchEventType;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>
/// The real API over a store in memory, and controllers that are driven step by step on a clock that stands. Caches get what the store
/// tells when the test says so; the test plays the kubelet.
/// </summary>
internal sealed class TestCluster
{
    private readonly ApiFixture _fixture;
    private readonly ControllerManager _manager;
    private readonly ControllerRunner[] _runners;
    private readonly IStoreWatch _watch;
    private long _watchRevision = 1;
    private int _addresses;
    private readonly Dictionary<string, IFeed> _feeds = [];

    private TestCluster(ApiFixture fixture, string[] controllers, ControllerOptions options)
    {
        _fixture = fixture;
        Client = new InProcessClient(fixture.Api, "test");
        _manager = new ControllerManager(Client, fixture.Time, options);
        _runners = [.. _manager.Runners.Where(runner => controllers.Length == 0 || controllers.Contains(runner.Status.Name))];
        Assert.True(controllers.Length == 0 || _runners.Length == controllers.Length, "no such controller");
        foreach (IObjectCache cache in Caches.All)
            _feeds.Add(StoreKeys.Prefix(cache.Kind), (IFeed)Activator.CreateInstance(typeof(Feed<>).MakeGenericType(cache.GetType().GetGenericArguments()), cache)!);
        _watch = fixture.Store.Watch(KeyRange.All, 1);
    }

    public InProcessClient Client { get; }

    public ClusterCaches Caches => _manager.Caches;

    public DateTimeOffset Now => _fixture.Time.Now;

    /// <summary>Kinds whose caches get nothing for the time being.</summary>
    public HashSet<string> Late { get; } = [];

    public IEnumerable<ControllerStatus> Status => _runners.Select(runner => runner.Status);

    /// <summary>Told behind every step of a controller, for what must hold at any time.</summary>
    public Func<Task>? AfterStep { get; set; }

    public static async Task<TestCluster> NewAsync(params string[] controllers) => await NewAsync(new ControllerOptions(NodeTiming.Kubernetes, Ipv4Prefix.Parse("10.244.0.0/16")), controllers);

    public static async Task<TestCluster> NewAsync(ControllerOptions options, params string[] controllers) =>
        new(await ApiFixture.NewAsync(), controllers, options);

    /// <summary>Makes an object from JSON, in namespace default.</summary>
    public async Task<T> CreateAsync<T>(string json, string space = "default")
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        KindDescriptor kind = Client.Kinds.Of<T>();
        return (await Client.CreateAsync(kind, kind.IsNamespaced ? space : "", JsonNode.Parse(json)!.AsObject())).ToModel<T>();
    }

    public async Task<T> PatchAsync<T>(string name, string json, string subresource = "", string space = "default")
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        await Client.PatchAsync<T>(Client.Kinds.Of<T>().IsNamespaced ? space : "", name, PatchForm.Strategic, JsonNode.Parse(json)!, subresource);

    public async Task<T> GetAsync<T>(string name, string space = "default")
        where T : class, IKubernetesObject<V1ObjectMeta> => await Client.GetAsync<T>(Client.Kinds.Of<T>().IsNamespaced ? space : "", name);

    public async Task<T?> FindAsync<T>(string name, string space = "default")
        where T : class, IKubernetesObject<V1ObjectMeta> => await Client.FindAsync<T>(Client.Kinds.Of<T>().IsNamespaced ? space : "", name);

    public async Task<IReadOnlyList<T>> ListAsync<T>(string space = "")
        where T : class, IKubernetesObject<V1ObjectMeta> => (await Client.ListAsync<T>(space)).Items;

    /// <summary>The messages of an object's events, oldest first.</summary>
    public async Task<string[]> EventsAsync(string name, string reason = "") =>
        [.. (await ListAsync<Corev1Event>()).Where(told => told.InvolvedObject.Name == name && (reason.Length == 0 || told.Reason == reason)).OrderBy(told => told.Metadata.Name, StringComparer.Ordinal).Select(told => told.Message)];

    /// <summary>Brings the caches up to date, but for late ones.</summary>
    public async Task<bool> FeedAsync()
    {
        long newest = (await _fixture.Store.RangeAsync(new RangeRequest(KeyRange.Single("none")))).Revision;
        bool isNew = false;
        while (_watchRevision < newest)
        {
            StoreChanges changes = await _watch.NextAsync();
            _watchRevision = changes.Revision;
            foreach (StoreEvent each in changes.Events)
            {
                if (_feeds.FirstOrDefault(feed => each.Object.Key.StartsWith(feed.Key, StringComparison.Ordinal)).Value is { } feed)
                    feed.Take(each);
            }
        }

        foreach (IFeed feed in _feeds.Values.Where(feed => !Late.Contains(feed.Kind)))
            isNew |= feed.Deliver(newest);
        return isNew;
    }

    /// <summary>Lets the controllers work until none has anything to do at this moment.</summary>
    public async Task SettleAsync()
    {
        await FeedAsync();
        for (int step = 0; ; step++)
        {
            bool worked = false;
            foreach (ControllerRunner runner in _runners)
            {
                if (!await runner.ProcessNextAsync())
                    continue;
                worked = true;
                if (AfterStep is { } check)
                    await check();
                await FeedAsync();
            }

            if (!worked)
                break;
            Assert.True(step < 5000, "the controllers do not come to rest");
        }

        Assert.All(Status, status => Assert.True(status.Faults == 0, status.LastError));
    }

    /// <summary>One step of one controller, or nothing when none has work.</summary>
    public async Task<bool> StepAsync(int which)
    {
        bool worked = await _runners[which % _runners.Length].ProcessNextAsync();
        if (worked && AfterStep is { } check)
            await check();
        return worked;
    }

    /// <summary>Lets time pass, from one moment at which a controller wants to work to the next.</summary>
    public async Task AdvanceAsync(TimeSpan span)
    {
        DateTimeOffset end = Now + span;
        await SettleAsync();
        while (true)
        {
            DateTimeOffset next = _runners.Select(runner => runner.Queue.NextDue ?? DateTimeOffset.MaxValue).Min();
            if (next > end)
                break;
            if (next > Now)
                _fixture.Time.Now = next;
            await SettleAsync();
        }

        _fixture.Time.Now = end;
        await SettleAsync();
    }

    public Task AdvanceAsync(int seconds) => AdvanceAsync(TimeSpan.FromSeconds(seconds));

    /// <summary>What a kubelet says of a pod that runs.</summary>
    public async Task RunPodAsync(V1Pod pod, bool ready = true, string phase = "Running", string? ip = null)
    {
        string now = ScalarReader.Time(Now);
        string address = ip ?? pod.Status?.PodIP ?? "10.244.0.9";
        string status = $$$"""
            {"status":{"phase":"{{{phase}}}","podIP":"{{{address}}}","podIPs":[{"ip":"{{{address}}}"}],
             "conditions":[{"type":"Ready","status":"{{{(ready ? "True" : "False")}}}","lastTransitionTime":"{{{now}}}"}]}}
            """;
        await Client.PatchAsync<V1Pod>(pod.Metadata.NamespaceProperty, pod.Metadata.Name, PatchForm.Strategic, JsonNode.Parse(status)!, "status");
    }

    /// <summary>Plays every kubelet until nothing changes: pods run and are ready, and what is being deleted goes.</summary>
    public async Task KubeletsAsync(bool ready = true)
    {
        for (int round = 0; ; round++)
        {
            await SettleAsync();
            bool changed = false;
            foreach (V1Pod pod in await ListAsync<V1Pod>())
            {
                if (pod.Metadata.DeletionTimestamp is not null)
                    changed |= await Client.DeleteAsync<V1Pod>(pod.Metadata.NamespaceProperty, pod.Metadata.Name, new DeleteOptions(0));
                else if (pod.Status?.Phase is "Pending")
                {
                    changed = true;
                    await RunPodAsync(pod, ready, ip: $"10.244.{_addresses / 250}.{(_addresses++ % 250) + 1}");
                }
            }

            if (!changed)
                return;
            Assert.True(round < 500, "the pods do not come to rest");
        }
    }

    private interface IFeed
    {
        string Kind { get; }

        void Take(StoreEvent change);

        bool Deliver(long newest);
    }

    private sealed class Feed<T>(ObjectCache<T> cache) : IFeed
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        private readonly Queue<ModelEvent<T>> _waiting = new();

        public string Kind => cache.Kind.Kind;

        public void Take(StoreEvent change)
        {
            StoredObject shown = change.IsDeletion ? change.Previous! : change.Object;
            T model = new ApiObject(cache.Kind, shown.Value, change.Revision).ToModel<T>();
            _waiting.Enqueue(new ModelEvent<T>(change.IsDeletion ? WatchEventType.Deleted : WatchEventType.Modified, model, change.Revision));
        }

        public bool Deliver(long newest)
        {
            bool isNew = _waiting.Count > 0;
            if (!cache.HasSynced)
                cache.Replace([], 1);
            while (_waiting.TryDequeue(out ModelEvent<T>? next))
                cache.Apply(next);
            cache.Apply(new ModelEvent<T>(WatchEventType.Bookmark, null, newest));
            return isNew;
        }
    }
}
