namespace ActorNet.Kubernetes.Storage;

/// <summary>Changes in memory, and a signal that there are more.</summary>
internal interface ISignalledChanges
{
    /// <summary>Done when something has changed since it was asked for.</summary>
    Task Changed { get; }

    /// <summary>The changes of a range from a revision on, as far as there are any.</summary>
    /// <exception cref="CompactedException">The revision is no longer kept.</exception>
    StoreChanges Changes(KeyRange keys, long startRevision);
}

/// <summary>A reader of changes in memory.</summary>
internal sealed class SignalledWatch(ISignalledChanges source, KeyRange keys, long startRevision) : IStoreWatch
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
            // The signal first: a write between the two is then either in the changes or in the signal.
            Task changed = source.Changed;
            StoreChanges changes = source.Changes(keys, _returned + 1);
            _returned = changes.Revision;
            if (changes.Events.Count > 0)
                return changes;
            Volatile.Write(ref _revision, _returned);
            await changed.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
