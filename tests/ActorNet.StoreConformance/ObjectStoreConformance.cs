using System.Text;
using ActorNet.Kubernetes.Storage;
using Xunit;

namespace ActorNet.StoreConformance;

/// <summary>
/// What every store must do, in etcd's rules: derive a class that makes an empty store. The expectations are those of etcd's
/// documentation of its v3 API (KV, Watch, Compact) and server/storage/mvcc.
/// </summary>
public abstract class ObjectStoreConformance
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Makes a store without keys.</summary>
    protected abstract IObjectStore NewStore();

    /// <summary>How many random histories are run, each in a new store.</summary>
    protected virtual int Histories => 300;

    /// <summary>How many of them run at once; -1: as many as there are cores. 1 for stores that share their revisions.</summary>
    protected virtual int HistoriesAtOnce => -1;

    [Fact]
    public async Task Every_write_has_the_next_revision()
    {
        IObjectStore store = NewStore();
        long start = (await Read(store, KeyRange.All)).Revision;
        Assert.Equal(start + 1, await Put(store, "a", "1"));
        Assert.Equal(start + 2, await Put(store, "b", "2"));
        Assert.Equal(start + 3, await Put(store, "a", "1"));
        Assert.Equal(start + 3, (await Read(store, KeyRange.All)).Revision);
    }

    [Fact]
    public async Task A_key_remembers_its_creation_its_last_write_and_their_number()
    {
        IObjectStore store = NewStore();
        long created = await Put(store, "a", "1");
        long changed = await Put(store, "a", "2");
        StoredObject found = Assert.Single((await Read(store, KeyRange.Single("a"))).Objects);
        Assert.Equal((created, changed, 2L, "2"), (found.CreateRevision, found.ModRevision, found.Version, Text(found)));
        await Delete(store, KeyRange.Single("a"));
        long again = await Put(store, "a", "3");
        found = Assert.Single((await Read(store, KeyRange.Single("a"))).Objects);
        Assert.Equal((again, again, 1L), (found.CreateRevision, found.ModRevision, found.Version));
    }

    [Fact]
    public async Task A_range_is_half_open_sorted_limited_and_counted()
    {
        IObjectStore store = NewStore();
        foreach (string key in new[] { "p/b", "p/a", "q", "p/c", "o", "p0" })
            await Put(store, key, key);
        RangeResult page = await Read(store, KeyRange.Prefix("p/"), limit: 2);
        Assert.Equal(["p/a", "p/b"], page.Objects.Select(each => each.Key));
        Assert.Equal((3L, true), (page.Count, page.More));
        Assert.Equal(["p/a", "p/b", "p/c"], (await Read(store, KeyRange.Prefix("p/"))).Objects.Select(each => each.Key));
        Assert.Equal(["p0", "q"], (await Read(store, new KeyRange("p0", null))).Objects.Select(each => each.Key));
        Assert.Empty((await Read(store, new KeyRange("q", "p"))).Objects);
    }

    [Fact]
    public async Task A_list_goes_on_at_its_revision_whatever_is_written_between_its_pages()
    {
        IObjectStore store = NewStore();
        for (int i = 0; i < 10; i++)
            await Put(store, $"p/{i}", "old");
        RangeResult first = await Read(store, KeyRange.Prefix("p/"), limit: 4);
        await Put(store, "p/45", "new");
        await Put(store, "p/7", "new");
        await Delete(store, KeyRange.Single("p/9"));
        RangeResult rest = await Read(store, KeyRange.Prefix("p/").From(first.Objects[^1].Key + '\0'), revision: first.Revision);
        Assert.Equal(["p/4", "p/5", "p/6", "p/7", "p/8", "p/9"], rest.Objects.Select(each => each.Key));
        Assert.All(rest.Objects, each => Assert.Equal("old", Text(each)));
    }

    [Fact]
    public async Task A_transaction_is_one_revision_for_all_its_writes()
    {
        IObjectStore store = NewStore();
        long before = await Put(store, "x", "1");
        TransactionResult result = await store.CommitAsync(StoreTransaction.Of(
            new PutOperation("a", Bytes("1")), new PutOperation("b", Bytes("2")), new DeleteOperation(KeyRange.Single("x"))));
        Assert.Equal(before + 1, result.Revision);
        Assert.All((await Read(store, KeyRange.All)).Objects, each => Assert.Equal(before + 1, each.ModRevision));
        Assert.Equal("1", Text(Assert.Single(result.Results[2].Range.Objects)));
    }

    [Fact]
    public async Task Conditions_choose_the_branch()
    {
        IObjectStore store = NewStore();
        long revision = await Put(store, "a", "1");
        var swap = StoreTransaction.When([Comparison.Unchanged("a", revision), Comparison.Absent("b")], new PutOperation("a", Bytes("2")));
        Assert.True((await store.CommitAsync(swap)).Succeeded);
        TransactionResult second = await store.CommitAsync(swap with { Failure = [new RangeOperation(new RangeRequest(KeyRange.Single("a")))] });
        Assert.False(second.Succeeded);
        Assert.Equal("2", Text(Assert.Single(second.Results[0].Range.Objects)));
        Assert.Equal(revision + 1, second.Revision);
    }

    [Theory]
    [InlineData(CompareTarget.Version, CompareResult.Equal, 2, true)]
    [InlineData(CompareTarget.Version, CompareResult.Greater, 1, true)]
    [InlineData(CompareTarget.Version, CompareResult.Greater, 2, false)]
    [InlineData(CompareTarget.Version, CompareResult.Less, 3, true)]
    [InlineData(CompareTarget.Version, CompareResult.NotEqual, 2, false)]
    [InlineData(CompareTarget.CreateRevision, CompareResult.Greater, 0, true)]
    [InlineData(CompareTarget.ModRevision, CompareResult.Less, 1, false)]
    public async Task Each_comparison_compares(CompareTarget target, CompareResult result, long operand, bool holds)
    {
        IObjectStore store = NewStore();
        await Put(store, "a", "1");
        await Put(store, "a", "2");
        Assert.Equal(holds, (await store.CommitAsync(StoreTransaction.When([new Comparison("a", target, result, operand)]))).Succeeded);
    }

    [Fact]
    public async Task A_transaction_that_changes_nothing_uses_no_revision_up()
    {
        IObjectStore store = NewStore();
        long revision = await Put(store, "a", "1");
        Assert.Equal(revision, (await store.CommitAsync(StoreTransaction.Of(new DeleteOperation(KeyRange.Single("none"))))).Revision);
        Assert.Equal(revision, (await store.CommitAsync(StoreTransaction.When([Comparison.Absent("a")], new PutOperation("b", Bytes("1"))))).Revision);
    }

    [Fact]
    public async Task A_key_twice_in_a_transaction_is_refused_and_nothing_is_done()
    {
        IObjectStore store = NewStore();
        long revision = await Put(store, "z", "1");
        await Assert.ThrowsAsync<StoreException>(() => store.CommitAsync(StoreTransaction.Of(
            new PutOperation("a", Bytes("1")), new PutOperation("a", Bytes("2")))).AsTask());
        await Assert.ThrowsAsync<StoreException>(() => store.CommitAsync(StoreTransaction.Of(
            new PutOperation("a", Bytes("1")), new DeleteOperation(KeyRange.Prefix("a")))).AsTask());
        Assert.Equal(revision, (await Read(store, KeyRange.All)).Revision);
    }

    [Fact]
    public async Task A_value_of_a_mebibyte_is_taken_and_one_over_the_limit_is_refused()
    {
        IObjectStore store = NewStore();
        await store.CommitAsync(StoreTransaction.Of(new PutOperation("a", new byte[1 << 20])));
        Assert.Equal(1 << 20, Assert.Single((await Read(store, KeyRange.Single("a"))).Objects).Value.Length);
        await Assert.ThrowsAsync<StoreException>(() => store.CommitAsync(StoreTransaction.Of(new PutOperation("b", new byte[(1 << 21) + 1]))).AsTask());
    }

    [Fact]
    public async Task What_is_compacted_cannot_be_read_and_what_is_live_can()
    {
        IObjectStore store = NewStore();
        long first = await Put(store, "a", "1");
        await Put(store, "b", "1");
        long third = await Put(store, "a", "2");
        await store.CompactAsync(third);
        var gone = await Assert.ThrowsAsync<CompactedException>(() => store.RangeAsync(new RangeRequest(KeyRange.All, first)).AsTask());
        Assert.Equal(third, gone.CompactRevision);
        Assert.Equal(["a", "b"], (await Read(store, KeyRange.All, revision: third)).Objects.Select(each => each.Key));
        await Assert.ThrowsAsync<CompactedException>(() => store.CompactAsync(third).AsTask());
        await Assert.ThrowsAsync<FutureRevisionException>(() => store.CompactAsync(third + 1).AsTask());
    }

    [Fact]
    public async Task The_future_cannot_be_read()
    {
        IObjectStore store = NewStore();
        long revision = await Put(store, "a", "1");
        var future = await Assert.ThrowsAsync<FutureRevisionException>(() => store.RangeAsync(new RangeRequest(KeyRange.All, revision + 1)).AsTask());
        Assert.Equal(revision, future.Revision);
    }

    [Fact]
    public async Task A_watch_gives_the_past_from_its_revision_and_then_what_comes()
    {
        IObjectStore store = NewStore();
        await Put(store, "p/a", "0");
        long from = await Put(store, "p/a", "1");
        await Put(store, "q", "1");
        await Delete(store, KeyRange.Single("p/a"));
        await using IStoreWatch watch = store.Watch(KeyRange.Prefix("p/"), from);
        List<StoreEvent> events = await Take(watch, 2);
        Assert.Equal([(false, "1", "0"), (true, "", "1")], events.Select(each => (each.IsDeletion, Text(each.Object), Text(each.Previous))));
        ValueTask<StoreChanges> next = watch.NextAsync();
        Assert.False(next.IsCompleted);
        long put = await Put(store, "p/b", "2");
        StoreEvent live = Assert.Single((await next.AsTask().WaitAsync(Patience)).Events);
        Assert.Equal(("p/b", put, null), (live.Object.Key, live.Revision, live.Previous));
    }

    [Fact]
    public async Task A_watch_from_the_future_waits_for_it()
    {
        IObjectStore store = NewStore();
        long revision = await Put(store, "a", "1");
        await using IStoreWatch watch = store.Watch(KeyRange.All, revision + 2);
        ValueTask<StoreChanges> next = watch.NextAsync();
        await Put(store, "a", "2");
        await Put(store, "a", "3");
        Assert.Equal("3", Text(Assert.Single((await next.AsTask().WaitAsync(Patience)).Events).Object));
    }

    [Fact]
    public async Task A_watch_of_compacted_revisions_says_so()
    {
        IObjectStore store = NewStore();
        long first = await Put(store, "a", "1");
        await Put(store, "a", "2");
        long last = await Put(store, "a", "3");
        await store.CompactAsync(last);
        // A watch reads where it is opened, and a member may be behind the one that compacted: a read brings it up to that.
        await Read(store, KeyRange.All);
        await using IStoreWatch watch = store.Watch(KeyRange.All, first);
        Assert.Equal(last, (await Assert.ThrowsAsync<CompactedException>(() => watch.NextAsync().AsTask())).CompactRevision);
    }

    [Fact]
    public async Task A_watch_says_how_far_it_has_seen_and_never_ahead_of_what_it_returned()
    {
        IObjectStore store = NewStore();
        long start = await Put(store, "p/a", "1");
        await using IStoreWatch watch = store.Watch(KeyRange.Prefix("p/"), start);
        await Take(watch, 1);
        Assert.True(watch.Revision < start);
        Task<StoreChanges> next = watch.NextAsync().AsTask();
        long other = await Put(store, "q", "1");
        // A store over a network learns it by and by.
        Assert.True(SpinWait.SpinUntil(() => watch.Revision >= other, Patience));
        Assert.False(next.IsCompleted);
        long put = await Put(store, "p/a", "2");
        await next.WaitAsync(Patience);
        Assert.True(watch.Revision < put);
    }

    [Fact]
    public async Task A_watch_can_be_cancelled_and_read_on()
    {
        IObjectStore store = NewStore();
        long start = await Put(store, "a", "1");
        await using IStoreWatch watch = store.Watch(KeyRange.All, start + 1);
        using var cancel = new CancellationTokenSource();
        Task<StoreChanges> next = watch.NextAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        await Put(store, "a", "2");
        Assert.Equal("2", Text(Assert.Single(await Take(watch, 1)).Object));
    }

    [Fact]
    public async Task Watches_see_every_write_of_many_writers_once_and_in_order()
    {
        IObjectStore store = NewStore();
        long start = (await Read(store, KeyRange.All)).Revision;
        const int writers = 4, writes = 200;
        await using IStoreWatch watch = store.Watch(KeyRange.All, start + 1);
        Task<List<StoreEvent>> reading = Take(watch, writers * writes);
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < writes; i++)
                await Put(store, $"{writer}", $"{i}");
        })));
        List<StoreEvent> events = await reading;
        Assert.Equal(Enumerable.Range(1, writers * writes).Select(i => start + i), events.Select(each => each.Revision));
        foreach (IGrouping<string, StoreEvent> one in events.GroupBy(each => each.Object.Key))
            Assert.Equal(Enumerable.Range(0, writes).Select(i => $"{i}"), one.Select(each => Text(each.Object)));
    }

    [Fact]
    public async Task Only_one_of_many_writers_wins_a_swap()
    {
        IObjectStore store = NewStore();
        long revision = await Put(store, "a", "0");
        bool[] won = await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
            (await store.CommitAsync(StoreTransaction.When([Comparison.Unchanged("a", revision)], new PutOperation("a", Bytes($"{writer}"))))).Succeeded)));
        Assert.Single(won, true);
    }

    [Fact]
    public async Task Random_histories_are_those_of_the_model() => await ModelRun.CheckAsync(NewStore, Histories, HistoriesAtOnce);

    private static async Task<RangeResult> Read(IObjectStore store, KeyRange keys, long revision = 0, int limit = 0) =>
        await store.RangeAsync(new RangeRequest(keys, revision, limit));

    private static async Task<long> Put(IObjectStore store, string key, string value) =>
        (await store.CommitAsync(StoreTransaction.Of(new PutOperation(key, Bytes(value))))).Revision;

    private static async Task Delete(IObjectStore store, KeyRange keys) =>
        await store.CommitAsync(StoreTransaction.Of(new DeleteOperation(keys)));

    private static async Task<List<StoreEvent>> Take(IStoreWatch watch, int count)
    {
        var events = new List<StoreEvent>();
        using var patience = new CancellationTokenSource(Patience);
        while (events.Count < count)
            events.AddRange((await watch.NextAsync(patience.Token)).Events);
        return events;
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(StoredObject? found) => found is null ? "" : Encoding.UTF8.GetString(found.Value.Span);
}
