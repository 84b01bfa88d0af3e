namespace ActorNet.Cluster.Stores;

/// <summary>
/// Rounds that many ask for at once: whoever asks while one is under way gets the one behind it, together with all others who did, so that each round began
/// behind its questions (etcd's linearizableReadLoop, server/etcdserver/v3_server.go).
/// </summary>
/// <param name="run">One round; it ends by itself, in whatever way.</param>
internal sealed class SharedRounds(Func<Task> run)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _next;
    private bool _isRunning;

    /// <summary>Waits for a round that begins behind this call.</summary>
    /// <param name="cancel">Ends the wait, not the round.</param>
    public Task JoinAsync(CancellationToken cancel)
    {
        TaskCompletionSource joined;
        bool begins;
        lock (_lock)
        {
            joined = _next ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            begins = !_isRunning;
            _isRunning = true;
        }

        if (begins)
            _ = RunAsync();
        return joined.Task.WaitAsync(cancel);
    }

    private async Task RunAsync()
    {
        while (Take() is { } round)
        {
            try
            {
                await run().ConfigureAwait(false);
                round.SetResult();
            }
            catch (OperationCanceledException)
            {
                round.SetCanceled();
            }
            catch (Exception failure)
            {
                round.SetException(failure);
            }
        }
    }

    private TaskCompletionSource? Take()
    {
        lock (_lock)
        {
            TaskCompletionSource? taken = _next;
            _next = null;
            _isRunning = taken is not null;
            return taken;
        }
    }
}
