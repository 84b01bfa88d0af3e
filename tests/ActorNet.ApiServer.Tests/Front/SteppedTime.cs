namespace ActorNet.ApiServer.Tests.Front;

/// <summary>Time that moves when it is told to, and fires the timers that are due then.</summary>
internal sealed class SteppedTime(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Pending> _pending = [];
    private TaskCompletionSource _awaited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset _now = start;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _now;
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Pending(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan step)
    {
        Pending[] due;
        lock (_lock)
        {
            _now += step;
            due = [.. _pending.Where(timer => timer.Due <= _now)];
            _pending.RemoveAll(due.Contains);
            if (_awaited.Task.IsCompleted)
                _awaited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        foreach (Pending timer in due)
            timer.Fire();
    }

    /// <summary>Waits until somebody waits for a time to come.</summary>
    public Task AwaitedAsync(TimeSpan patience)
    {
        lock (_lock)
            return _pending.Count > 0 ? Task.CompletedTask : _awaited.Task.WaitAsync(patience);
    }

    // Fires once: nothing here asks for periods.
    private sealed class Pending(SteppedTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                time._pending.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                Due = time._now + dueTime;
                time._pending.Add(this);
                time._awaited.TrySetResult();
            }

            return true;
        }

        public void Dispose()
        {
            lock (time._lock)
                time._pending.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
