namespace ActorNet.Kubernetes.Storage;

/// <summary>
/// Shows what a store holds to readers on any thread: the newest view, and watches that wake when another one is shown. One writer at a
/// time.
/// </summary>
/// <param name="first">What is shown at first.</param>
public sealed class ViewPublisher(KeyValueView first)
{
    private volatile KeyValueView _view = first;
    private volatile TaskCompletionSource _changed = NewSignal();

    /// <summary>The newest view.</summary>
    public KeyValueView Current => _view;

    /// <summary>Shows another view and wakes the watches.</summary>
    public void Publish(KeyValueView view)
    {
        // The view first: who is woken by the signal must find it.
        _view = view;
        TaskCompletionSource before = _changed;
        _changed = NewSignal();
        before.TrySetResult();
    }

    /// <summary>Ends the calls that wait, and those to come.</summary>
    /// <param name="reason">What they throw.</param>
    public void Fail(Exception reason) => _changed.TrySetException(reason);

    /// <summary>Opens a watch, as <see cref="IObjectStore.Watch"/>.</summary>
    public IStoreWatch Watch(KeyRange keys, long startRevision) => new ViewWatch(this, keys, startRevision);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class ViewWatch(ViewPublisher views, KeyRange keys, long startRevision) : IStoreWatch
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
                Task changed = views._changed.Task;
                StoreChanges changes = views._view.Changes(keys, _returned + 1);
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
