using System.Collections.Immutable;

namespace ActorNet.Kubernetes.Storage;

/// <summary>What a comparison looks at.</summary>
public enum CompareTarget
{
    /// <summary>The revision that wrote the value; 0 for an absent key.</summary>
    ModRevision,

    /// <summary>The revision that created the key; 0 for an absent key.</summary>
    CreateRevision,

    /// <summary>How often it was written; 0 for an absent key.</summary>
    Version,
}

/// <summary>How a comparison compares.</summary>
public enum CompareResult
{
    /// <summary>The two are equal.</summary>
    Equal,

    /// <summary>They differ.</summary>
    NotEqual,

    /// <summary>What the store has is greater.</summary>
    Greater,

    /// <summary>What the store has is less.</summary>
    Less,
}

/// <summary>One condition of a transaction.</summary>
/// <param name="Key">The key.</param>
/// <param name="Target">What of it.</param>
/// <param name="Result">How it must compare.</param>
/// <param name="Operand">With what.</param>
public sealed record Comparison(string Key, CompareTarget Target, CompareResult Result, long Operand)
{
    /// <summary>The key does not exist.</summary>
    public static Comparison Absent(string key) => new(key, CompareTarget.ModRevision, CompareResult.Equal, 0);

    /// <summary>The key was last written by this revision.</summary>
    public static Comparison Unchanged(string key, long modRevision) => new(key, CompareTarget.ModRevision, CompareResult.Equal, modRevision);

    /// <summary>True when what the store has passes.</summary>
    /// <param name="found">The object, or null when the key is absent.</param>
    public bool Holds(StoredObject? found)
    {
        long value = Target switch
        {
            CompareTarget.ModRevision => found?.ModRevision ?? 0,
            CompareTarget.CreateRevision => found?.CreateRevision ?? 0,
            _ => found?.Version ?? 0,
        };
        return Result switch
        {
            CompareResult.Equal => value == Operand,
            CompareResult.NotEqual => value != Operand,
            CompareResult.Greater => value > Operand,
            _ => value < Operand,
        };
    }
}

/// <summary>One step of a transaction.</summary>
public abstract record StoreOperation;

/// <summary>Writes a key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value; the caller no longer changes its bytes.</param>
public sealed record PutOperation(string Key, ReadOnlyMemory<byte> Value) : StoreOperation;

/// <summary>Deletes every key of a range.</summary>
/// <param name="Keys">The range.</param>
public sealed record DeleteOperation(KeyRange Keys) : StoreOperation;

/// <summary>Reads a range as the steps before it left it.</summary>
/// <param name="Request">What to read.</param>
public sealed record RangeOperation(RangeRequest Request) : StoreOperation;

/// <summary>
/// Conditions, and what happens when all hold or when one does not, in one step of the store, as etcd's TxnRequest. All writes of a
/// transaction get one revision; a transaction that changes nothing uses none up. A key may be written once in a transaction.
/// </summary>
/// <param name="Comparisons">The conditions; none: they hold.</param>
/// <param name="Success">The steps when they hold.</param>
/// <param name="Failure">The steps when they do not.</param>
public sealed record StoreTransaction(ImmutableArray<Comparison> Comparisons, ImmutableArray<StoreOperation> Success, ImmutableArray<StoreOperation> Failure)
{
    /// <summary>The most conditions, and the most steps of either list: etcd's default of --max-txn-ops.</summary>
    public const int MaxOperations = 128;

    /// <summary>The longest value, in bytes: etcd's default of --max-request-bytes.</summary>
    public const int MaxValueBytes = 1_572_864;

    /// <summary>Steps without a condition.</summary>
    public static StoreTransaction Of(params StoreOperation[] steps) => new([], [.. steps], []);

    /// <summary>Steps under conditions; when they do not hold nothing happens.</summary>
    public static StoreTransaction When(IEnumerable<Comparison> comparisons, params StoreOperation[] steps) => new([.. comparisons], [.. steps], []);

    /// <summary>Looks at what can be refused without knowing what a store holds.</summary>
    /// <exception cref="StoreException">It writes a key twice or is too large.</exception>
    public void Check()
    {
        CheckSize("conditions", Comparisons.Length);
        CheckSteps(Success);
        CheckSteps(Failure);
    }

    private static void CheckSize(string what, int count)
    {
        if (count > StoreTransaction.MaxOperations)
            throw new StoreException($"the transaction has {count} {what}, and the store takes at most {StoreTransaction.MaxOperations}");
    }

    private static void CheckValue(PutOperation put)
    {
        if (put.Value.Length > MaxValueBytes)
            throw new StoreException($"the value of {put.Key} has {put.Value.Length} bytes, and the store takes at most {MaxValueBytes}");
    }

    private static void CheckSteps(ImmutableArray<StoreOperation> steps)
    {
        CheckSize("steps", steps.Length);
        if (steps is [PutOperation single])
        {
            CheckValue(single);
            return;
        }

        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (PutOperation put in steps.OfType<PutOperation>())
        {
            CheckValue(put);
            if (!written.Add(put.Key))
                throw new StoreException($"the transaction writes {put.Key} twice: its steps share one revision");
        }

        string? both = steps.OfType<DeleteOperation>().SelectMany(delete => written.Where(delete.Keys.Contains)).FirstOrDefault();
        if (both is not null)
            throw new StoreException($"the transaction writes and deletes {both}: its steps share one revision");
    }
}

/// <summary>What one step gave.</summary>
/// <param name="Range">The objects it read; for a deletion those it deleted; for a write the object before it, if there was one.</param>
public sealed record OperationResult(RangeResult Range);

/// <summary>What a transaction did.</summary>
/// <param name="Succeeded">True when the conditions held.</param>
/// <param name="Revision">The store's revision behind it: that of its writes, if it wrote.</param>
/// <param name="Results">A result for each step that ran, in order.</param>
public sealed record TransactionResult(bool Succeeded, long Revision, IReadOnlyList<OperationResult> Results);
