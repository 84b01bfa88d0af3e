using System.Runtime.CompilerServices;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api.Watches;

/// <summary>
/// Reads the store's changes once for all watches (upstream's watch cache: apiserver pkg/storage/cacher). It works while there is a watch. What it
/// no longer keeps, and everything once the store failed it, a watch reads from the store itself.
/// </summary>
internal sealed class ChangeLog(IObjectSource store, KindCatalog kinds)
{
    private static readonly TimeSpan LongestBehind = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();
    private Run? _run;

    /// <summary>Begins to follow a kind; the reader's position may be before what is kept.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="reader">The reader.</param>
    public async ValueTask<ChangeFeed> FollowAsync(KindDescriptor kind, KindReader reader)
    {
        Run run = Enter();
        try
        {
            await run.Begun.ConfigureAwait(false);
            return new ChangeFeed(this, run, run.Of(kind), reader);
        }
        catch
        {
            Leave(run);
            throw;
        }
    }

    /// <summary>
    /// How far some kinds have changed at a revision, if that is being followed: while the mark stays the same, none of their objects changed. Nobody
    /// begins to follow for it.
    /// </summary>
    /// <param name="kinds">The kinds.</param>
    /// <param name="revision">A revision that the store has.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Null: nobody follows, or the changes do not get there within a moment.</returns>
    public async ValueTask<ChangeMark?> MarkAsync(IReadOnlyList<KindDescriptor> kinds, long revision, CancellationToken cancel)
    {
        Run? run;
        lock (_lock)
            run = _run;
        if (run is not { HasEnded: false, Begun.IsCompletedSuccessfully: true } || !await ReachesAsync(run, revision, cancel).ConfigureAwait(false))
            return null;
        return new ChangeMark(run, kinds.Max(kind => run.Of(kind).Last));
    }

    // A store that others use too may be at a revision of theirs, which no change of ours comes to. Found out once, nobody waits for it again.
    private static async ValueTask<bool> ReachesAsync(Run run, long revision, CancellationToken cancel)
    {
        if (run.Revision >= revision || run.IsShared)
            return run.Revision >= revision && !run.HasEnded;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(LongestBehind);
        try
        {
            return await run.UntilAsync(revision, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            run.IsShared = true;
            return false;
        }
    }

    internal void Leave(Run run)
    {
        lock (_lock)
        {
            if (--run.Followers > 0)
                return;
            if (_run == run)
                _run = null;
        }

        run.Stop();
    }

    private Run Enter()
    {
        lock (_lock)
        {
            if (_run is null or { HasEnded: true })
                _run = new Run(store, kinds);
            _run.Followers++;
            return _run;
        }
    }

    /// <summary>The store's changes from one revision on, until nobody follows or the store fails.</summary>
    internal sealed class Run
    {
        private readonly IObjectSource _store;
        private readonly KindCatalog _kinds;
        private readonly Action _stop;
        private readonly CancellationToken _stopped;
        private (string Prefix, KindDescriptor Kind, KindChanges Changes)[] _byPrefix = [];
        private long _revision;
        private volatile bool _hasEnded;
        private volatile bool _isShared;
        private volatile TaskCompletionSource? _moved;

        public Run(IObjectSource store, KindCatalog kinds)
        {
            // It has no timer and nobody waits on its handle: there is nothing to dispose of.
            var stop = new CancellationTokenSource();
            (_store, _kinds, _stop, _stopped) = (store, kinds, stop.Cancel, stop.Token);
            Begun = BeginAsync();
        }

        /// <summary>Done when the store has said where it is.</summary>
        public Task Begun { get; }

        /// <summary>Who follows; under the log's lock.</summary>
        public int Followers { get; set; }

        /// <summary>Every change up to this revision is in <see cref="KindChanges"/>, as far as it is kept.</summary>
        public long Revision => Volatile.Read(ref _revision);

        /// <summary>Whether the store was once at a revision that no change came to for long: others write to it, too.</summary>
        public bool IsShared { get => _isShared; set => _isShared = value; }

        /// <summary>True when no more changes come.</summary>
        public bool HasEnded => _hasEnded;

        public KindChanges Of(KindDescriptor kind) => Array.Find(_byPrefix, each => each.Kind == kind).Changes;

        public void Stop()
        {
            _hasEnded = true;
            _stop();
            Tell();
        }

        /// <summary>Waits until every change up to a revision is in <see cref="KindChanges"/>.</summary>
        /// <param name="revision">A revision that the store has.</param>
        /// <param name="cancel">Ends it.</param>
        /// <returns>False when no more changes come.</returns>
        public async ValueTask<bool> UntilAsync(long revision, CancellationToken cancel)
        {
            while (Revision < revision)
            {
                TaskCompletionSource moved = Moved();
                // What came between the look and the wish to be told is not told.
                if (_hasEnded)
                    return false;
                if (Revision < revision)
                    await moved.Task.WaitAsync(cancel).ConfigureAwait(false);
            }

            return !_hasEnded;
        }

        private TaskCompletionSource Moved()
        {
            if (_moved is { } waiting)
                return waiting;
            var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return Interlocked.CompareExchange(ref _moved, mine, null) ?? mine;
        }

        private void Tell() => Interlocked.Exchange(ref _moved, null)?.TrySetResult();

        private async Task BeginAsync()
        {
            try
            {
                RangeResult nothing = await _store.RangeAsync(new RangeRequest(KeyRange.Single("/"), 0, 1), _stopped).ConfigureAwait(false);
                _revision = nothing.Revision;
                _byPrefix = [.. _kinds.All.Where(static kind => kind.IsStored).Select(kind => (StoreKeys.Prefix(kind), kind, new KindChanges(_revision)))];
                _ = ReadAsync(_store.Watch(KeyRange.All, _revision + 1));
            }
            catch
            {
                _hasEnded = true;
                throw;
            }
        }

        private async Task ReadAsync(IStoreWatch watch)
        {
            try
            {
                await using ConfiguredAsyncDisposable closing = watch.ConfigureAwait(false);
                while (true)
                {
                    StoreChanges changes = await watch.NextAsync(_stopped).ConfigureAwait(false);
                    Sort(changes.Events);
                    Volatile.Write(ref _revision, changes.Revision);
                    Tell();
                }
            }
            catch (Exception)
            {
                // It was stopped, or the store failed or compacted what comes next: those who follow ask the store, and hear why from it.
                _hasEnded = true;
                foreach ((string _, KindDescriptor _, KindChanges each) in _byPrefix)
                    each.Wake();
                Tell();
            }
        }

        private void Sort(IReadOnlyList<StoreEvent> events)
        {
            foreach ((string prefix, KindDescriptor kind, KindChanges changes) in _byPrefix)
            {
                List<ObjectChange>? own = null;
                foreach (StoreEvent each in events)
                {
                    if (each.Object.Key.StartsWith(prefix, StringComparison.Ordinal))
                        (own ??= []).Add(new ObjectChange(kind, each));
                }

                if (own is not null)
                    changes.Add(own);
            }
        }
    }
}
