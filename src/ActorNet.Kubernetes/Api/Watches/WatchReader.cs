using System.Diagnostics.CodeAnalysis;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api.Watches;

/// <summary>
/// Reads a watch. It holds no more than one batch of changes: where it is among them is a revision, so that a reader that is slow costs nothing.
/// One that falls behind what <see cref="ChangeLog"/> keeps reads from the store, and from what compaction left of that: then it is told 410.
/// One call at a time.
/// </summary>
public sealed class WatchReader : IAsyncDisposable
{
    private const int Batch = 100;

    // A timer takes no more than 49 days.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    // A timer counts whole milliseconds.
    private static readonly TimeSpan TimerStep = TimeSpan.FromMilliseconds(1);

    private readonly WatchSource _source;
    private readonly WatchOptions _options;
    private readonly TimeProvider _time;
    private readonly WatchSignal _signal = new();
    private readonly KindReader _place;
    private readonly Queue<WatchEvent> _ready = new();
    private readonly List<ObjectChange> _batch = [];
    private readonly CancellationToken _cancel;
    private readonly CancellationTokenRegistration _cancelled;
    private readonly ITimer? _timer;
    private readonly long _end;
    private readonly long _after;
    private InitialObjects? _initial;
    private long _bookmark;
    private volatile bool _timerFired;
    private ChangeFeed? _feed;
    private StoreReading? _reading;
    private bool _isFinished;

    internal WatchReader(WatchSource source, KeyRange keys, WatchOptions options, TimeProvider time, InitialObjects? initial, long after, CancellationToken cancel)
    {
        (_source, _options, _time, _initial, _after, _cancel) = (source, options, time, initial, after, cancel);
        _place = new KindReader(keys, _signal) { Position = after };
        _end = options.Timeout is { } timeout ? time.GetTimestamp() + Ticks(timeout) : long.MaxValue;
        _bookmark = options.Bookmarks ? time.GetTimestamp() + Ticks(ResourceWatch.BookmarkInterval) : long.MaxValue;
        _cancelled = cancel.UnsafeRegister(static signal => ((WatchSignal)signal!).Set(), _signal);
        if (Due == long.MaxValue)
            return;
        _timer = time.CreateTimer(static reader => ((WatchReader)reader!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        SetTimer();
    }

    private long Due => Math.Min(_end, _bookmark);

    /// <summary>Takes the next event, if one is there.</summary>
    public bool TryRead([NotNullWhen(true)] out WatchEvent? told) => _ready.TryDequeue(out told);

    /// <summary>Waits until there is an event.</summary>
    /// <returns>False when the watch is over, by its timeout.</returns>
    /// <exception cref="ApiException">What comes next was compacted: 410.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async ValueTask<bool> WaitAsync()
    {
        while (_ready.Count == 0)
        {
            _cancel.ThrowIfCancellationRequested();
            if (_isFinished)
                return false;
            if (_initial is not null)
            {
                await BeginAsync(_initial).ConfigureAwait(false);
                continue;
            }

            _feed ??= await _source.Log.FollowAsync(_source.Kind, _place).ConfigureAwait(false);
            // Read before the changes: what has come up to it is told before a bookmark says so.
            long seen = _feed.Revision;
            bool hasMoved = _reading is null && !_feed.HasEnded && _feed.Read(_batch, Batch) ? _batch.Count > 0 : await ReadStoreAsync().ConfigureAwait(false);
            seen = _reading?.Revision ?? seen;
            Tell();
            if (!hasMoved && !SayIfDue(seen))
                await _signal.WaitAsync().ConfigureAwait(false);
        }

        return true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _cancelled.DisposeAsync().ConfigureAwait(false);
        if (_timer is not null)
            await _timer.DisposeAsync().ConfigureAwait(false);
        if (_reading is not null)
            await _reading.DisposeAsync().ConfigureAwait(false);
        _feed?.Dispose();
    }

    // What was there when the watch was opened, a page at a time, and the bookmark behind it.
    private async ValueTask BeginAsync(InitialObjects initial)
    {
        foreach (ApiObject each in await initial.NextAsync(_cancel).ConfigureAwait(false))
            _ready.Enqueue(new WatchEvent(WatchEventType.Added, each, each.Revision));
        if (initial.HasMore)
            return;
        _initial = null;
        if (_options is { InitialEvents: true, Bookmarks: true })
            _ready.Enqueue(new WatchEvent(WatchEventType.Bookmark, null, _after, true));
    }

    private void Tell()
    {
        foreach (ObjectChange each in _batch)
        {
            if (each.As(_options.Filter) is { } told)
                _ready.Enqueue(told);
        }

        _batch.Clear();
    }

    // What the log does not keep, or all when the log has ended; true: something was read, or there is another place to read.
    private async ValueTask<bool> ReadStoreAsync()
    {
        _reading ??= new StoreReading(_source.Store, _place, _signal);
        if (!_reading.HasNext)
            return await GoBackAsync(_reading.Revision).ConfigureAwait(false);
        StoreChanges changes = await _reading.TakeAsync().ConfigureAwait(false);
        foreach (StoreEvent each in changes.Events)
            _batch.Add(new ObjectChange(_source.Kind, each));
        await GoBackAsync(changes.Revision).ConfigureAwait(false);
        return true;
    }

    // To the log, if it goes on behind what was taken from the store.
    private async ValueTask<bool> GoBackAsync(long taken)
    {
        if (_feed is not { HasEnded: false } feed || !feed.Move(taken))
            return false;
        await _reading!.DisposeAsync().ConfigureAwait(false);
        _reading = null;
        return true;
    }

    // What is to be said although nothing has changed.
    private bool SayIfDue(long seen)
    {
        long now = _time.GetTimestamp();
        if (now < Due)
        {
            // The system's timers go by a coarser clock: one may fire some milliseconds early.
            if (_timerFired)
                SetTimer();
            return false;
        }

        if (_options.Bookmarks)
        {
            _ready.Enqueue(new WatchEvent(WatchEventType.Bookmark, null, Math.Max(seen, _after)));
            _bookmark = now + Ticks(ResourceWatch.BookmarkInterval);
        }

        _isFinished = now >= _end;
        if (!_isFinished)
            SetTimer();
        return true;
    }

    private void SetTimer()
    {
        _timerFired = false;
        TimeSpan left = _time.GetElapsedTime(_time.GetTimestamp(), Due) + TimerStep;
        _timer!.Change(left < TimerStep ? TimerStep : left > LongestWait ? LongestWait : left, Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        _timerFired = true;
        _signal.Set();
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}
