using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Streams;

namespace ActorNet.Workloads.Netcat;

/// <summary>
/// Moves standard input to the network and the network to standard output, each direction ending by itself (netcat.c readwrite). It is over
/// when both have ended, when a listener's peer has ended, when the network failed, or when nothing moved for -w seconds. With -q a listener
/// and a UDP socket take nothing more once standard input has ended; in every case the program waits -q seconds after the end.
/// </summary>
internal sealed class NetcatRelay(ProgramContext context, NetcatOptions options, INetcatPeer peer) : IDisposable
{
    // BUFSIZE of the tool: what one read takes, hence the largest datagram of a UDP sender.
    private const int BufferSize = 16_384;

    private readonly CancellationTokenSource _over = CancellationTokenSource.CreateLinkedTokenSource(context.Cancellation);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private long _movedAt = context.Time.GetTimestamp();
    private int _received;

    /// <summary>Runs until it is over. The peer is closed then.</summary>
    public async Task RunAsync()
    {
        Task sending = SendAsync();
        Task receiving = ReceiveAsync();
        Task watching = options.Timeout is { } limit ? WatchAsync(limit) : Task.CompletedTask;
        try
        {
            await Task.WhenAll(sending, receiving).ConfigureAwait(false);
        }
        finally
        {
            await _over.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await peer.DisposeAsync().ConfigureAwait(false);
        }

        context.Cancellation.ThrowIfCancellationRequested();
        if (options.Quit is { } quit && quit > TimeSpan.Zero)
            await Task.Delay(quit, context.Time, context.Cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _over.Dispose();
        _writing.Dispose();
    }

    private async Task SendAsync()
    {
        try
        {
            // What the peer sent before it went is still to be read, but nothing can be sent any more.
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_over.Token, peer.Gone);
            byte[] buffer = new byte[BufferSize];
            var lines = new NetcatLines(options);
            int read;
            while (!options.DetachInput && (read = await ReadInputAsync(buffer, either.Token).ConfigureAwait(false)) > 0)
            {
                Touch();
                foreach (ReadOnlyMemory<byte> piece in lines.Cut(buffer.AsMemory(0, read)))
                {
                    if (!await WriteAsync(piece).ConfigureAwait(false))
                        return;
                }
            }

            Touch();
            if (options.ShutdownSend)
                await peer.ShutdownSendAsync().ConfigureAwait(false);
            if (options.Quit is not null && (options.Listen || options.Udp))
                await _over.CancelAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It is over, or the program is ended: told by RunAsync.
        }
    }

    private async ValueTask<int> ReadInputAsync(byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await context.Input.ReadAsync(buffer, cancellation).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // A closed standard input is one that has ended.
            return 0;
        }
    }

    private async Task<bool> WriteAsync(ReadOnlyMemory<byte> piece)
    {
        await _writing.WaitAsync(_over.Token).ConfigureAwait(false);
        try
        {
            if (!await peer.WriteAsync(piece, _over.Token).ConfigureAwait(false))
                return false;
        }
        finally
        {
            _writing.Release();
        }

        Touch();
        if (options.Interval > TimeSpan.Zero && piece.Span[^1] == '\n')
            await Task.Delay(options.Interval, context.Time, _over.Token).ConfigureAwait(false);
        return true;
    }

    private async Task ReceiveAsync()
    {
        try
        {
            byte[] buffer = new byte[BufferSize];
            int read;
            while ((read = await peer.ReadAsync(buffer, _over.Token).ConfigureAwait(false)) > 0)
            {
                Touch();
                await context.Output.WriteAsync(buffer.AsMemory(0, read), _over.Token).ConfigureAwait(false);
                if (++_received == options.ReceiveLimit)
                    break;
            }

            Touch();
            if (read != 0)
                await _over.CancelAsync().ConfigureAwait(false);
            else if (options.Listen)
                await EndAfterWriteAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // As above.
        }
        catch (BrokenPipeException)
        {
            // Nobody reads: SIGPIPE ends the tool.
            await _over.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    // "Queues empty": what was read from standard input still goes out.
    private async Task EndAfterWriteAsync()
    {
        await _writing.WaitAsync(_over.Token).ConfigureAwait(false);
        try
        {
            await _over.CancelAsync().ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task WatchAsync(TimeSpan limit)
    {
        while (!_over.IsCancellationRequested)
        {
            TimeSpan left = limit - context.Time.GetElapsedTime(Volatile.Read(ref _movedAt));
            if (left <= TimeSpan.Zero)
                await _over.CancelAsync().ConfigureAwait(false);
            else
                await Task.Delay(left, context.Time, _over.Token).ConfigureAwait(false);
        }
    }

    private void Touch() => Volatile.Write(ref _movedAt, context.Time.GetTimestamp());
}
