using System.IO.Pipelines;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer;

/// <summary>What clients have under way at a host's API, and what was refused or ended to keep it bounded.</summary>
/// <param name="Watches">Watches open now.</param>
/// <param name="WatchesOpened">Watches opened so far.</param>
/// <param name="WatchesRefused">Watches refused with 429, because the host or the client had too many.</param>
/// <param name="SlowReaders">Watches and lists ended because their client did not read.</param>
/// <param name="SlowBodies">Requests refused with 408, because their body came too slowly.</param>
/// <param name="Cached">Reads and watches answered by the host's own copy, without the API server.</param>
/// <param name="ListSeats">Seats that the lists take which are being answered now.</param>
/// <param name="ListsRefused">Lists refused with 429, because those being answered took the seats of the host or of the client.</param>
public sealed record ApiLoadStatus(
    int Watches, long WatchesOpened, long WatchesRefused, long SlowReaders, long SlowBodies, long Cached, int ListSeats = 0, long ListsRefused = 0);

/// <summary>The bounds of what clients may have under way at a host's API, and its counters. For any thread.</summary>
/// <remarks>
/// Upstream's priority and fairness (apiserver pkg/util/flowcontrol) counts a watch only while it begins and answers 429 with Retry-After when a
/// level is full. A watch here holds no events, but a connection and a reader: their number is bounded for the host and for each user. A list holds
/// its objects until they are written: those that are answered at once are bounded by upstream's measure of their size.
/// </remarks>
public sealed class ApiLoad
{
    /// <summary>Watches of all users that may be open at once.</summary>
    public const int MostWatches = 10_000;

    /// <summary>Watches of one user that may be open at once.</summary>
    public const int MostWatchesOfOne = 5_000;

    /// <summary>Seats that the lists of all users may take at once: as many as an apiserver has for requests (--max-requests-inflight 400 and --max-mutating-requests-inflight 200).</summary>
    public const int MostListSeats = 600;

    /// <summary>Seats that the lists of one user may take at once.</summary>
    public const int MostListSeatsOfOne = 300;

    // A list takes a seat for each hundred of its objects, at most ten (apiserver pkg/util/flowcontrol/request/list_work_estimator.go).
    private const int ObjectsOfSeat = 100, MostSeatsOfList = 10;

    private readonly UserBound _watches;
    private readonly UserBound _lists = new(MostListSeats, MostListSeatsOfOne);
    private readonly TimeSpan _patience;
    private long _opened;
    private long _slowReaders;
    private long _slowBodies;
    private long _cached;

    /// <summary>Makes the bounds.</summary>
    /// <param name="time">Timers.</param>
    /// <param name="most">Watches of all users.</param>
    /// <param name="mostOfOne">Watches of one user.</param>
    /// <param name="patience">How long a watch or a list waits for a client that does not read; null: 30 s.</param>
    public ApiLoad(TimeProvider time, int most = MostWatches, int mostOfOne = MostWatchesOfOne, TimeSpan? patience = null)
    {
        (Time, _watches, _patience) = (time, new UserBound(most, mostOfOne), patience ?? TimeSpan.FromSeconds(30));
    }

    /// <summary>The counters now.</summary>
    public ApiLoadStatus Status => new(
        _watches.Taken, Interlocked.Read(ref _opened), _watches.Refused, Interlocked.Read(ref _slowReaders), Interlocked.Read(ref _slowBodies), Interlocked.Read(ref _cached),
        _lists.Taken, _lists.Refused);

    internal TimeProvider Time { get; }

    /// <summary>Opens a watch; disposing closes it.</summary>
    /// <param name="user">Whose.</param>
    /// <exception cref="ApiException">429: there are too many.</exception>
    internal IDisposable BeginWatch(string user)
    {
        IDisposable open = _watches.TryTake(user, 1, out int full) ?? throw Refusal(full == _watches.Most ? $"the API already has {full} watches open" : $"{user} already has {full} watches open");
        Interlocked.Increment(ref _opened);
        return open;
    }

    /// <summary>Takes the seats of a list while it is answered; disposing gives them back.</summary>
    /// <param name="user">Whose.</param>
    /// <param name="objects">How many objects it has.</param>
    /// <exception cref="ApiException">429: those that are being answered take too many.</exception>
    internal IDisposable BeginList(string user, int objects)
    {
        int seats = Math.Clamp((objects + ObjectsOfSeat - 1) / ObjectsOfSeat, 1, MostSeatsOfList);
        return _lists.TryTake(user, seats, out int full) ?? throw Refusal(
            $"the lists under way {(full == _lists.Most ? "at this host" : $"for {user}")} leave no room for one of {objects} objects (a seat for each {ObjectsOfSeat} of them, {full} seats in all): ask for fewer with limit");
    }

    /// <summary>Hands on what was written, and ends the connection of a client that does not take it.</summary>
    /// <param name="writer">What was written to.</param>
    /// <param name="context">The request.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    internal ValueTask FlushAsync(PipeWriter writer, HttpContext context)
    {
        // Most of the time the connection's buffers take all at once.
        ValueTask<FlushResult> flush = writer.FlushAsync(context.RequestAborted);
        if (!flush.IsCompletedSuccessfully)
            return AwaitReaderAsync(flush.AsTask(), context);
        _ = flush.Result;
        return ValueTask.CompletedTask;
    }

    private async ValueTask AwaitReaderAsync(Task flush, HttpContext context)
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

    private static ApiException Refusal(string why) =>
        new(StatusCodes.Status429TooManyRequests, "TooManyRequests", $"{why}, please try again later") { RetryAfterSeconds = 1 };
}
