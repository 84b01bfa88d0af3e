namespace ActorNet.Kubernetes.Controllers;

/// <summary>
/// Keys that wait for work (client-go util/workqueue: queue.go, delaying_queue.go, default_rate_limiters.go). A key that waits already is not
/// added again; one that is being worked on is added again when that is done, so no key is worked on twice at once and no change is lost.
/// </summary>
/// <remarks>From any thread. Nothing runs by itself: delayed keys come out when somebody takes after their time.</remarks>
/// <param name="time">The clock.</param>
public sealed class WorkQueue(TimeProvider time)
{
    /// <summary>The wait behind the first failure of a key; doubled with each further one.</summary>
    public static readonly TimeSpan BaseDelay = TimeSpan.FromMilliseconds(5);

    /// <summary>The longest wait.</summary>
    public static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(1000);

    private readonly Lock _lock = new();
    private readonly Queue<string> _ready = new();
    private readonly HashSet<string> _dirty = new(StringComparer.Ordinal), _processing = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _failures = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _delayed = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, DateTimeOffset> _byTime = new();

    /// <summary>Told, from the adder's thread, when a key was added or a time was set.</summary>
    public event Action? Woken;

    /// <summary>How many keys wait, delayed ones aside.</summary>
    public int Depth
    {
        get
        {
            lock (_lock)
                return _ready.Count;
        }
    }

    /// <summary>When the next delayed key is due; null: there is none.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_lock)
            {
                DropStale();
                return _byTime.TryPeek(out _, out DateTimeOffset due) ? due : null;
            }
        }
    }

    /// <summary>Adds a key.</summary>
    public void Add(string key)
    {
        lock (_lock)
            Enqueue(key);
        Woken?.Invoke();
    }

    /// <summary>Adds a key when a time has passed. Of several delays the one that ends first counts.</summary>
    public void AddAfter(string key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        lock (_lock)
        {
            DateTimeOffset due = time.GetUtcNow() + delay;
            if (_delayed.TryGetValue(key, out DateTimeOffset before) && before <= due)
                return;
            _delayed[key] = due;
            _byTime.Enqueue(key, due);
        }

        Woken?.Invoke();
    }

    /// <summary>Adds a key behind a failure: later with each one until <see cref="Forget"/>.</summary>
    public void AddRateLimited(string key)
    {
        int failures;
        lock (_lock)
        {
            failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
        }

        double delay = BaseDelay.TotalMilliseconds * Math.Pow(2, failures);
        AddAfter(key, delay < MaxDelay.TotalMilliseconds ? TimeSpan.FromMilliseconds(delay) : MaxDelay);
    }

    /// <summary>A key's failures no longer count.</summary>
    public void Forget(string key)
    {
        lock (_lock)
            _failures.Remove(key);
    }

    /// <summary>How often a key failed since it was forgotten.</summary>
    public int FailuresOf(string key)
    {
        lock (_lock)
            return _failures.GetValueOrDefault(key);
    }

    /// <summary>Takes the next key, which must be given back with <see cref="Done"/>.</summary>
    /// <returns>The key, or null when none is due.</returns>
    public string? Take()
    {
        lock (_lock)
        {
            DropStale();
            while (_byTime.TryPeek(out string? due, out DateTimeOffset at) && at <= time.GetUtcNow())
            {
                _byTime.Dequeue();
                _delayed.Remove(due);
                Enqueue(due);
                DropStale();
            }

            if (!_ready.TryDequeue(out string? key))
                return null;
            _dirty.Remove(key);
            _processing.Add(key);
            return key;
        }
    }

    /// <summary>The work on a key is done; it is added again when somebody added it meanwhile.</summary>
    public void Done(string key)
    {
        bool isAgain;
        lock (_lock)
        {
            _processing.Remove(key);
            isAgain = _dirty.Contains(key);
            if (isAgain)
                _ready.Enqueue(key);
        }

        if (isAgain)
            Woken?.Invoke();
    }

    private void Enqueue(string key)
    {
        if (_dirty.Add(key) && !_processing.Contains(key))
            _ready.Enqueue(key);
    }

    // A key whose time was moved forward is still in the queue under the old one.
    private void DropStale()
    {
        while (_byTime.TryPeek(out string? key, out DateTimeOffset due) && (!_delayed.TryGetValue(key, out DateTimeOffset set) || set != due))
            _byTime.Dequeue();
    }
}
