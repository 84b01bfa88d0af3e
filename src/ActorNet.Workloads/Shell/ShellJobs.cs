namespace ActorNet.Workloads.Shell;

/// <summary>
/// The background commands of a shell and its subshells. They end with the outermost shell, as a container's processes end with its first one.
/// </summary>
internal sealed class ShellJobs(CancellationToken cancellation)
{
    /// <summary>How many may run at the same time.</summary>
    public const int Max = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, (Task<int> Task, CancellationTokenSource Kill)> _jobs = [];
    private int _lastId = 1;

    /// <summary>$!, or null.</summary>
    public int? Last { get; private set; }

    /// <summary>Starts a job.</summary>
    /// <param name="start">Starts it under a token.</param>
    /// <exception cref="ShellFailure">Too many run.</exception>
    public int Start(Func<CancellationToken, Task<int>> start)
    {
        lock (_gate)
        {
            if (_jobs.Values.Count(static j => !j.Task.IsCompleted) >= Max)
                throw new ShellFailure("can't fork: Resource temporarily unavailable");
            var kill = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            _jobs[++_lastId] = (Task.Run(() => start(kill.Token), CancellationToken.None), kill);
            Last = _lastId;
            return _lastId;
        }
    }

    /// <summary>A job's end, or null when there is no such job.</summary>
    public Task<int>? Find(int id)
    {
        lock (_gate)
            return _jobs.TryGetValue(id, out var job) ? job.Task : null;
    }

    /// <summary>The ends of all jobs.</summary>
    public Task<int>[] All()
    {
        lock (_gate)
            return [.. _jobs.Values.Select(static j => j.Task)];
    }

    /// <summary>Ends a job.</summary>
    /// <returns>False when there is no such job running.</returns>
    public bool Kill(int id)
    {
        CancellationTokenSource? kill = null;
        lock (_gate)
        {
            if (_jobs.TryGetValue(id, out var job) && !job.Task.IsCompleted)
                kill = job.Kill;
        }

        kill?.Cancel();
        return kill is not null;
    }

    /// <summary>Ends all jobs and waits for them.</summary>
    public async Task EndAsync()
    {
        CancellationTokenSource[] kills;
        lock (_gate)
            kills = [.. _jobs.Values.Select(static j => j.Kill)];
        foreach (CancellationTokenSource kill in kills)
            await kill.CancelAsync().ConfigureAwait(false);
        await ((Task)Task.WhenAll(All())).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (CancellationTokenSource kill in kills)
            kill.Dispose();
    }
}
