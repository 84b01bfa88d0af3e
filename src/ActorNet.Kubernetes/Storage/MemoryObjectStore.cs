namespace ActorNet.Kubernetes.Storage;

/// <summary>A store that lives as long as its process: a <see cref="KeyValueState"/> for any thread.</summary>
public sealed class MemoryObjectStore : IObjectStore
{
    private readonly Lock _writing = new();
    private readonly KeyValueState _state;
    private readonly ViewPublisher _views;

    /// <summary>Makes an empty store.</summary>
    public MemoryObjectStore() : this(new KeyValueState())
    {
    }

    /// <summary>Makes a store that begins with a state.</summary>
    /// <param name="state">The state, taken over.</param>
    public MemoryObjectStore(KeyValueState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _state = state;
        _views = new ViewPublisher(state.View());
    }

    /// <inheritdoc/>
    public ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancel.ThrowIfCancellationRequested();
        return new ValueTask<RangeResult>(_views.Current.Range(request));
    }

    /// <inheritdoc/>
    public ValueTask<TransactionResult> CommitAsync(StoreTransaction transaction, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        cancel.ThrowIfCancellationRequested();
        TransactionResult result;
        lock (_writing)
        {
            result = _state.Apply(transaction);
            _views.Publish(_state.View());
        }

        return new ValueTask<TransactionResult>(result);
    }

    /// <inheritdoc/>
    public ValueTask CompactAsync(long revision, CancellationToken cancel = default)
    {
        lock (_writing)
        {
            _state.Compact(revision);
            _views.Publish(_state.View());
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public IStoreWatch Watch(KeyRange keys, long startRevision) => _views.Watch(keys, startRevision);
}
