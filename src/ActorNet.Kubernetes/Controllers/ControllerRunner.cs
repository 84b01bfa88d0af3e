using System.Collections.Frozen;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>What a controller did so far.</summary>
/// <param name="Name">The controller.</param>
/// <param name="Depth">How many keys wait now.</param>
/// <param name="Steps">Steps that were made.</param>
/// <param name="Writes">Writes that the API took.</param>
/// <param name="Conflicts">Writes that were refused since someone else was faster (409).</param>
/// <param name="Failures">Other writes that were refused.</param>
/// <param name="Faults">Steps that threw: a defect of the controller.</param>
/// <param name="LastError">What went wrong last; empty: nothing.</param>
public sealed record ControllerStatus(string Name, int Depth, long Steps, long Writes, long Conflicts, long Failures, long Faults, string LastError);

/// <summary>Drives one controller: takes its keys, makes its steps, carries out their writes. One call at a time.</summary>
/// <remarks>
/// Expectations (upstream pkg/controller/controller_utils.go) are kept by revision: a key rests until the caches show the revisions that
/// its last step wrote, so no step sees a world without what it did itself, and nothing is made twice because a cache lags.
/// </remarks>
public sealed class ControllerRunner
{
    // Upstream's ExpectationsTimeout: a cache that never catches up must not stop a key for ever.
    private static readonly TimeSpan ExpectationsTimeout = TimeSpan.FromMinutes(5);

    // Writes that do not build on each other begin with one and go on with twice as many each time that none was refused, so that what the API refuses is
    // refused few times (kubernetes pkg/controller/controller_utils.go SlowStartInitialBatchSize; replica_set.go slowStartBatch).
    private const int MostTogether = 64;

    private readonly Controller _controller;
    private readonly IApiClient _client;
    private readonly TimeProvider _time;
    private readonly EventRecorder _events;
    private readonly FrozenDictionary<KindDescriptor, IObjectCache> _caches;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Expectation> _expected = new(StringComparer.Ordinal);
    private long _steps, _writes, _conflicts, _failures, _faults;
    private string _lastError = "";

    /// <summary>Makes a runner and registers its controller with the caches.</summary>
    /// <param name="controller">The controller.</param>
    /// <param name="client">Where writes go.</param>
    /// <param name="caches">The caches of every kind that it reads or writes.</param>
    /// <param name="time">The clock.</param>
    public ControllerRunner(Controller controller, IApiClient client, IEnumerable<IObjectCache> caches, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(controller);
        (_controller, _client, _time) = (controller, client, time);
        Queue = new WorkQueue(time);
        _events = new EventRecorder(client, time, controller.Name);
        _caches = caches.ToFrozenDictionary(cache => cache.Kind);
        controller.Watch(Queue);
        foreach (IObjectCache cache in _caches.Values)
            cache.Subscribe((_, _) => Release());
    }

    /// <summary>The keys that wait.</summary>
    public WorkQueue Queue { get; }

    /// <summary>What it did so far. From any thread.</summary>
    public ControllerStatus Status =>
        new(_controller.Name, Queue.Depth, Interlocked.Read(ref _steps), Interlocked.Read(ref _writes), Interlocked.Read(ref _conflicts), Interlocked.Read(ref _failures), Interlocked.Read(ref _faults), Volatile.Read(ref _lastError));

    /// <summary>Makes the next step, if one is due.</summary>
    /// <returns>False: there was nothing to do.</returns>
    public async ValueTask<bool> ProcessNextAsync(CancellationToken cancel = default)
    {
        if (Queue.Take() is not { } key)
            return false;
        try
        {
            if (IsExpecting(key))
                return true;
            await StepAsync(key, cancel).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The API did not answer: the key waits as behind any failure.
            Queue.AddRateLimited(key);
            throw;
        }
        finally
        {
            Queue.Done(key);
        }

        return true;
    }

    /// <summary>A step did not end as steps do, such as for a client that got no answer.</summary>
    internal void Lost(Exception e)
    {
        Interlocked.Increment(ref _failures);
        Volatile.Write(ref _lastError, $"{e.GetType().Name}: {e.Message}");
    }

    private async ValueTask StepAsync(string key, CancellationToken cancel)
    {
        Step step;
        try
        {
            Interlocked.Increment(ref _steps);
            step = _controller.Reconcile(key, _time.GetUtcNow());
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Interlocked.Increment(ref _faults);
            Volatile.Write(ref _lastError, $"{key}: {e.GetType().Name}: {e.Message}");
            Queue.AddRateLimited(key);
            return;
        }

        bool isDone = await WriteAsync(key, step.Writes, cancel).ConfigureAwait(false);
        foreach (EventWrite told in step.Events)
            await _events.TellAsync(told, cancel).ConfigureAwait(false);
        if (!isDone)
        {
            Queue.AddRateLimited(key);
            return;
        }

        Queue.Forget(key);
        if (step.RequeueAfter is { } after)
            Queue.AddAfter(key, after);
    }

