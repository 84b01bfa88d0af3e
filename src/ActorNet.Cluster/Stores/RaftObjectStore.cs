using System.Buffers;
using System.Net;
using ActorNet.Kubernetes.Storage;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.Membership;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace ActorNet.Cluster.Stores;

/// <summary>
/// The durable store: a <see cref="KeyValueState"/> behind a Raft log on disk (DotNext.Net.Cluster). A write is acknowledged when a majority
/// of the members has it on disk. One member alone is a log on one disk.
/// </summary>
public sealed class RaftObjectStore : IObjectStore, IAsyncDisposable
{
    private readonly StoreMachine _machine;
    private readonly FlushedLog _log;
    private readonly StoreMembers _members;
    private readonly RaftCluster _cluster;
    private readonly CommitQueue _queue;
    private int _ended;

    private RaftObjectStore(StoreMachine machine, FlushedLog log, StoreMembers members, RaftCluster cluster)
    {
        (_machine, _log, _members, _cluster) = (machine, log, members, cluster);
        _queue = new CommitQueue(ReplicateAsync);
    }

    /// <summary>Opens the directory and starts the member; returns when a leader is known and all that it acknowledged can be read.</summary>
    /// <exception cref="StoreDamagedException">The directory holds something else than this store wrote.</exception>
    /// <exception cref="StoreUnavailableException">No leader within the limit.</exception>
    public static async Task<RaftObjectStore> StartAsync(RaftStoreOptions options, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(options.StartLimit);
        StoreMachine machine = new(new SnapshotFiles(Path.Combine(options.Directory, "snapshots")), options.SnapshotAfterBytes);
        machine.Restore();
        (FlushedLog log, StoreMembers members) = await OpenAsync(options, machine, limit.Token).ConfigureAwait(false);
        var store = new RaftObjectStore(machine, log, members, new RaftCluster(await ConfigurationAsync(options, members, limit.Token).ConfigureAwait(false)) { AuditTrail = log });
        try
        {
            await store._cluster.StartAsync(limit.Token).ConfigureAwait(false);
            await store._cluster.WaitForLeaderAsync(options.StartLimit, limit.Token).ConfigureAwait(false);
            await store.BarrierAsync(limit.Token).ConfigureAwait(false);
            store._queue.Start();
            return store;
        }
        catch (Exception failure) when (failure is OperationCanceledException or TimeoutException && !cancel.IsCancellationRequested)
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw new StoreUnavailableException($"the store in {options.Directory} found no leader within {options.StartLimit.TotalSeconds:0.#} s: start the other members", outcomeUnknown: false, failure);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        await BarrierAsync(cancel).ConfigureAwait(false);
        return _machine.Views.Current.Range(request);
    }

    /// <inheritdoc/>
    public async ValueTask<TransactionResult> CommitAsync(StoreTransaction transaction, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        transaction.Check();
        return (await _queue.AddAsync(new CommitCommand(transaction), cancel).ConfigureAwait(false))!;
    }

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancel = default) =>
        await _queue.AddAsync(new CompactCommand(revision), cancel).ConfigureAwait(false);

    /// <inheritdoc/>
    public IStoreWatch Watch(KeyRange keys, long startRevision) => _machine.Views.Watch(keys, startRevision);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        await _queue.DisposeAsync().ConfigureAwait(false);
        try
        {
            await _cluster.StopAsync(CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            await _cluster.DisposeAsync().ConfigureAwait(false);
            await _log.DisposeAsync().ConfigureAwait(false);
            await _machine.DisposeAsync().ConfigureAwait(false);
            _members.Dispose();
            _machine.Views.Fail(new StoreUnavailableException("the store has ended", outcomeUnknown: false));
        }
    }

    // What lies on disk and cannot be read must be told apart from what a machine cannot do now.
    private static async Task<(FlushedLog Log, StoreMembers Members)> OpenAsync(RaftStoreOptions options, StoreMachine machine, CancellationToken cancel)
    {
        string logs = Path.Combine(options.Directory, "log");
        FlushedLog? log = null;
        try
        {
            log = new FlushedLog(LogOptions(logs), machine);
            await log.InitializeAsync(cancel).ConfigureAwait(false);
            return (log, new StoreMembers(Path.Combine(options.Directory, "members")));
        }
        catch (Exception broken) when (broken is not (OperationCanceledException or UnauthorizedAccessException or StoreException))
        {
            if (log is not null)
                await log.DisposeAsync().ConfigureAwait(false);
            throw new StoreDamagedException($"the log in {logs} cannot be read: {broken.Message}. Remove {options.Directory} and let this host join again, or restore it whole.", broken);
        }
        catch
        {
            if (log is not null)
                await log.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static WriteAheadLog.Options LogOptions(string directory) => new()
    {
        Location = directory,
        ChunkSize = 4 << 20,
        HashAlgorithm = WriteAheadLog.IntegrityHashAlgorithm.XxHash64,
    };

    private static async Task<RaftCluster.NodeConfiguration> ConfigurationAsync(RaftStoreOptions options, StoreMembers members, CancellationToken cancel)
    {
        var alone = new NoPeers();
        IClusterConfiguration<EndPoint> known = await ((IClusterConfigurationStorage<EndPoint>)members).LoadConfigurationAsync(cancel).ConfigureAwait(false);
        int shortest = (int)options.ElectionTimeout.TotalMilliseconds;
        return new RaftCluster.CustomTransportConfiguration(options.Self, options.Listener ?? alone, options.Connector ?? alone)
        {
            PublicEndPoint = options.Self,
            ConfigurationStorage = members,
            // Only a member without a list makes one, of itself.
            ColdStart = known.Members.Count == 0,
            LowerElectionTimeout = shortest,
            UpperElectionTimeout = 2 * shortest,
            LoggerFactory = options.Logging,
        };
    }

    private async Task BarrierAsync(CancellationToken cancel)
    {
        try
        {
            await _cluster.ApplyReadBarrierAsync(ReadBarrierType.Strong, cancel).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or StoreException))
        {
            throw new StoreUnavailableException($"the store cannot read: {failure.Message}", outcomeUnknown: false, failure);
        }
    }

    private async Task ReplicateAsync(PendingBatch batch, CancellationToken cancel)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        BatchFormat.Write(bytes, batch.Batch);
        try
        {
            await _cluster.ReplicateAsync(bytes.WrittenMemory, batch, cancel).ConfigureAwait(false);
        }
        catch (NotLeaderException notLeader)
        {
            throw new StoreUnavailableException("this member of the store is not its leader", outcomeUnknown: false, notLeader);
        }
    }
}
