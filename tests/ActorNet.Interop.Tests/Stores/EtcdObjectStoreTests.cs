using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Cluster.Stores;
using ActorNet.Cluster.Stores.Etcd;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Api.Watches;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Storage;
using ActorNet.StoreConformance;

namespace ActorNet.Interop.Tests.Stores;

/// <summary>A real etcd passes the suite through our client, as the stores of our own do: so the suite's rules are etcd's.</summary>
public sealed class EtcdObjectStoreTests(EtcdFixture etcd) : ObjectStoreConformance, IClassFixture<EtcdFixture>, IAsyncDisposable
{
    private readonly List<EtcdObjectStore> _stores = [];

    protected override int Histories => 12;

    protected override int HistoriesAtOnce => 1;

    public async ValueTask DisposeAsync()
    {
        foreach (EtcdObjectStore store in _stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task Clusters_that_share_an_etcd_do_not_see_each_others_keys()
    {
        IObjectStore one = NewStore(), other = NewStore();
        await one.CommitAsync(StoreTransaction.Of(new PutOperation("a", Encoding.UTF8.GetBytes("1"))));
        Assert.Single((await one.RangeAsync(new RangeRequest(KeyRange.All))).Objects);
        Assert.Empty((await other.RangeAsync(new RangeRequest(KeyRange.All))).Objects);
        await other.CommitAsync(StoreTransaction.Of(new DeleteOperation(KeyRange.All)));
        Assert.Single((await one.RangeAsync(new RangeRequest(KeyRange.All))).Objects);
    }

    [Fact]
    public async Task A_cluster_whose_path_begins_like_anothers_sees_nothing_of_it()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using var lab = new EtcdObjectStore(EtcdPlace.Read($"etcd={server.Address}lab"));
        await using var second = new EtcdObjectStore(EtcdPlace.Read($"etcd={server.Address}lab2"));
        await second.CommitAsync(StoreTransaction.Of(new PutOperation("/a", Encoding.UTF8.GetBytes("2"))));
        await lab.CommitAsync(StoreTransaction.Of(new PutOperation("/b", Encoding.UTF8.GetBytes("1"))));
        Assert.Equal("/b", Assert.Single((await lab.RangeAsync(new RangeRequest(KeyRange.All))).Objects).Key);
        await using IStoreWatch watch = lab.Watch(KeyRange.All, 1);
        Assert.Equal("/b", Assert.Single((await watch.NextAsync()).Events).Object.Key);
        await lab.CommitAsync(StoreTransaction.Of(new DeleteOperation(KeyRange.All)));
        Assert.Single((await second.RangeAsync(new RangeRequest(KeyRange.All))).Objects);
    }

    // What another cluster writes into a shared etcd moves the revision on, and no change of this one's ever comes to it.
    [Fact]
    public async Task How_far_kinds_have_changed_is_told_though_another_cluster_was_the_last_to_write()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using var store = new EtcdObjectStore(EtcdPlace.Read($"etcd={server.Address}lab"));
        await using var other = new EtcdObjectStore(EtcdPlace.Read($"etcd={server.Address}other"));
        var api = new KubernetesApi(store, KindCatalog.Default(ServiceRanges.Default), TimeProvider.System, new SeededIdentities(3));
        KindDescriptor spaces = api.Kinds.Of("", "Namespace");
        ResourceWatch watch = await api.Reads.WatchAsync(spaces, "", new WatchOptions(ObjectFilter.Everything));
        await using WatchReader reader = watch.Open(CancellationToken.None);
        // The first may be part of what was there; the second is a change.
        foreach (string name in new[] { "first", "second" })
        {
            await api.CreateAsync(spaces, "", JsonNode.Parse($$$"""{"metadata":{"name":"{{{name}}}"}}""")!.AsObject(), WriteOptions.Plain);
            Assert.True(await reader.WaitAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
            while (reader.TryRead(out _))
                continue;
        }

        await other.CommitAsync(StoreTransaction.Of(new PutOperation("/x", default)));
        for (int i = 0; i < 3; i++)
            await api.Reads.MarkAsync([spaces]).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_watch_outlives_its_connection_and_misses_nothing()
    {
        await using EtcdServer server = await EtcdServer.StartAsync();
        await using var relay = new TcpRelay(server.Address.Port);
        await using var store = new EtcdObjectStore(new EtcdStoreOptions { Endpoint = new Uri($"http://127.0.0.1:{relay.Port}") });
        await using var direct = new EtcdObjectStore(new EtcdStoreOptions { Endpoint = server.Address });
        await direct.CommitAsync(StoreTransaction.Of(new PutOperation("/a", Encoding.UTF8.GetBytes("0"))));
        await using IStoreWatch watch = store.Watch(KeyRange.All, 2);
        Assert.Equal("0", Text(Assert.Single((await watch.NextAsync()).Events)));
        for (int i = 1; i <= 5; i++)
        {
            Task<StoreChanges> next = watch.NextAsync().AsTask();
            relay.Cut();
            await direct.CommitAsync(StoreTransaction.Of(new PutOperation("/a", Encoding.UTF8.GetBytes($"{i}"))));
            Assert.Equal($"{i}", Text(Assert.Single((await next.WaitAsync(TimeSpan.FromSeconds(60))).Events)));
        }
    }

    [Fact]
    public async Task What_cannot_be_asked_is_named()
    {
        await using var store = new EtcdObjectStore(new EtcdStoreOptions { Endpoint = new Uri("http://127.0.0.1:1") });
        StoreUnavailableException refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.CheckAsync(CancellationToken.None));
        Assert.Contains("etcd at http://127.0.0.1:1/ cannot be asked now", refused.Message, StringComparison.Ordinal);
        // Nobody was reached, so nothing was written.
        Assert.False((await Assert.ThrowsAsync<StoreUnavailableException>(() => store.CommitAsync(StoreTransaction.Of(new DeleteOperation(KeyRange.All))).AsTask())).OutcomeUnknown);
    }

    [Fact]
    public async Task An_etcd_that_is_full_refuses_writes_keeps_reads_and_says_what_to_do()
    {
        await using EtcdServer server = await EtcdServer.StartAsync("--quota-backend-bytes", "1048576");
        await using var store = new EtcdObjectStore(new EtcdStoreOptions { Endpoint = server.Address });
        await store.CommitAsync(StoreTransaction.Of(new PutOperation("/first", Encoding.UTF8.GetBytes("1"))));
        StoreException? full = null;
        // It looks at the size that its last commit to disk left, some ten a second, so a fast machine writes far beyond the quota first.
        for (int i = 0; i < 2000 && full is null; i++)
            full = await Record.ExceptionAsync(async () => await store.CommitAsync(StoreTransaction.Of(new PutOperation($"/{i}", new byte[100_000])))) as StoreException;
        Assert.NotNull(full);
        Assert.IsNotType<StoreUnavailableException>(full);
        Assert.Contains("is full", full.Message, StringComparison.Ordinal);
        Assert.Contains("etcdctl alarm disarm", full.Message, StringComparison.Ordinal);
        Assert.Single((await store.RangeAsync(new RangeRequest(KeyRange.Single("/first")))).Objects);
    }

    // All tests share the etcd, whose revisions go on: a store begins behind what was compacted, with keys of its own.
    protected override IObjectStore NewStore() => Task.Run(NewStoreAsync).GetAwaiter().GetResult();

    private async Task<IObjectStore> NewStoreAsync()
    {
        EtcdServer server = await etcd.GetAsync();
        var store = new EtcdObjectStore(new EtcdStoreOptions { Endpoint = server.Address, Prefix = $"/{Guid.NewGuid():N}/" });
        lock (_stores)
            _stores.Add(store);
        TransactionResult begun = await store.CommitAsync(StoreTransaction.Of(new PutOperation("begun", default)));
        begun = await store.CommitAsync(StoreTransaction.Of(new DeleteOperation(KeyRange.Single("begun"))));
        await store.CompactAsync(begun.Revision);
        return store;
    }

    private static string Text(StoreEvent change) => Encoding.UTF8.GetString(change.Object.Value.Span);
}
