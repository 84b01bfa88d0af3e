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

        /// <summary>True when no more changes come.</summary>
        public bool HasEnded => _hasEnded;

        public KindChanges Of(KindDescriptor kind) => Array.Find(_byPrefix, each => each.Kind == kind).Changes;

        public void Stop()
        {
            _hasEnded = true;
            _stop();
        }

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
                }
            }
            catch (Exception)
            {
                // It was stopped, or the store failed or compacted what comes next: those who follow ask the store, and hear why from it.
                _hasEnded = true;
                foreach ((string _, KindDescriptor _, KindChanges each) in _byPrefix)
                    each.Wake();
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
