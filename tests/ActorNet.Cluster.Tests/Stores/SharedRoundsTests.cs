using ActorNet.Cluster.Stores;

namespace ActorNet.Cluster.Tests.Stores;

public sealed class SharedRoundsTests
{
    private readonly List<TaskCompletionSource> _rounds = [];

    [Fact]
    public async Task Who_asks_while_a_round_is_under_way_gets_the_next_one_with_all_others_who_did()
    {
        var rounds = new SharedRounds(Round);
        Task first = rounds.JoinAsync(CancellationToken.None);
        Task[] others = [.. Enumerable.Range(0, 10).Select(_ => rounds.JoinAsync(CancellationToken.None))];
        Assert.Single(_rounds);
        _rounds[0].SetResult();
        await first;
        await UntilRoundsAsync(2);
        Assert.All(others, static other => Assert.False(other.IsCompleted));
        _rounds[1].SetResult();
        await Task.WhenAll(others);
        Assert.Equal(2, _rounds.Count);
    }

    [Fact]
    public async Task A_round_that_fails_fails_for_those_who_asked_for_it_and_the_next_one_is_made()
    {
        var rounds = new SharedRounds(Round);
        Task first = rounds.JoinAsync(CancellationToken.None), second = rounds.JoinAsync(CancellationToken.None);
        _rounds[0].SetException(new InvalidOperationException("no majority"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);
        await UntilRoundsAsync(2);
        _rounds[1].SetCanceled();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Task third = rounds.JoinAsync(CancellationToken.None);
        await UntilRoundsAsync(3);
        _rounds[2].SetResult();
        await third;
    }

    [Fact]
    public async Task Who_waits_no_longer_leaves_the_round_to_the_others()
    {
        var rounds = new SharedRounds(Round);
        using var cancel = new CancellationTokenSource();
        Task left = rounds.JoinAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Task next = rounds.JoinAsync(CancellationToken.None);
        Assert.Single(_rounds);
        _rounds[0].SetResult();
        await UntilRoundsAsync(2);
        _rounds[1].SetResult();
        await next;
    }

    private Task Round()
    {
        var round = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_rounds)
            _rounds.Add(round);
        return round.Task;
    }

    private async Task UntilRoundsAsync(int count)
    {
        while (true)
        {
            lock (_rounds)
            {
                if (_rounds.Count >= count)
                    return;
            }

            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }
}
