using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api.Watches;

/// <summary>A watch of the store that is asked whether there are changes, and signals when there are.</summary>
internal sealed class StoreReading : IAsyncDisposable
{
    private readonly IStoreWatch _watch;
    private readonly WatchSignal _signal;
    private readonly CancellationTokenSource _ending = new();
    private Task<StoreChanges>? _next;

    /// <summary>Opens a watch.</summary>
    /// <param name="store">The store.</param>
    /// <param name="place">The keys, and the revision behind which it begins.</param>
    /// <param name="signal">Set when changes are there.</param>
    public StoreReading(IObjectSource store, KindReader place, WatchSignal signal)
    {
        (_watch, _signal) = (store.Watch(place.Keys, place.Position + 1), signal);
    }

    /// <summary>Every change up to this revision was taken, but for those that are there.</summary>
    public long Revision => _watch.Revision;

    /// <summary>Asks whether changes are there, or a failure; if not, the signal tells when.</summary>
    public bool HasNext => (_next ??= Ask()).IsCompleted;

    /// <summary>Takes the changes that are there.</summary>
    /// <exception cref="ApiException">What comes next was compacted: 410.</exception>
    public async ValueTask<StoreChanges> TakeAsync()
    {
        try
        {
            StoreChanges changes = await (_next ??= Ask()).ConfigureAwait(false);
            _next = null;
            return changes;
        }
        catch (CompactedException e)
        {
            throw ApiErrors.Expired($"too old resource version: {e.Asked} ({e.CompactRevision})");
        }
    }

    public async ValueTask DisposeAsync()
    {
        // A reader that leaves must not leave a waiter behind in the store.
        await _ending.CancelAsync().ConfigureAwait(false);
        await _watch.DisposeAsync().ConfigureAwait(false);
        _ending.Dispose();
    }

    private Task<StoreChanges> Ask()
    {
        Task<StoreChanges> next = _watch.NextAsync(_ending.Token).AsTask();
        if (!next.IsCompleted)
            next.ContinueWith(static (_, signal) => ((WatchSignal)signal!).Set(), _signal, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return next;
    }
}
