using System.Threading.Channels;
using ActorNet.Dataplane.Time;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Traceroute;

/// <summary>Sends probes and collects what comes back; its sockets are touched in their owner's turns only.</summary>
internal abstract class TracerouteProber(ProgramContext context) : IAsyncDisposable
{
    private readonly Channel<ProbeReply> _replies = Channel.CreateUnbounded<ProbeReply>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>What came back, in order.</summary>
    public ChannelReader<ProbeReply> Replies => _replies.Reader;

    /// <summary>Opens what all probes share, before anything is printed.</summary>
    /// <exception cref="TracerouteExit">The socket refused.</exception>
    public async Task OpenAsync() => ThrowIfFailed(await context.Namespace.RunAsync(Open).ConfigureAwait(false));

    /// <summary>Sends a probe.</summary>
    /// <param name="index">Its number, from 0.</param>
    /// <param name="timeToLive">Its TTL.</param>
    /// <returns>When it was sent.</returns>
    /// <exception cref="TracerouteExit">The socket refused.</exception>
    public async Task<Instant> SendAsync(int index, byte timeToLive)
    {
        (string? call, SocketResult result, Instant sentAt) = await context.Namespace.RunAsync(sockets => Send(sockets, index, timeToLive)).ConfigureAwait(false);
        ThrowIfFailed((call, result));
        return sentAt;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _replies.Writer.TryComplete();
        if (!context.Namespace.Gone.IsCancellationRequested)
            context.Namespace.Post(_ => Close());
        await ValueTask.CompletedTask.ConfigureAwait(false);
    }

    /// <summary>Opens, in a turn of the owner; the call that failed, or null.</summary>
    protected virtual (string? Call, SocketResult Result) Open(SocketLayer sockets) => default;

    /// <summary>Sends, in a turn of the owner; the call that failed, or null.</summary>
    protected abstract (string? Call, SocketResult Result, Instant SentAt) Send(SocketLayer sockets, int index, byte timeToLive);

    /// <summary>Closes the sockets, in a turn of the owner.</summary>
    protected abstract void Close();

    // perror's line begins on a line of its own: the first line, which tells what is tried, has no end yet.
    private static void ThrowIfFailed((string? Call, SocketResult Result) outcome)
    {
        if (outcome.Call is { } call)
            throw new TracerouteExit(1, $"\n{call}: {outcome.Result.Describe()}\n");
    }

    /// <summary>Tells of an answer.</summary>
    protected void Tell(ProbeReply reply) => _replies.Writer.TryWrite(reply);

    /// <summary>Tells of an ICMP error, unless it says nothing about the way.</summary>
    protected void Tell(int index, in SocketErrorRecord error)
    {
        if (error.Origin == SocketErrorOrigin.Icmp && error.Type is IcmpType.TimeExceeded or IcmpType.DestinationUnreachable)
        {
            bool isFinal = error.Type == IcmpType.DestinationUnreachable;
            Tell(new ProbeReply(index, error.Offender, error.ReceivedAt, isFinal, isFinal ? TracerouteText.Mark(error.Code, error.Mtu) : ""));
        }
        else if (error.Origin == SocketErrorOrigin.Local && error.Result == SocketResult.MessageTooLong)
        {
            Tell(new ProbeReply(index, error.Destination.Address, error.ReceivedAt, true, TracerouteText.Mark(4, error.Mtu)));
        }
    }
}
