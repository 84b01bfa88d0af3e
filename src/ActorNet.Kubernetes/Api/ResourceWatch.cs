using System.Runtime.CompilerServices;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api;

/// <summary>A watch of one kind: what the store changes, in the words of the API and as far as the filter lets it through.</summary>
/// <remarks>It holds no queue: events are read from the store when the reader asks. A reader that is too slow meets compaction.</remarks>
public sealed class ResourceWatch
{
    /// <summary>How often a quiet watch says how far it has come, as upstream's cacher does.</summary>
    public static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);

    private readonly IObjectStore _store;
    private readonly KindDescriptor _kind;
    private readonly KeyRange _keys;
    private readonly WatchOptions _options;
    private readonly TimeProvider _time;
    private readonly ObjectList? _initial;
    private readonly long _after;

    internal ResourceWatch(IObjectStore store, KindDescriptor kind, KeyRange keys, WatchOptions options, TimeProvider time, ObjectList? initial, long after)
    {
        (_store, _kind, _keys, _options, _time, _initial, _after) = (store, kind, keys, options, time, initial, after);
    }

    /// <summary>Reads the events until the timeout, the cancellation or compaction.</summary>
    /// <exception cref="ApiException">What comes next was compacted: 410.</exception>
    public async IAsyncEnumerable<WatchEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        foreach (ApiObject each in _initial?.Items ?? [])
            yield return new WatchEvent(WatchEventType.Added, each, each.Revision);
        if (_options is { InitialEvents: true, Bookmarks: true })
            yield return new WatchEvent(WatchEventType.Bookmark, null, _after, true);

        IStoreWatch watch = _store.Watch(_keys, _after + 1);
        await using ConfiguredAsyncDisposable closing = watch.ConfigureAwait(false);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        long end = _options.Timeout is { } timeout ? _time.GetTimestamp() + Ticks(timeout) : long.MaxValue;
        long bookmark = _time.GetTimestamp() + Ticks(BookmarkInterval);
        Task<StoreChanges> next = watch.NextAsync(ending.Token).AsTask();
        try
        {
            while (true)
            {
                long due = _options.Bookmarks ? Math.Min(end, bookmark) : end;
                if (await CompletesAsync(next, due, ending.Token).ConfigureAwait(false))
                {
                    StoreChanges changes = await TakeAsync(next).ConfigureAwait(false);
                    foreach (StoreEvent each in changes.Events)
                    {
                        if (Translate(each) is { } told)
                            yield return told;
                    }

                    next = watch.NextAsync(ending.Token).AsTask();
                    continue;
                }

                // Read before the second look: what has come since is told before a later bookmark.
                long seen = watch.Revision;
                if (next.IsCompleted)
                    continue;
                if (_options.Bookmarks)
                    yield return new WatchEvent(WatchEventType.Bookmark, null, Math.Max(seen, _after));
                bookmark = _time.GetTimestamp() + Ticks(BookmarkInterval);
                if (_time.GetTimestamp() >= end)
                    yield break;
            }
        }
        finally
        {
            // A reader that leaves early must not leave a waiter behind in the store.
            await ending.CancelAsync().ConfigureAwait(false);
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    private async Task<bool> CompletesAsync(Task next, long due, CancellationToken cancel)
    {
        if (next.IsCompleted)
            return true;
        try
        {
            if (due == long.MaxValue)
            {
                await next.WaitAsync(cancel).ConfigureAwait(false);
                return true;
            }

            TimeSpan wait = _time.GetElapsedTime(_time.GetTimestamp(), due);
            await next.WaitAsync(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, _time, cancel).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return next.IsCompleted;
        }
        catch (CompactedException)
        {
            return true;
        }
    }

    private static async Task<StoreChanges> TakeAsync(Task<StoreChanges> next)
    {
        try
        {
            return await next.ConfigureAwait(false);
        }
        catch (CompactedException e)
        {
            throw ApiErrors.Expired($"too old resource version: {e.Asked} ({e.CompactRevision})");
        }
    }

    // An object that begins to match is new to the watch, and one that no longer does is gone from it.
    private WatchEvent? Translate(StoreEvent change)
    {
        ApiObject? before = change.Previous is null ? null : new ApiObject(_kind, change.Previous.Value, change.Revision);
        ApiObject? after = change.IsDeletion ? null : new ApiObject(_kind, change.Object.Value, change.Revision);
        bool wasSeen = before is not null && IsWanted(before), isSeen = after is not null && IsWanted(after);
        return (wasSeen, isSeen) switch
        {
            (false, true) => new WatchEvent(WatchEventType.Added, after, change.Revision),
            (true, true) => new WatchEvent(WatchEventType.Modified, after, change.Revision),
            (true, false) => new WatchEvent(WatchEventType.Deleted, before, change.Revision),
            _ => null,
        };
    }

    private bool IsWanted(ApiObject candidate) => _options.Filter.IsEverything || _options.Filter.Matches(candidate);
}
