using System.Globalization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;
using ActorNet.Kubernetes.Tests.Api;
using CsCheck;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Caches;

/// <summary>Caches against a plain dictionary, and the loop that feeds them against the real API.</summary>
public sealed class ObjectCacheTests
{
    private static readonly KindCatalog Kinds = KindCatalog.Default(ServiceRanges.Default);

    private static readonly CacheIndex<V1Pod> ByNode = new("spec.nodeName", pod => pod.Spec?.NodeName is { Length: > 0 } node ? [node] : []);

    private static V1Pod Pod(string space, string name, string? node, string? owner, long revision) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            NamespaceProperty = space,
            Uid = $"{space}-{name}",
            ResourceVersion = revision.ToString(CultureInfo.InvariantCulture),
            OwnerReferences = owner is null ? null : [new V1OwnerReference { Uid = owner, Controller = true }],
        },
        Spec = new V1PodSpec { NodeName = node },
    };

    private static readonly Gen<(int What, string Space, string Name, string? Node, string? Owner)> Step = Gen.Select(
        Gen.Int[0, 9], Gen.OneOfConst("s", "t"), Gen.OneOfConst("a", "b", "c"), Gen.OneOfConst<string?>(null, "n1", "n2"), Gen.OneOfConst<string?>(null, "u1", "u2"));

    [Fact]
    public void A_cache_is_what_the_events_say_and_its_snapshots_do_not_change() => Step.List[0, 40].Sample(steps =>
    {
        var cache = new ObjectCache<V1Pod>(Kinds, ByNode);
        var model = new SortedDictionary<string, V1Pod>(StringComparer.Ordinal);
        var told = new Dictionary<string, V1Pod>(StringComparer.Ordinal);
        cache.Changed += change =>
        {
            string key = $"{change.Latest.Metadata.NamespaceProperty}/{change.Latest.Metadata.Name}";
            Assert.Equal(told.GetValueOrDefault(key), change.Before);
            if (change.After is { } after)
                told[key] = after;
            else
                told.Remove(key);
        };
        var kept = new List<(ObjectSnapshot<V1Pod> Snapshot, V1Pod[] Was)>();
        long revision = 1;
        foreach ((int what, string space, string name, string? node, string? owner) in steps)
        {
            revision++;
            V1Pod pod = Pod(space, name, node, owner, revision);
            string key = $"{space}/{name}";
            if (what < 6)
            {
                cache.Apply(new ModelEvent<V1Pod>(model.ContainsKey(key) ? WatchEventType.Modified : WatchEventType.Added, pod, revision));
                model[key] = pod;
            }
            else if (what < 8)
            {
                cache.Apply(new ModelEvent<V1Pod>(WatchEventType.Deleted, pod, revision));
                model.Remove(key);
            }
            else if (what == 8)
            {
                cache.Apply(new ModelEvent<V1Pod>(WatchEventType.Bookmark, null, revision));
            }
            else
            {
                // What a watch lost, a list brings: here the deletion of everything in one namespace.
                foreach (string gone in model.Keys.Where(each => each.StartsWith(space, StringComparison.Ordinal)).ToArray())
                    model.Remove(gone);
                cache.Replace([.. model.Values], revision);
            }

            Assert.Equal(revision, cache.Revision);
            Assert.Equal(model.Values, cache.Snapshot.All);
            kept.Add((cache.Snapshot, [.. model.Values]));
        }

        Assert.Equal(model, told.OrderBy(each => each.Key, StringComparer.Ordinal));
        foreach (string space in new[] { "s", "t" })
            Assert.Equal(model.Values.Where(pod => pod.Metadata.NamespaceProperty == space), cache.Snapshot.InNamespace(space));
        foreach (string node in new[] { "n1", "n2" })
            Assert.Equal(model.Values.Where(pod => pod.Spec.NodeName == node), cache.Snapshot.By("spec.nodeName", node));
        foreach (string owner in new[] { "u1", "u2" })
            Assert.Equal(model.Values.Where(pod => pod.Metadata.OwnerReferences?[0].Uid == owner), cache.Snapshot.ControlledBy(owner));
        Assert.All(kept, each => Assert.Equal(each.Was, each.Snapshot.All));
    });

    [Fact]
    public void What_is_known_already_changes_nothing()
    {
        var cache = new ObjectCache<V1Pod>(Kinds);
        int changes = 0;
        cache.Changed += _ => changes++;
        cache.Replace([Pod("s", "a", null, null, 5)], 7);
        cache.Apply(new ModelEvent<V1Pod>(WatchEventType.Added, Pod("s", "a", "n1", null, 6), 6));
        cache.Apply(new ModelEvent<V1Pod>(WatchEventType.Deleted, Pod("s", "a", null, null, 7), 7));
        cache.Replace([], 6);
        cache.Replace([Pod("s", "a", null, null, 5)], 9);
        Assert.Equal((1, 9L, true), (changes, cache.Revision, cache.HasSynced));
        Assert.NotNull(cache.Snapshot.Find("s", "a"));
        cache.Replace([], 2, isNewStore: true);
        Assert.Equal((2, 2L, 0), (changes, cache.Revision, cache.Snapshot.Count));
    }

    [Fact]
    public async Task A_reflector_follows_the_API_and_lists_again_when_it_was_left_behind()
    {
        var store = new MemoryObjectStore();
        ApiFixture fixture = await ApiFixture.NewAsync(store);
        var client = new InProcessClient(fixture.Api, "test");
        var cache = new ObjectCache<V1Pod>(Kinds);
        var reflector = new Reflector<V1Pod>(client, cache, TimeProvider.System);
        using var first = new CancellationTokenSource();
        Task running = reflector.RunAsync(first.Token);
        ApiObject made = await fixture.CreateAsync("Pod", """{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await ReachesAsync(cache, made.Revision);
        Assert.NotNull(cache.Snapshot.Find("default", "a"));
        await first.CancelAsync();
        await running;

        DeleteResult gone = await fixture.DeleteAsync("Pod", "a", new DeleteOptions(0));
        await store.CompactAsync(gone.Object.Revision);
        using var second = new CancellationTokenSource();
        running = reflector.RunAsync(second.Token);
        await ReachesAsync(cache, gone.Object.Revision);
        Assert.Empty(cache.Snapshot.All);
        await second.CancelAsync();
        await running;
        Assert.Equal((0L, 2L), (reflector.Failures, reflector.Lists));
    }

    private static async Task ReachesAsync(ObjectCache<V1Pod> cache, long revision)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cache.Subscribe((_, _) =>
        {
            if (cache.Revision >= revision)
                reached.TrySetResult();
        });
        if (cache.Revision >= revision)
            return;
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }
}
