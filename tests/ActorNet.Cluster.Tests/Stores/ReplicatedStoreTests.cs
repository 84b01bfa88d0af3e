using System.Text;
using ActorNet.Cluster.Stores;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Tests.Stores;

public sealed class ReplicatedStoreTests
{
    [Fact]
    public async Task Every_member_takes_writes_and_reads_what_any_other_acknowledged()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c");
        // The leader knows first; the others with the next entry.
        foreach (string name in trio.Running)
            Assert.True(SpinWait.SpinUntil(() => trio[name].Members.SequenceEqual(["a", "b", "c"]), StoreTrio.Patience));
        for (int i = 0; i < 30; i++)
        {
            string writer = "abc"[i % 3].ToString(), reader = "abc"[(i + 1) % 3].ToString();
            long revision = await Put(trio[writer], $"k{i % 4}", $"{i}");
            StoredObject read = Assert.Single((await trio[reader].RangeAsync(new RangeRequest(KeyRange.Single($"k{i % 4}")))).Objects);
            Assert.Equal((revision, $"{i}"), (read.ModRevision, Encoding.UTF8.GetString(read.Value.Span)));
        }

        // A refusal comes back as what it is.
        var gone = await Assert.ThrowsAsync<FutureRevisionException>(() => trio["b"].CompactAsync(1000).AsTask());
        Assert.Equal(31, gone.Revision);
    }

    [Fact]
    public async Task What_was_acknowledged_survives_the_end_of_the_leader_and_the_member_that_comes_back_has_it()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c");
        for (int i = 0; i < 20; i++)
            await Put(trio["a"], $"k{i}", "1");
        string old = await trio.LeaderAsync();
        await trio.StopAsync(old);
        string[] left = [.. trio.Running];
        for (int i = 0; i < 20; i++)
            await PutSurely(trio[left[i % 2]], $"l{i}", "1");
        Assert.Equal(40, (await trio[left[0]].RangeAsync(new RangeRequest(KeyRange.All))).Count);

        await trio.StartMemberAsync(old);

        Assert.Equal(40, (await trio[old].RangeAsync(new RangeRequest(KeyRange.All))).Count);
    }

    [Fact]
    public async Task Of_five_members_two_may_end_leaders_too_and_what_was_acknowledged_is_on_all_that_come_back()
    {
        await using StoreTrio five = await StoreTrio.StartAsync("a", "b", "c", "d", "e");
        await Put(five["c"], "k1", "1");
        var ended = new List<string>();
        for (int i = 2; i <= 3; i++)
        {
            ended.Add(await five.LeaderAsync());
            await five.StopAsync(ended[^1]);
            await PutSurely(five[five.Running.First()], $"k{i}", "1");
        }

        // Two of five acknowledge nothing.
        ended.Add(await five.LeaderAsync());
        await five.StopAsync(ended[^1]);
        Task fourth = PutSurely(five[five.Running.First()], "k4", "1");
        Assert.True(SpinWait.SpinUntil(() => five.Running.All(name => five[name].Leader is null), StoreTrio.Patience));
        Assert.False(fourth.IsCompletedSuccessfully);

        await Task.WhenAll(ended.Select(name => five.StartMemberAsync(name)));
        await fourth.WaitAsync(StoreTrio.Patience);
        foreach (string name in five.Running)
            Assert.Equal("k1 k2 k3 k4", string.Join(' ', (await five[name].RangeAsync(new RangeRequest(KeyRange.All))).Objects.Select(static each => each.Key)));
    }

    [Fact]
    public async Task A_member_that_stands_aside_lets_another_lead_votes_for_it_and_keeps_what_it_writes()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c");
        await Put(trio["a"], "k", "1");
        string aside = await trio.LeaderAsync();

        await trio[aside].StandAsideAsync();

        string[] others = [.. trio.Running.Where(name => name != aside)];
        string second = await trio.LeaderAsync(others);
        Assert.True(trio[aside].StandsAside);
        await PutSurely(trio[aside], "k", "2");
        // It votes still: without it the last of the three has no majority.
        await trio.StopAsync(second);
        string third = others.Single(name => name != second);
        Assert.Equal(third, await trio.LeaderAsync(third));
        await PutSurely(trio[third], "k", "3");
        Assert.Equal("3", Encoding.UTF8.GetString(Assert.Single((await trio[aside].RangeAsync(new RangeRequest(KeyRange.Single("k")))).Objects).Value.Span));

        // It leads no more, so whoever does is not asked to stop by asking it again.
        await trio[aside].StandAgainAsync();
        long term = trio[third].Term;
        await trio[aside].StandAsideAsync();
        Assert.Equal((third, term), (await trio.LeaderAsync(third), trio[third].Term));
        await trio[aside].StandAgainAsync();

        Assert.False(trio[aside].StandsAside);
        await trio.StartMemberAsync(second);
        await trio.StopAsync(third);
        Assert.Contains(await trio.LeaderAsync(aside, second), new[] { aside, second });
    }

    [Fact]
    public async Task Reads_that_wait_behind_a_change_of_the_leader_share_an_entry()
    {
        const int Reads = 64;
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c");
        await Put(trio["a"], "k", "1");
        await trio.StopAsync(await trio.LeaderAsync());
        string next = await trio.LeaderAsync();
        long before = trio[next].LastIndex;

        await Task.WhenAll(Enumerable.Range(0, Reads).Select(_ => trio[next].RangeAsync(new RangeRequest(KeyRange.Single("k"))).AsTask()));

        // At most one that was under way and the one behind it; a change of the leader meanwhile would add its own.
        Assert.InRange(trio[next].LastIndex - before, 0, Reads / 4);
    }

    [Fact]
    public async Task A_leader_that_is_cut_off_acknowledges_nothing_and_reads_nothing_while_the_others_go_on()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c");
        string old = await trio.LeaderAsync();
        string[] others = [.. trio.Running.Where(name => name != old)];
        await Put(trio[old], "k", "before");
        foreach (string other in others)
            trio.Cut(old, other);
        using var impatience = new CancellationTokenSource();
        Task<long> stale = Put(trio[old], "k", "stale", impatience.Token).AsTask();

        await trio.LeaderAsync(others);
        await PutSurely(trio[others[0]], "k", "after");

        Task<RangeResult> read = trio[old].RangeAsync(new RangeRequest(KeyRange.Single("k"))).AsTask();
        Assert.False(stale.IsCompletedSuccessfully);
        Assert.False(read.IsCompletedSuccessfully);
        trio.HealAll();
        // Whether the stale write had its turn behind the other or never: nobody read it before, and all agree now.
        Assert.Equal("after", Encoding.UTF8.GetString(Assert.Single((await read.WaitAsync(StoreTrio.Patience)).Objects).Value.Span), StringComparer.Ordinal);
        await impatience.CancelAsync();
        await Record.ExceptionAsync(() => stale);
    }

    // What a host does that was frozen while it led, and hears of the next leader when it is thawed.
    [Fact]
    public async Task A_leader_that_hears_of_the_next_adds_nothing_to_that_ones_term()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c");
        string old = await trio.LeaderAsync();
        string[] others = [.. trio.Running.Where(name => name != old)];
        await Put(trio[old], "k", "before");
        using (LogHalts.Halt beats = trio.HaltsOf(old).At(LogHalts.NothingToCommit), goes = trio.HaltsOf(old).At(LogHalts.Downgrading))
        {
            await beats.Reached;
            string next = await trio.LeaderAsync(others);
            await PutSurely(trio[next], "k", "after");
            await goes.Reached;
            // It knows the newer term now, and still believes that it leads.
            Assert.True(trio[old].IsLeader);
            Assert.True(trio[old].Term > trio[old].OwnTerm);
            long length = trio[old].LastIndex;
            Task<RangeResult> read = trio[old].RangeAsync(new RangeRequest(KeyRange.Single("k"))).AsTask();
            Task<long> write = Put(trio[old], "l", "1").AsTask();
            Assert.True(SpinWait.SpinUntil(() => trio[old].RefusedAppends > 1 || trio[old].LastIndex > length, StoreTrio.Patience));
            beats.Dispose();
            goes.Dispose();
            Assert.Equal("after", Encoding.UTF8.GetString(Assert.Single((await read).Objects).Value.Span), StringComparer.Ordinal);
            // It may have been done by the next one, or be given up; done by this one alone it must not be.
            await Record.ExceptionAsync(() => write);
        }

        await PutSurely(trio[others[0]], "k", "last");
        string[] told = await Task.WhenAll(trio.Running.Select(async name => await HistoryAsync(trio[name])));
        Assert.All(told, each => Assert.Equal(told[0], each));
    }

    [Fact]
    public async Task A_member_that_was_taken_out_is_not_added_again_by_the_next_leader_either()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c", "d");
        string old = await trio.LeaderAsync();
        string gone = trio.Running.First(name => name != old);
        await trio.RemoveAsync(gone);
        await trio.StopAsync(old);
        string next = await trio.LeaderAsync([.. trio.Running.Where(name => name != gone)]);

        // Its own copy is read behind the first entry of its term.
        await PutSurely(trio[next], "k", "1");
        Assert.Equal([gone], trio[next].Removed);
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => trio[next].AddMemberAsync(gone));
        Assert.Contains("was taken out", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(gone, trio[next].Members);
    }

    // With two that vote, none of one's writes would be acknowledged while the other cannot be reached.
    [Fact]
    public async Task A_member_that_is_being_added_has_no_vote_before_it_is_brought_up_to_date()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a");
        for (int i = 0; i < 50; i++)
            await Put(trio["a"], $"k{i}", "before");
        await trio.StartMemberAsync("b");
        trio.Cut("a", "b");
        using (var impatience = new CancellationTokenSource())
        {
            Task adding = trio["a"].AddMemberAsync("b", impatience.Token);
            for (int i = 0; i < 50; i++)
                await Put(trio["a"], $"k{i}", "meanwhile").AsTask().WaitAsync(StoreTrio.Patience);
            Assert.Equal(["a"], trio["a"].Members);
            await impatience.CancelAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => adding.WaitAsync(StoreTrio.Patience));
            Assert.IsNotType<TimeoutException>(adding.Exception?.InnerException);
        }

        Assert.Equal(102, await Put(trio["a"], "k", "alone"));
        trio.HealAll();
        await trio.AddAsync("b");
        Assert.Equal(["a", "b"], trio["a"].Members);
        await PutSurely(trio["b"], "k", "both");
        Assert.Equal(await HistoryAsync(trio["a"]), await HistoryAsync(trio["b"]));
    }

    // Who does not know yet that it is a member neither stands nor votes: of two then nobody is ever elected.
    [Fact]
    public async Task The_second_of_two_leads_when_the_first_stands_aside_as_soon_as_it_is_added()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a");
        await Put(trio["a"], "k", "alone");
        await trio.StartMemberAsync("b");
        await trio.AddAsync("b");
        await trio["a"].StandAsideAsync();
        Assert.Equal("b", await trio.LeaderAsync());
        await PutSurely(trio["b"], "k", "both");
    }

    // All that a member's own copy tells a watcher from the beginning, up to what has been acknowledged.
    private static async Task<string> HistoryAsync(RaftObjectStore store)
    {
        long revision = (await store.RangeAsync(new RangeRequest(KeyRange.All))).Revision;
        var told = new StringBuilder();
        await using IStoreWatch watch = store.Watch(KeyRange.All, 1);
        for (long seen = 0; seen < revision;)
        {
            foreach (StoreEvent each in (await watch.NextAsync().AsTask().WaitAsync(StoreTrio.Patience)).Events)
                told.AppendLine($"{seen = each.Object.ModRevision} {each.Object.Key} {Encoding.UTF8.GetString(each.Object.Value.Span)}");
        }

        return told.ToString();
    }

    // What was under way while the leader changed may or may not have been done: it is done again.
    private static async Task PutSurely(RaftObjectStore store, string key, string value)
    {
        using var patience = new CancellationTokenSource(StoreTrio.Patience);
        while (true)
        {
            try
            {
                await Put(store, key, value, patience.Token);
                return;
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(50, patience.Token);
            }
        }
    }

    private static async ValueTask<long> Put(RaftObjectStore store, string key, string value, CancellationToken cancel = default) =>
        (await store.CommitAsync(StoreTransaction.Of(new PutOperation(key, Encoding.UTF8.GetBytes(value))), cancel)).Revision;
}
