using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>
/// Runs the controllers, each in a loop of its own on the caller's thread pool, over caches that it feeds from the API. One of these runs in
/// a cluster; a second one would do no harm but waste, since every write is a compare-and-set.
/// </summary>
public sealed class ControllerManager : IAsyncDisposable
{
    private readonly IApiClient _client;
    private readonly TimeProvider _time;
    private readonly List<ControllerRunner> _runners = [];
    private readonly CancellationTokenSource _stop = new();
    private Task? _running;

    /// <summary>Makes the controllers; nothing runs yet.</summary>
    /// <param name="client">The API.</param>
    /// <param name="time">The clock.</param>
    /// <param name="options">How they work.</param>
    public ControllerManager(IApiClient client, TimeProvider time, ControllerOptions options)
    {
        ArgumentNullException.ThrowIfNull(client);
        (_client, _time) = (client, time);
        Caches = new ClusterCaches(client.Kinds);
        foreach (Controller controller in ControllerSet.All(Caches, options))
            _runners.Add(new ControllerRunner(controller, client, Caches.All, time));
    }

    /// <summary>What it knows of the cluster.</summary>
    public ClusterCaches Caches { get; }

    /// <summary>What each controller did so far. From any thread.</summary>
    public IReadOnlyList<ControllerStatus> Status => [.. _runners.Select(runner => runner.Status)];

    /// <summary>One runner for each controller: for whoever drives them step by step instead of starting them.</summary>
    public IReadOnlyList<ControllerRunner> Runners => _runners;

    /// <summary>Starts; once.</summary>
    public void Start()
    {
        if (_running is not null)
            throw new InvalidOperationException("the controllers were started already");
        _running = Task.WhenAll([Caches.RunAsync(_client, _time, _stop.Token), .. _runners.Select(RunAsync)]);
    }

    /// <summary>Ends all loops; a write that is under way is finished or given up first.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_running is { } running)
            await running.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync(ControllerRunner runner)
    {
        var woken = new Signal();
        runner.Queue.Woken += woken.Set;
        // No decision before everything is known once; from then on the queue alone wakes the loop.
        bool isFilled = false;
        foreach (IObjectCache cache in Caches.All)
        {
            cache.Subscribe((_, _) =>
            {
                if (!Volatile.Read(ref isFilled))
                    woken.Set();
            });
        }

        while (!_stop.IsCancellationRequested)
        {
            Task next = woken.Next;
            if (!isFilled)
                Volatile.Write(ref isFilled, Caches.All.All(cache => cache.HasSynced));
            if (isFilled && await StepAsync(runner).ConfigureAwait(false))
                continue;
            TimeSpan? wait = runner.Queue.NextDue - _time.GetUtcNow();
            await WaitAsync(next, wait).ConfigureAwait(false);
        }
    }

    private async Task<bool> StepAsync(ControllerRunner runner)
    {
        try
        {
            return await runner.ProcessNextAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception e)
        {
            runner.Lost(e);
            return false;
        }
    }

    private async Task WaitAsync(Task woken, TimeSpan? wait)
    {
        // A timer takes at most about 49 days; waking up early costs nothing.
        TimeSpan limit = wait is { } due && due < TimeSpan.FromHours(1) ? due : TimeSpan.FromHours(1);
        try
        {
            if (limit > TimeSpan.Zero)
                await woken.WaitAsync(limit, _time, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Something is due, or the end came.
        }
    }

    /// <summary>Wakes one waiter, however often it is set before.</summary>
    private sealed class Signal
    {
        private TaskCompletionSource _next = New();

        public Task Next
        {
            get
            {
                // A new one for each look: what is set after this is seen by the wait that follows.
                TaskCompletionSource fresh = New();
                Interlocked.Exchange(ref _next, fresh);
                return fresh.Task;
            }
        }

        public void Set() => Volatile.Read(ref _next).TrySetResult();

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
