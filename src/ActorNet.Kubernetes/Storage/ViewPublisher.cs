namespace ActorNet.Kubernetes.Storage;

/// <summary>
/// Shows what a store holds to readers on any thread: the newest view, and watches that wake when another one is shown. One writer at a
/// time.
/// </summary>
/// <param name="first">What is shown at first.</param>
public sealed class ViewPublisher(KeyValueView first) : ISignalledChanges
{
    private volatile KeyValueView _view = first;
    private volatile TaskCompletionSource _changed = NewSignal();

    /// <summary>The newest view.</summary>
    public KeyValueView Current => _view;

    Task ISignalledChanges.Changed => _changed.Task;

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

    /// <summary>Opens a watch, as <see cref="IObjectSource.Watch"/>.</summary>
    public IStoreWatch Watch(KeyRange keys, long startRevision) => new SignalledWatch(this, keys, startRevision);

    StoreChanges ISignalledChanges.Changes(KeyRange keys, long startRevision) => _view.Changes(keys, startRevision);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
