using System.Collections.Concurrent;
using System.Net.Sockets;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Streaming;

/// <summary>The streams under way on a host: bounded in number, counted by kind, and ended together when the host stops.</summary>
/// <param name="time">Timers.</param>
/// <param name="most">How many may be open at once; one more is refused with 429.</param>
public sealed class StreamSessions(TimeProvider time, int most = 512) : IDisposable
{
    // Go's net.ListenConfig sets these on what a kubelet accepts: a peer that vanished is noticed after about two and a half minutes.
    private const int KeepAliveSeconds = 15;
    private const int KeepAliveProbes = 9;

    private readonly CancellationTokenSource _stopped = new();
    private readonly ConcurrentDictionary<string, long> _opened = new(StringComparer.Ordinal);
    private int _open;
    private long _refused;
    private long _neverOpened;

    /// <summary>The time of its timers.</summary>
    public TimeProvider Time => time;

    /// <summary>Streams open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Streams refused because there were too many.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Commands given up because their client asked for an upgrade and then did not open its streams in time.</summary>
    public long NeverOpened => Interlocked.Read(ref _neverOpened);

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
        WatchPeer(context);
        return new StreamSession(CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopped.Token), time, () => Interlocked.Decrement(ref _open), () => Interlocked.Increment(ref _neverOpened));
    }

    private static void WatchPeer(HttpContext context)
    {
        if (context.Features.Get<IConnectionSocketFeature>()?.Socket is not { ProtocolType: ProtocolType.Tcp } socket)
            return;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
    }
}

/// <summary>One stream under way.</summary>
/// <param name="ended">Cancelled when the client is gone or the host stops.</param>
/// <param name="time">Timers.</param>
/// <param name="closed">Called once at the end.</param>
/// <param name="neverOpened">Called when the client did not open its streams in time.</param>
internal sealed class StreamSession(CancellationTokenSource ended, TimeProvider time, Action closed, Action neverOpened) : IDisposable
{
    /// <summary>Cancelled when the client is gone or the host stops.</summary>
    public CancellationToken Ended => ended.Token;

    /// <summary>Timers.</summary>
    public TimeProvider Time => time;

    /// <summary>Notes that the client did not open its streams in time.</summary>
    public void NoteNeverOpened() => neverOpened();

    /// <inheritdoc/>
    public void Dispose()
    {
        ended.Dispose();
        closed();
    }
}
