using System.Collections.Concurrent;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>What clients have under way at a host's API, and what was refused or ended to keep it bounded.</summary>
/// <param name="Watches">Watches open now.</param>
/// <param name="WatchesOpened">Watches opened so far.</param>
/// <param name="WatchesRefused">Watches refused with 429, because the host or the client had too many.</param>
/// <param name="SlowReaders">Watches ended because their client did not read.</param>
/// <param name="SlowBodies">Requests refused with 408, because their body came too slowly.</param>
/// <param name="Cached">Reads and watches answered by the host's own copy, without the API server.</param>
public sealed record ApiLoadStatus(int Watches, long WatchesOpened, long WatchesRefused, long SlowReaders, long SlowBodies, long Cached);

/// <summary>The bounds of what clients may have under way at a host's API, and its counters. For any thread.</summary>
/// <remarks>
/// Upstream's priority and fairness (apiserver pkg/util/flowcontrol) counts a watch only while it begins and answers 429 with Retry-After when a
/// level is full. A watch here holds no events, but a connection and a reader: their number is bounded for the host and for each user.
/// </remarks>
public sealed class ApiLoad
{
    /// <summary>Watches of all users that may be open at once.</summary>
    public const int MostWatches = 10_000;

    /// <summary>Watches of one user that may be open at once.</summary>
    public const int MostWatchesOfOne = 5_000;

    private readonly ConcurrentDictionary<string, int> _ofUsers = new(StringComparer.Ordinal);
    private readonly TimeSpan _patience;
    private readonly int _most;
    private readonly int _mostOfOne;
    private int _watches;
    private long _opened;
    private long _refused;
    private long _slowReaders;
    private long _slowBodies;
    private long _cached;

    /// <summary>Makes the bounds.</summary>
    /// <param name="time">Timers.</param>
    /// <param name="most">Watches of all users.</param>
    /// <param name="mostOfOne">Watches of one user.</param>
    /// <param name="patience">How long a watch waits for a client that does not read; null: 30 s.</param>
    public ApiLoad(TimeProvider time, int most = MostWatches, int mostOfOne = MostWatchesOfOne, TimeSpan? patience = null)
    {
        (Time, _most, _mostOfOne, _patience) = (time, most, mostOfOne, patience ?? TimeSpan.FromSeconds(30));
    }

    /// <summary>The counters now.</summary>
    public ApiLoadStatus Status => new(
        Volatile.Read(ref _watches), Interlocked.Read(ref _opened), Interlocked.Read(ref _refused), Interlocked.Read(ref _slowReaders), Interlocked.Read(ref _slowBodies), Interlocked.Read(ref _cached));

    internal TimeProvider Time { get; }

    /// <summary>Opens a watch; disposing closes it.</summary>
    /// <param name="user">Whose.</param>
    /// <exception cref="ApiException">429: there are too many.</exception>
    internal IDisposable BeginWatch(string user)
    {
        if (Interlocked.Increment(ref _watches) > _most)
            throw Refused(ref _watches, $"the API already has {_most} watches open");
        if (_ofUsers.AddOrUpdate(user, 1, static (_, open) => open + 1) > _mostOfOne)
        {
            Leave(user);
            throw Refused(ref _watches, $"{user} already has {_mostOfOne} watches open");
        }

        Interlocked.Increment(ref _opened);
        return new OpenWatch(this, user);
    }

    /// <summary>Waits for a client to take what was written, and ends its connection when it does not.</summary>
    /// <param name="flush">The writing.</param>
    /// <param name="context">The request.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    internal async ValueTask AwaitReaderAsync(Task flush, HttpContext context)
    {
        try
        {
            await flush.WaitAsync(_patience, Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Upstream's cacher too closes the watch of whoever does not take its events (pkg/storage/cacher/cache_watcher.go); the client
            // watches again from what it has seen last, and lists when that is too old.
            Interlocked.Increment(ref _slowReaders);
            context.Abort();
            throw new OperationCanceledException("the client does not read");
        }
    }

    /// <summary>Counts a body that came too slowly.</summary>
    internal void CountSlowBody() => Interlocked.Increment(ref _slowBodies);

    /// <summary>Counts what the host's own copy answers.</summary>
    internal void CountCached() => Interlocked.Increment(ref _cached);

    private ApiException Refused(ref int open, string why)
    {
        Interlocked.Decrement(ref open);
        Interlocked.Increment(ref _refused);
        return new ApiException(StatusCodes.Status429TooManyRequests, "TooManyRequests", $"{why}, please try again later") { RetryAfterSeconds = 1 };
    }

    // Users come and go: the last watch of one takes its count away.
    private void Leave(string user)
    {
        while (_ofUsers.TryGetValue(user, out int open))
        {
            if (open == 1 ? _ofUsers.TryRemove(KeyValuePair.Create(user, 1)) : _ofUsers.TryUpdate(user, open - 1, open))
                return;
        }
    }

    private sealed class OpenWatch(ApiLoad load, string user) : IDisposable
    {
        public void Dispose()
        {
            load.Leave(user);
            Interlocked.Decrement(ref load._watches);
        }
    }
}
