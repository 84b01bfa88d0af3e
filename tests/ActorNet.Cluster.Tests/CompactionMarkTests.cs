using ActorNet.Cluster.Api;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Tests;

public sealed class CompactionMarkTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // Each call is by another API server as far as the store can tell: nothing is kept between them.
    [Fact]
    public async Task History_is_forgotten_once_an_interval_old_however_often_the_API_server_moves()
    {
        var store = new MemoryObjectStore();
        long first = await PutAsync(store);
        await AdvanceAsync(store, TimeSpan.Zero);
        long second = await PutAsync(store);
        for (int seconds = 30; seconds < Interval.TotalSeconds; seconds += 30)
            await AdvanceAsync(store, TimeSpan.FromSeconds(seconds));
        Assert.True(await IsKeptAsync(store, first));

        await AdvanceAsync(store, Interval);
        Assert.False(await IsKeptAsync(store, first));
        Assert.True(await IsKeptAsync(store, second));

        await AdvanceAsync(store, 2 * Interval);
        Assert.False(await IsKeptAsync(store, second));
        Assert.Equal(second, (await store.RangeAsync(new RangeRequest(KeyRange.Single("/a")))).Objects[0].ModRevision);
    }

    [Fact]
    public async Task A_clock_that_was_set_back_does_not_stop_it()
    {
        var store = new MemoryObjectStore();
        long first = await PutAsync(store);
        await AdvanceAsync(store, TimeSpan.FromDays(365));
        await PutAsync(store);
        await AdvanceAsync(store, TimeSpan.Zero);
        Assert.False(await IsKeptAsync(store, first));
    }

    [Fact]
    public async Task A_mark_that_is_none_is_replaced()
    {
        var store = new MemoryObjectStore();
        await store.CommitAsync(StoreTransaction.Of(new PutOperation(CompactionMark.Key, "junk"u8.ToArray())));
        long first = await PutAsync(store);
        await AdvanceAsync(store, TimeSpan.Zero);
        await PutAsync(store);
        await AdvanceAsync(store, Interval);
        Assert.False(await IsKeptAsync(store, first));
    }

    private static async Task<long> PutAsync(MemoryObjectStore store) => (await store.CommitAsync(StoreTransaction.Of(new PutOperation("/a", default)))).Revision;

    private static Task AdvanceAsync(MemoryObjectStore store, TimeSpan behind) => CompactionMark.AdvanceAsync(store, Interval, Start + behind, CancellationToken.None);

    private static async Task<bool> IsKeptAsync(MemoryObjectStore store, long revision)
    {
        try
        {
            await store.RangeAsync(new RangeRequest(KeyRange.All, revision));
            return true;
        }
        catch (CompactedException)
        {
            return false;
        }
    }
}
