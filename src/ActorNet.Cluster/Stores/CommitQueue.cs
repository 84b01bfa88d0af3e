using System.Threading.Channels;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Stores;

/// <summary>
/// Group commit: the writes that come while an entry is on its way go into the next one together, so that one flush of the disk serves
/// them all.
/// </summary>
/// <param name="replicate">Brings a batch into the log; returns when it is committed.</param>
internal sealed class CommitQueue(Func<PendingBatch, CancellationToken, Task> replicate) : IAsyncDisposable
{
    /// <summary>The most writes of one entry.</summary>
    private const int MaximumCommands = 256;

    /// <summary>No write is added to an entry that has so many bytes of values already.</summary>
    private const int EnoughBytes = 1 << 20;

    /// <summary>The most writes that wait; who comes beyond waits for room.</summary>
    private const int Depth = 4096;

    private readonly Channel<Waiting> _waiting = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(Depth) { SingleReader = true });
    private readonly CancellationTokenSource _ending = new();
    private Task _pump = Task.CompletedTask;

    /// <summary>Begins to take writes.</summary>
    public void Start() => _pump = PumpAsync();

    /// <summary>Adds a write and waits for what became of it.</summary>
    /// <exception cref="StoreUnavailableException">The log did not take it.</exception>
    public async Task<TransactionResult?> AddAsync(StoreCommand command, CancellationToken cancel)
    {
        var waiting = new Waiting(command, new TaskCompletionSource<TransactionResult?>(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await _waiting.Writer.WriteAsync(waiting, cancel).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new StoreUnavailableException("the store has ended", outcomeUnknown: false);
        }

        return await waiting.Result.Task.WaitAsync(cancel).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _ending.CancelAsync().ConfigureAwait(false);
        await _pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (_waiting.Reader.TryRead(out Waiting? left))
            left.Result.TrySetException(new StoreUnavailableException("the store has ended", outcomeUnknown: false));
        _ending.Dispose();
    }

    private async Task PumpAsync()
    {
        var taken = new List<Waiting>(MaximumCommands);
        while (await _waiting.Reader.WaitToReadAsync(_ending.Token).ConfigureAwait(false))
        {
            taken.Clear();
            for (long bytes = 0; taken.Count < MaximumCommands && bytes < EnoughBytes && _waiting.Reader.TryRead(out Waiting? next);)
            {
                taken.Add(next);
                bytes += BytesOf(next.Command);
            }

            await SendAsync(new PendingBatch(new StoreBatch(Guid.NewGuid(), [.. taken.Select(each => each.Command)]), [.. taken.Select(each => each.Result)])).ConfigureAwait(false);
        }
    }

    private async Task SendAsync(PendingBatch batch)
    {
        try
        {
            await replicate(batch, _ending.Token).ConfigureAwait(false);
            // Those who were told what became of their writes hear no more of it: a snapshot that came meanwhile tells nobody.
            batch.Fail(new StoreUnavailableException("what became of the write is not known: the log went on with a snapshot", outcomeUnknown: true));
        }
        catch (StoreException refused)
        {
            batch.Fail(refused);
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            batch.Fail(new StoreUnavailableException("the store has ended", outcomeUnknown: true));
            throw;
        }
        catch (Exception failure)
        {
            batch.Fail(new StoreUnavailableException($"the store's log failed: {failure.Message}", outcomeUnknown: true, failure));
        }
    }

    private static long BytesOf(StoreCommand command) =>
        command is CommitCommand commit ? commit.Transaction.Success.Concat(commit.Transaction.Failure).OfType<PutOperation>().Sum(put => (long)put.Value.Length) : 0;

    private sealed record Waiting(StoreCommand Command, TaskCompletionSource<TransactionResult?> Result);
}
