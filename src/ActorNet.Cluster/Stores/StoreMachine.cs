using ActorNet.Kubernetes.Storage;
using DotNext.IO;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace ActorNet.Cluster.Stores;

/// <summary>
/// What the log drives: a <see cref="KeyValueState"/>, and the snapshots that let the log forget its beginning. Entries come one after
/// another; snapshots are read and cleared away while they come.
/// </summary>
/// <param name="files">Where the snapshots lie.</param>
/// <param name="snapshotAfterBytes">
/// A snapshot is made when the entries since the last one have so many bytes, or as many as that one has where it has more: so that all snapshots together
/// write no more than the log does, however much the store holds.
/// </param>
/// <param name="snapshotAfterEntries">A snapshot is made, too, when there are so many entries since the last one.</param>
/// <param name="room">The room on their disk: a snapshot must not take what the log has under way.</param>
internal sealed class StoreMachine(SnapshotFiles files, long snapshotAfterBytes, long snapshotAfterEntries, StoreRoom room) : IStateMachine, IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private KeyValueState _state = new();
    private volatile SnapshotEntry? _snapshot;
    private Task _writing = Task.CompletedTask;
    private long _bytesSinceSnapshot;
    private long _applied;

    /// <summary>Shows the state behind each entry.</summary>
    public ViewPublisher Views { get; private set; } = new(new KeyValueState().View());

    /// <inheritdoc/>
    public ISnapshot? Snapshot => _snapshot;

    /// <summary>What this copy was made of, to be compared with other members'.</summary>
    public CopyFingerprints Fingerprints { get; } = new();

    /// <summary>Why the last snapshot could not be written, or null.</summary>
    public Exception? SnapshotFailure { get; private set; }

    /// <summary>Begins with the newest snapshot; to be called before the log is opened.</summary>
    /// <exception cref="StoreDamagedException">It is not what was written.</exception>
    public void Restore()
    {
        if (files.Newest() is not { } newest)
            return;
        Take(newest, newest.Read());
        Views = new ViewPublisher(_state.View());
    }

    /// <inheritdoc/>
    public async ValueTask<long> ApplyAsync(LogEntry entry, CancellationToken token)
    {
        if (entry.Index <= _applied)
            return _applied;
        if (entry.IsSnapshot)
            await InstallAsync(entry, token).ConfigureAwait(false);
        else if (!entry.IsConfiguration && entry.Length is > 0)
            Run(entry);
        _applied = entry.Index;
        return _applied;
    }

    /// <inheritdoc/>
    public ValueTask ReclaimGarbageAsync(long watermark, CancellationToken token)
    {
        files.RemoveBelow(watermark);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private long DueBytes => Math.Max(snapshotAfterBytes, _snapshot?.Length ?? 0);

    private void Run(in LogEntry entry)
    {
        if (!entry.TryGetPayload(out System.Buffers.ReadOnlySequence<byte> payload))
            throw new StoreDamagedException($"entry {entry.Index} of the log has no bytes at hand");
        StoreBatch batch = BatchFormat.Read(payload);
        CommandResult[] results = [.. batch.Commands.Select(Run)];
        Fingerprints.Add(entry.Index, payload);
        Views.Publish(_state.View());
        // The log keeps what waits by the entry's index, and a new leader may have put another entry there: then the one that is waited for never comes.
        if (entry.Context is PendingBatch pending)
        {
            if (pending.Batch.Id == batch.Id)
                pending.Complete(results);
            else
                pending.Fail(new StoreUnavailableException("another leader of the store began before the write was kept", outcomeUnknown: false));
        }

        bool isDue = Interlocked.Add(ref _bytesSinceSnapshot, payload.Length) >= DueBytes || entry.Index - (_snapshot?.Index ?? 0) >= snapshotAfterEntries;
        if (isDue && _writing.IsCompleted)
            _writing = WriteAsync(_state.View(), Fingerprints.Newest?.Hash, entry.Index, entry.Term, SnapshotBytes());
    }

    private CommandResult Run(StoreCommand command)
    {
        try
        {
            switch (command)
            {
                case CommitCommand commit:
                    return new CommandResult(_state.Apply(commit.Transaction), null);
                default:
                    _state.Compact(((CompactCommand)command).Revision);
                    return new CommandResult(null, null);
            }
        }
        catch (StoreException refused)
        {
            return new CommandResult(null, refused);
        }
    }

    // The view never changes, so entries go on while it is written.
    private async Task WriteAsync(KeyValueView view, ulong? fingerprint, long index, long term, long bytes)
    {
        Interlocked.Exchange(ref _bytesSinceSnapshot, 0);
        await Task.Yield();
        try
        {
            room.Need(bytes);
            SnapshotFile written = await files.WriteAsync(index, term, output =>
            {
                SnapshotFormat.Write(output, view, fingerprint, _ending.Token);
                return Task.CompletedTask;
            }).ConfigureAwait(false);
            _snapshot = new SnapshotEntry(written);
            SnapshotFailure = null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or OperationCanceledException or StoreFullException)
        {
            // The log stays as long as it is; the next entry tries again.
            SnapshotFailure = failure;
            Interlocked.Add(ref _bytesSinceSnapshot, DueBytes);
        }
    }

    // At most: the one before, and all that came since, with what each write has around its value.
    private long SnapshotBytes() => (_snapshot?.Length ?? 0) + (2 * Interlocked.Read(ref _bytesSinceSnapshot));

    private async ValueTask InstallAsync(LogEntry entry, CancellationToken token)
    {
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        room.Need(entry.Length ?? 0);
        SnapshotFile received = await files.WriteAsync(entry.Index, entry.Term, async output =>
            await entry.WriteToAsync(IAsyncBinaryWriter.Create(output, new byte[1 << 16]), token).ConfigureAwait(false)).ConfigureAwait(false);
        Take(received, received.Read());
        Views.Publish(_state.View());
    }

    private void Take(SnapshotFile file, SnapshotContent content)
    {
        _state = content.State;
        Fingerprints.Begin(file.Index, content.Fingerprint);
        _snapshot = new SnapshotEntry(file);
        _applied = file.Index;
        _bytesSinceSnapshot = 0;
    }
}