    private async ValueTask<bool> WriteAsync(string key, IReadOnlyList<ApiWrite> writes, CancellationToken cancel)
    {
        int together = 1;
        for (int next = 0; next < writes.Count;)
        {
            ApiWrite[] batch = [.. writes.Skip(next).TakeWhile((write, index) => index == 0 || (write.IsIndependent && writes[next].IsIndependent)).Take(together)];
            ApiException?[] refusals = await Task.WhenAll(batch.Select(write => WriteAsync(key, write, cancel))).ConfigureAwait(false);
            for (int i = 0; i < batch.Length; i++)
            {
                if (refusals[i] is { } refusal)
                    await RefusedAsync(key, batch[i], refusal, cancel).ConfigureAwait(false);
            }

            if (refusals.Any(static refusal => refusal is not null))
                return false;
            next += batch.Length;
            if (batch[0].IsIndependent)
                together = Math.Min(2 * together, MostTogether);
        }

        return true;
    }

    /// <returns>The refusal; null when it was written, or need not be.</returns>
    private async Task<ApiException?> WriteAsync(string key, ApiWrite write, CancellationToken cancel)
    {
        try
        {
            WriteOutcome outcome = await write.RunAsync(_client, cancel).ConfigureAwait(false);
            Interlocked.Increment(ref _writes);
            Expect(key, outcome);
            if (write.Tells is { } told)
                await _events.TellAsync(told with { Message = told.Message.Replace("{0}", outcome.Name, StringComparison.Ordinal) }, cancel).ConfigureAwait(false);
            return null;
        }
        catch (ApiException e)
        {
            return write.Tolerates.Contains(e.Code) || IsInDyingNamespace(e) ? null : e;
        }
    }

    private async ValueTask RefusedAsync(string key, ApiWrite write, ApiException refusal, CancellationToken cancel)
    {
        Interlocked.Increment(ref refusal.Reason == "Conflict" ? ref _conflicts : ref _failures);
        if (refusal.Reason != "Conflict")
            Volatile.Write(ref _lastError, $"{key}: {write.Summary}: {refusal.Message}");
        if (_controller.Failed(key, write, refusal) is { } told)
            await _events.TellAsync(told, cancel).ConfigureAwait(false);
    }

    // Nothing can be made in a namespace that goes, and what is there goes with it.
    private static bool IsInDyingNamespace(ApiException e) => e.Causes.Any(cause => cause.Reason == "NamespaceTerminating");

    private void Expect(string key, WriteOutcome outcome)
    {
        if (outcome.Kind is null || outcome.Revision == 0 || !_caches.TryGetValue(outcome.Kind, out IObjectCache? cache))
            return;
        lock (_lock)
        {
            if (!_expected.TryGetValue(key, out Expectation? expectation))
                _expected[key] = expectation = new Expectation(_time.GetUtcNow() + ExpectationsTimeout);
            expectation.Revisions[cache] = Math.Max(outcome.Revision, expectation.Revisions.GetValueOrDefault(cache));
        }
    }

    private bool IsExpecting(string key)
    {
        lock (_lock)
        {
            if (!_expected.TryGetValue(key, out Expectation? expectation))
                return false;
            TimeSpan left = expectation.Deadline - _time.GetUtcNow();
            if (expectation.IsMet || left <= TimeSpan.Zero)
            {
                _expected.Remove(key);
                return false;
            }

            expectation.IsWanted = true;
            Queue.AddAfter(key, left);
            return true;
        }
    }

    // A cache went on: keys that were taken too early come again.
    private void Release()
    {
        List<string>? met = null;
        lock (_lock)
        {
            foreach ((string key, Expectation expectation) in _expected)
            {
                if (expectation.IsMet)
                    (met ??= []).Add(key);
            }

            foreach (string key in met ?? [])
            {
                if (_expected.Remove(key, out Expectation? expectation) && expectation.IsWanted)
                    Queue.Add(key);
            }
        }
    }

    private sealed class Expectation(DateTimeOffset deadline)
    {
        public DateTimeOffset Deadline { get; } = deadline;

        public Dictionary<IObjectCache, long> Revisions { get; } = [];

        // True when somebody wanted a step meanwhile.
        public bool IsWanted { get; set; }

        public bool IsMet => Revisions.All(each => each.Key.Revision >= each.Value);
    }
}
