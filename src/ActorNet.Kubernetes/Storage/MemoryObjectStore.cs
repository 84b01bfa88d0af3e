namespace ActorNet.Kubernetes.Storage;

/// <summary>A store that lives as long as its process: a <see cref="KeyValueState"/> for any thread.</summary>
public sealed class MemoryObjectStore : IObjectStore
{
    private readonly Lock _writing = new();
    private readonly KeyValueState _state;
    private volatile KeyValueView _view;
    private volatile TaskCompletionSource _changed = NewSignal();

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
        _view = state.View();
    }

    /// <inheritdoc/>
    public ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancel.ThrowIfCancellationRequested();
        return new ValueTask<RangeResult>(_view.Range(request));
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
            Publish();
        }

        return new ValueTask<TransactionResult>(result);
    }

    /// <inheritdoc/>
    public ValueTask CompactAsync(long revision, CancellationToken cancel = default)
    {
        lock (_writing)
        {
            _state.Compact(revision);
            Publish();
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public IStoreWatch Watch(KeyRange keys, long startRevision) => new MemoryWatch(this, keys, startRevision);

    // The view first: who is woken by the signal must find it.
    private void Publish()
    {
        _view = _state.View();
        TaskCompletionSource before = _changed;
        _changed = NewSignal();
        before.TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class MemoryWatch(MemoryObjectStore store, KeyRange keys, long startRevision) : IStoreWatch
    {
        private long _revision = startRevision - 1;
        private long _returned = startRevision - 1;

        public long Revision => Volatile.Read(ref _revision);

        public async ValueTask<StoreChanges> NextAsync(CancellationToken cancel = default)
        {
            // What the last call returned counts as delivered from now on.
            Volatile.Write(ref _revision, _returned);
            while (true)
            {
                // The signal first: a write between the two is then either in the view or in the signal.
                Task changed = store._changed.Task;
                StoreChanges changes = store._view.Changes(keys, _returned + 1);
                _returned = changes.Revision;
                if (changes.Events.Count > 0)
                    return changes;
                Volatile.Write(ref _revision, _returned);
                await changed.WaitAsync(cancel).ConfigureAwait(false);
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
