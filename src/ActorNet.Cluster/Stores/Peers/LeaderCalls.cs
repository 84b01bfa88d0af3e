using System.Collections.Concurrent;
using System.Net;
using MessagePack;

namespace ActorNet.Cluster.Stores.Peers;

/// <summary>Carries writes to one leader over one connection, many at a time. A new leader gets a new one of these.</summary>
internal sealed class LeaderCalls : IAsyncDisposable
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource<CommandResult>> _waiting = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Stream _stream;
    private readonly Task _reading;
    private long _number;
    private volatile StoreUnavailableException? _broken;
    private int _ended;

    private LeaderCalls(EndPoint leader, Stream stream)
    {
        Leader = leader;
        _stream = stream;
        _reading = ReadAsync();
    }

    /// <summary>The leader.</summary>
    public EndPoint Leader { get; }

    /// <summary>True when the connection has ended.</summary>
    public bool IsBroken => _broken is not null;

    /// <summary>Connects to a leader.</summary>
    /// <exception cref="IOException">It cannot be reached.</exception>
    public static async Task<LeaderCalls> ConnectAsync(PeerTransport transport, EndPoint leader, CancellationToken cancel) =>
        On(leader, await transport.CallAsync(leader, cancel).ConfigureAwait(false));

    /// <summary>Begins to talk on a connection that stands.</summary>
    public static LeaderCalls On(EndPoint leader, Stream stream) => new(leader, stream);

    /// <summary>Asks the leader to carry a write out.</summary>
    /// <returns>What became of it.</returns>
    public async Task<CommandResult> CallAsync(StoreCommand command, CancellationToken cancel)
    {
        long number = Interlocked.Increment(ref _number);
        var waiting = new TaskCompletionSource<CommandResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[number] = waiting;
        try
        {
            // A link that was cut takes no bytes for as long as it is: who gives up does not wait for it.
            await SendAsync(CallFormat.Call(number, command)).WaitAsync(cancel).ConfigureAwait(false);
            // Between the two: the connection that broke before this call was put down.
            if (_broken is { } broken)
                waiting.TrySetResult(new CommandResult(null, broken));
            return await waiting.Task.WaitAsync(cancel).ConfigureAwait(false);
        }
        finally
        {
            _waiting.TryRemove(number, out _);
        }
    }

    /// <summary>Waits for no more answers: what was asked may have been done, or may still be.</summary>
    /// <param name="reason">Why, for people.</param>
    public void Leave(string reason) => Break(new IOException(reason));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        await _ending.CancelAsync().ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
        _sending.Dispose();
    }

    // A frame that was begun is ended: who gives up waiting must not leave half of one to those who come after.
    private async Task SendAsync(ReadOnlyMemory<byte> frame)
    {
        try
        {
            await _sending.WaitAsync(_ending.Token).ConfigureAwait(false);
            try
            {
                await _stream.WriteAsync(frame, _ending.Token).ConfigureAwait(false);
                await _stream.FlushAsync(_ending.Token).ConfigureAwait(false);
            }
            finally
            {
                _sending.Release();
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or OperationCanceledException)
        {
            Break(failure);
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await CallFormat.ReadFrameAsync(_stream, _ending.Token).ConfigureAwait(false) is { } frame)
            {
                (long number, CommandResult result) = CallFormat.ReadAnswer(frame);
                if (_waiting.TryRemove(number, out TaskCompletionSource<CommandResult>? waiting))
                    waiting.TrySetResult(result);
            }

            Break(new EndOfStreamException("the connection ended"));
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or OperationCanceledException or MessagePackSerializationException or EndOfStreamException)
        {
            Break(failure);
        }
    }

    private void Break(Exception failure)
    {
        _broken ??= new StoreUnavailableException($"the connection to the store's leader {Leader} broke: {failure.Message}", outcomeUnknown: true, failure);
        foreach (TaskCompletionSource<CommandResult> each in _waiting.Values)
            each.TrySetResult(new CommandResult(null, _broken));
    }
}
