using ActorNet.Cluster.Tests.Stores;
using ActorNet.Histories;

namespace ActorNet.Cluster.Tests.Histories;

/// <summary>
/// The history checker on a store of three members, whose leader is cut off: what the store does is linearizable, and each of three bugs that are planted
/// around it is found. Each story is told twice with the same cut, by the store as it is and by one with the bug.
/// </summary>
public sealed class StoreHistoryTests
{
    private static readonly TokenList Empty = TokenList.Of();

    [Fact]
    public async Task An_acknowledgement_before_the_commit_is_found()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c");
        var history = new HistoryRecorder(TimeProvider.System);
        ListClient one = new(1, history, new Random(1)), other = new(2, history, new Random(2));
        string old = await trio.LeaderAsync();
        string[] others = [.. trio.Running.Where(name => name != old)];
        var store = new StoreLists(trio[old]);
        await Surely(() => one.ReadAsync(store, "honest", default));
        await Surely(() => one.ReadAsync(store, "planted", default));
        foreach (string each in others)
            trio.Cut(old, each);

        // The leader that is cut off is asked to write; what it says is recorded. The others elect one that never hears of it.
        using var impatience = new CancellationTokenSource();
        Task<OperationOutcome> honest = one.CompareAndSetAsync(store, "honest", impatience.Token);
        Assert.Equal(OperationOutcome.Answered, await one.CompareAndSetAsync(new StoreLists(new PlantedBugs.AcknowledgesBeforeCommit(trio[old])), "planted", default));
        await trio.LeaderAsync(others);
        foreach (string key in (string[])["honest", "planted"])
            await Surely(() => other.AppendAsync(new StoreLists(trio[others[0]]), key, default));
        await impatience.CancelAsync();
        Assert.Equal(OperationOutcome.Unknown, await honest);
        trio.HealAll();
        foreach (string key in (string[])["honest", "planted"])
            await Surely(() => one.ReadAsync(store, key, default));

        Judge(history);
    }

    [Fact]
    public async Task A_stale_read_is_found()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c");
        var history = new HistoryRecorder(TimeProvider.System);
        ListClient one = new(1, history, new Random(1)), other = new(2, history, new Random(2));
        string leader = await trio.LeaderAsync();
        string behind = trio.Running.First(name => name != leader), beside = trio.Running.Last(name => name != leader);
        foreach (string key in (string[])["honest", "planted"])
            await Surely(() => one.AppendAsync(new StoreLists(trio[leader]), key, default));
        var stale = new PlantedBugs.ReadsItsOwnCopy(trio[behind]);
        Assert.True(SpinWait.SpinUntil(() => stale.Has("planted", 1), StoreTrio.Patience));
        trio.Cut(behind, leader);
        trio.Cut(behind, beside);

        foreach (string key in (string[])["honest", "planted"])
            await Surely(() => one.AppendAsync(new StoreLists(trio[leader]), key, default));
        Task<OperationOutcome> honest = other.ReadAsync(new StoreLists(trio[behind]), "honest", default);
        Assert.Equal(OperationOutcome.Answered, await other.ReadAsync(new StoreLists(stale), "planted", default));
        // It waits until it can be sure.
        Assert.False(honest.IsCompleted);
        trio.HealAll();
        await honest;
        await Surely(() => other.ReadAsync(new StoreLists(trio[behind]), "honest", default));

        Judge(history);
    }

    [Fact]
    public async Task A_lost_compare_and_set_is_found()
    {
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c");
        var history = new HistoryRecorder(TimeProvider.System);
        ListClient one = new(1, history, new Random(1)), other = new(2, history, new Random(2));
        foreach (ListClient client in (ListClient[])[one, other])
        {
            foreach (string key in (string[])["honest", "planted"])
                await Surely(() => client.ReadAsync(new StoreLists(trio["a"]), key, default));
        }

        Assert.Equal(OperationOutcome.Answered, await one.CompareAndSetAsync(new StoreLists(trio["b"]), "honest", default));
        Assert.Equal(OperationOutcome.Refused, await other.CompareAndSetAsync(new StoreLists(trio["c"]), "honest", default));
        var slow = new PlantedBugs.ComparesTooEarly(
            trio["b"], async () => Assert.Equal(OperationOutcome.Answered, await other.CompareAndSetAsync(new StoreLists(trio["c"]), "planted", default)));
        Assert.Equal(OperationOutcome.Answered, await one.CompareAndSetAsync(new StoreLists(slow), "planted", default));
        foreach (string key in (string[])["honest", "planted"])
            await Surely(() => one.ReadAsync(new StoreLists(trio["a"]), key, default));

        Judge(history);
    }

    [Fact]
    public async Task Clients_of_every_member_see_one_order_while_leaders_are_cut_off()
    {
        const int Clients = 6, Cuts = 2, StepsBetween = 60;
        await using StoreTrio trio = await StoreTrio.StartAsync("a", "b", "c");
        var history = new HistoryRecorder(TimeProvider.System);
        using var enough = new CancellationTokenSource();
        Task[] clients = [.. Enumerable.Range(1, Clients).Select(i => Task.Run(() => RunAsync(trio, i, history, enough.Token)))];
        for (int cut = 0; cut < Cuts; cut++)
        {
            await UntilAsync(history, StepsBetween);
            string old = await trio.LeaderAsync();
            string[] others = [.. trio.Running.Where(name => name != old)];
            foreach (string each in others)
                trio.Cut(old, each);
            await trio.LeaderAsync(others);
            await UntilAsync(history, StepsBetween);
            trio.HealAll();
        }

        await enough.CancelAsync();
        await Task.WhenAll(clients);
        var last = new ListClient(90, history, new Random(90));
        for (int key = 0; key < Keys; key++)
            await Surely(() => last.ReadAsync(new StoreLists(trio["abc"[key % 3].ToString()]), $"k{key}", default));
        Assert.All(history.Decide(_ => Empty), each => Assert.True(each.Value.IsLinearizable, $"{each.Key}: {each.Value.Explanation}"));
    }

    private const int Keys = 4;

    private static async Task RunAsync(StoreTrio trio, int number, HistoryRecorder history, CancellationToken enough)
    {
        var random = new Random(number);
        var client = new ListClient(number, history, random);
        while (!enough.IsCancellationRequested)
        {
            // One at a member that is cut off must not keep the client for the whole time.
            using var impatience = CancellationTokenSource.CreateLinkedTokenSource(enough);
            impatience.CancelAfter(TimeSpan.FromMilliseconds(random.Next(100, 800)));
            await client.StepAsync(new StoreLists(trio["abc"[random.Next(3)].ToString()]), $"k{random.Next(Keys)}", impatience.Token);
        }
    }

    private static async Task UntilAsync(HistoryRecorder history, int more)
    {
        using var patience = new CancellationTokenSource(StoreTrio.Patience);
        for (int enough = history.Count + more; history.Count < enough;)
            await Task.Delay(10, patience.Token);
    }

    // A leader may lose its office on a full machine: what nobody knows to be done is recorded as such, and done once more.
    private static async Task Surely(Func<Task<OperationOutcome>> step)
    {
        using var patience = new CancellationTokenSource(StoreTrio.Patience);
        while (await step() is not OperationOutcome.Answered)
            await Task.Delay(20, patience.Token);
    }

    private static void Judge(HistoryRecorder history)
    {
        IReadOnlyDictionary<string, Verdict> verdicts = history.Decide(_ => Empty);
        Assert.True(verdicts["honest"].IsLinearizable, verdicts["honest"].Explanation);
        Assert.Equal(Decision.NotLinearizable, verdicts["planted"].Decision);
    }
}
