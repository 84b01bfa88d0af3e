using System.Collections.Concurrent;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Streaming;

/// <summary>The streams under way on a host: bounded in number, counted by kind, and ended together when the host stops.</summary>
/// <param name="time">Timers.</param>
/// <param name="most">How many may be open at once; one more is refused with 429.</param>
public sealed class StreamSessions(TimeProvider time, int most = 512) : IDisposable
{
    private readonly CancellationTokenSource _stopped = new();
    private readonly ConcurrentDictionary<string, long> _opened = new(StringComparer.Ordinal);
    private int _open;
    private long _refused;
    private long _neverOpened;
    private long _deserted;

    /// <summary>The time of its timers.</summary>
    public TimeProvider Time => time;

    /// <summary>Streams open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Streams refused because there were too many.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Commands given up because their client asked for an upgrade and then did not open its streams in time.</summary>
    public long NeverOpened => Interlocked.Read(ref _neverOpened);

    /// <summary>Logs that were followed and commands whose client was gone before their end: it left, was cut off, or vanished without a word.</summary>
    public long Deserted => Interlocked.Read(ref _deserted);

    /// <summary>Streams opened so far, by kind: logs, exec, attach, portforward.</summary>
    public IReadOnlyDictionary<string, long> Opened => _opened;

    /// <summary>Ends all streams; new ones end at once.</summary>
    public void Dispose()
    {
        _stopped.Cancel();
        _stopped.Dispose();
    }

    /// <summary>Opens one.</summary>
    /// <exception cref="ApiException">429: there are too many.</exception>
    internal StreamSession Begin(HttpContext context, string kind)
    {
        if (Interlocked.Increment(ref _open) > most)
        {
            Interlocked.Decrement(ref _open);
            Interlocked.Increment(ref _refused);
            throw new ApiException(StatusCodes.Status429TooManyRequests, "TooManyRequests", $"this host already has {most} streams open, please try again later") { RetryAfterSeconds = 1 };
        }

        _opened.AddOrUpdate(kind, 1, static (_, count) => count + 1);
        return new StreamSession(CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopped.Token), time, () => Interlocked.Decrement(ref _open), () => Interlocked.Increment(ref _neverOpened), () => Interlocked.Increment(ref _deserted));
    }
}

/// <summary>One stream under way.</summary>
/// <param name="ended">Cancelled when the client is gone or the host stops.</param>
/// <param name="time">Timers.</param>
/// <param name="closed">Called once at the end.</param>
/// <param name="neverOpened">Called when the client did not open its streams in time.</param>
/// <param name="deserted">Called when the client went before the end.</param>
internal sealed class StreamSession(CancellationTokenSource ended, TimeProvider time, Action closed, Action neverOpened, Action deserted) : IDisposable
{
    /// <summary>Cancelled when the client is gone or the host stops.</summary>
    public CancellationToken Ended => ended.Token;

    /// <summary>Timers.</summary>
    public TimeProvider Time => time;

    /// <summary>Notes that the client did not open its streams in time.</summary>
    public void NoteNeverOpened() => neverOpened();

    /// <summary>Notes that the client went before the end.</summary>
    public void NoteDeserted() => deserted();

    /// <inheritdoc/>
    public void Dispose()
    {
        ended.Dispose();
        closed();
    }
}
