using ActorNet.Kubernetes.Storage;
using MessagePack;

namespace ActorNet.Cluster.Stores.Peers;

/// <summary>Answers the calls of other members on one connection, many at a time, bounded.</summary>
/// <param name="run">Carries a write out here; <see cref="StoreUnavailableException"/> when this member is not the leader.</param>
internal sealed class CallAnswers(Func<StoreCommand, CancellationToken, Task<TransactionResult?>> run)
{
    /// <summary>The most calls of one connection that are being answered; the next is read when one is done.</summary>
    private const int MaximumCalls = 1024;

    /// <summary>Answers until the stream ends.</summary>
    public async Task ServeAsync(Stream stream, CancellationToken cancel)
    {
        using var room = new SemaphoreSlim(MaximumCalls, MaximumCalls);
        using var sending = new SemaphoreSlim(1, 1);
        try
        {
            while (await CallFormat.ReadFrameAsync(stream, cancel).ConfigureAwait(false) is { } frame)
            {
                (long number, StoreCommand command) = CallFormat.ReadCall(frame);
                await room.WaitAsync(cancel).ConfigureAwait(false);
                _ = AnswerAsync(number, command);
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException or OperationCanceledException or MessagePackSerializationException or EndOfStreamException)
        {
            // The other end is told by the end of its stream.
        }

        // Those under way still use what is disposed of behind them.
        for (int i = 0; i < MaximumCalls; i++)
            await room.WaitAsync(CancellationToken.None).ConfigureAwait(false);

        async Task AnswerAsync(long number, StoreCommand command)
        {
            try
            {
                ReadOnlyMemory<byte> answer = CallFormat.Answer(number, await ResultAsync(command, cancel).ConfigureAwait(false));
                await sending.WaitAsync(cancel).ConfigureAwait(false);
                try
                {
                    await stream.WriteAsync(answer, cancel).ConfigureAwait(false);
                    await stream.FlushAsync(cancel).ConfigureAwait(false);
                }
                finally
                {
                    sending.Release();
                }
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException or OperationCanceledException)
            {
                // As above.
            }
            finally
            {
                room.Release();
            }
        }
    }

    private async Task<CommandResult> ResultAsync(StoreCommand command, CancellationToken cancel)
    {
        try
        {
            return new CommandResult(await run(command, cancel).ConfigureAwait(false), null);
        }
        catch (StoreException refusal)
        {
            return new CommandResult(null, refusal);
        }
    }
}
