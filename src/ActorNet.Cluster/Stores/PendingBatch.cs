using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Stores;

/// <summary>What became of a write: a result, a refusal, or neither for one that has no result.</summary>
internal readonly record struct CommandResult(TransactionResult? Transaction, StoreException? Refusal);

/// <summary>A batch on its way through the log, and those who wait for its writes.</summary>
internal sealed class PendingBatch(StoreBatch batch, IReadOnlyList<TaskCompletionSource<TransactionResult?>> waiting)
{
    /// <summary>The batch.</summary>
    public StoreBatch Batch { get; } = batch;

    /// <summary>Tells each what became of its write.</summary>
    public void Complete(CommandResult[] results)
    {
        for (int i = 0; i < results.Length; i++)
        {
            if (results[i].Refusal is { } refusal)
                waiting[i].TrySetException(refusal);
            else
                waiting[i].TrySetResult(results[i].Transaction);
        }
    }

    /// <summary>Tells all who still wait that it failed.</summary>
    public void Fail(StoreException reason)
    {
        foreach (TaskCompletionSource<TransactionResult?> each in waiting)
            each.TrySetException(reason);
    }
}
