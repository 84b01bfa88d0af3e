using System.Buffers;
using System.Diagnostics;
using ActorNet.Cluster.Stores.Peers;
using ActorNet.Kubernetes.Storage;
using DotNext.IO.Log;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace ActorNet.Cluster.Stores;

/// <summary>
/// The durable store: a <see cref="KeyValueState"/> behind a Raft log on disk (DotNext.Net.Cluster). A write is acknowledged when a majority
/// of the members has it on disk. One member alone is a log on one disk. Any member takes any request: writes go to the leader, reads ask it
/// how far they must be.
/// </summary>
public sealed class RaftObjectStore : IObjectStore, IAsyncDisposable
{
    // Told, changed, and one more for a member that refused the first as its log was behind.
    private const int RoundsToLearn = 3;
    private const int MostLooks = 100;
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(20);

    private readonly RaftStoreOptions _options;
    private readonly StoreRoom _room;
    private readonly StoreMachine _machine;
    private readonly CommitQueue _queue;
    private readonly SharedRounds _reads;
    private readonly SharedRounds _proofs;
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private PeerTransport? _transport;
    private FlushedLog? _log;
    private StoreMembers? _members;
    private OwnMember? _cluster;
    private LeaderCalls? _calls;
    private long _provenTerm = -1, _shownTerm = -1;
    private string? _difference;
    private bool _isKnown, _isAlone;
    private int _ended;

    private RaftObjectStore(RaftStoreOptions options)
    {
        _options = options;
        _room = new StoreRoom(options.Directory, options.ReservedBytes);
        _machine = new StoreMachine(new SnapshotFiles(Path.Combine(options.Directory, "snapshots")), options.SnapshotAfterBytes, options.SnapshotAfterEntries, _room);
        _queue = new CommitQueue(ReplicateAsync);
        _reads = new SharedRounds(ConfirmLeadershipAsync);
        _proofs = new SharedRounds(ProveTermAsync);
    }

    /// <summary>The leader's name, or null while none is known.</summary>
    public string? Leader => _cluster?.Leader is { } leader ? StoreMembers.NameOf(leader.EndPoint) : null;

    /// <summary>True while this member leads.</summary>
    public bool IsLeader => _cluster is { LeadershipToken.IsCancellationRequested: false };

    /// <summary>The newest term that this member knows of (Raft, section 5.1): what a leader of a lower one says is out of date.</summary>
    public long Term => _cluster?.Term ?? 0;

    /// <summary>The newest term in which this member led.</summary>
    public long OwnTerm => _log?.OwnTerm ?? 0;

    /// <summary>The newest entry of the log that this member knows to be committed (Raft, section 5.3).</summary>
    public long CommitIndex => _log?.LastCommittedEntryIndex ?? 0;

    /// <summary>The newest entry of the log, whether it will be committed or not.</summary>
    internal long LastIndex => _log?.LastEntryIndex ?? 0;

    /// <summary>Entries that this member would have added for a newer leader's term, see <see cref="FlushedLog"/>.</summary>
    internal long RefusedAppends => _log?.Refused ?? 0;

    /// <summary>The names of all members, this one included.</summary>
    public IReadOnlyList<string> Members => _cluster is { } cluster ? [.. cluster.Members.Select(member => StoreMembers.NameOf(member.EndPoint)).Order(StringComparer.Ordinal)] : [];

    /// <summary>The names of all members as they are on disk, before this member takes part; none: it has not been one.</summary>
    public IReadOnlyList<string> MembersOnDisk { get; private set; } = [];

    /// <summary>The newest revision that this member has; the leader's may be above it.</summary>
    public long Revision => _machine.Views.Current.Revision;

    /// <summary>The oldest revision of this member's copy that can be read.</summary>
    public long CompactRevision => _machine.Views.Current.CompactRevision;

    /// <summary>What this member's copy was made of; null: it began with a snapshot that does not say, or is empty.</summary>
    public CopyFingerprint? Fingerprint => _machine.Fingerprints.Newest;

    /// <summary>Why this member's copy is not the store's, or its disk takes no writes, or no snapshot without which the log grows; null when all is well.</summary>
    public string? Problem => Volatile.Read(ref _difference) ?? _room.Problem ?? _machine.SnapshotFailure?.Message;

    /// <summary>Whether this member's disk takes writes.</summary>
    public bool HasRoom => _room.Problem is null;

    /// <summary>The room on this member's disk.</summary>
    internal StoreRoom Room => _room;

    /// <summary>Whether it stands for no election, see <see cref="StandAsideAsync"/>.</summary>
    public bool StandsAside => _cluster?.Standby ?? false;

    /// <summary>Connections to this member's port that were none of a member.</summary>
    public long Refused => _transport?.Refused ?? 0;

    /// <summary>Opens the directory and takes part, see <see cref="ServeAsync"/>.</summary>
    /// <param name="options">The member.</param>
    /// <param name="peers">How members reach each other; null: there will be one only.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StoreDamagedException">The directory holds something else than this store wrote.</exception>
    /// <exception cref="StoreUnavailableException">No leader within the limit.</exception>
    public static async Task<RaftObjectStore> StartAsync(RaftStoreOptions options, StorePeerOptions? peers = null, CancellationToken cancel = default)
    {
        RaftObjectStore store = await OpenAsync(options, cancel).ConfigureAwait(false);
        try
        {
            await store.ServeAsync(peers, cancel).ConfigureAwait(false);
            return store;
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Reads what lies in the directory. Nobody else hears of it yet.</summary>
    /// <param name="options">The member.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StoreDamagedException">The directory holds something else than this store wrote.</exception>
    public static async Task<RaftObjectStore> OpenAsync(RaftStoreOptions options, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var store = new RaftObjectStore(options);
        try
        {
            await store.ReadAsync(cancel).ConfigureAwait(false);
            return store;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw new StoreException($"the store in {options.Directory} cannot be opened: {failure.Message}. Make the directory one that this process can read and write, or give this host another state directory.", failure);
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Takes part; once. Returns at once for a member that waits to be added to a store, for all others when a leader is known and all that it
    /// acknowledged can be read.
    /// </summary>
    /// <param name="peers">How members reach each other; null: there will be one only.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StoreUnavailableException">No leader within the limit.</exception>
    public async Task ServeAsync(StorePeerOptions? peers = null, CancellationToken cancel = default)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(_options.StartLimit);
        try
        {
            await BeginAsync(peers, limit.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is (OperationCanceledException or TimeoutException) && !cancel.IsCancellationRequested)
        {
            throw new StoreUnavailableException($"the store in {_options.Directory} found no leader within {_options.StartLimit.TotalSeconds:0.#} s: start the other members", outcomeUnknown: false, failure);
        }
    }

    /// <summary>Compares this member's copy with another's.</summary>
    /// <param name="other">The other's.</param>
    /// <returns>True: they are the same up to there; false: they are not; null: this cannot be said now.</returns>
    public bool? Agrees(CopyFingerprint other) => _machine.Fingerprints.Agrees(other);

    /// <summary>
    /// Answers nothing any more, to readers, writers and watchers: its copy is not the store's. Nothing is removed; only another disk in its place
    /// helps.
    /// </summary>
    /// <param name="difference">What was found, for people.</param>
    public void Refuse(string difference)
    {
        if (Interlocked.CompareExchange(ref _difference, difference, null) is null)
            _machine.Views.Fail(new StoreUnavailableException(difference, outcomeUnknown: false));
    }

    /// <inheritdoc/>
    public async ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancel.ThrowIfCancellationRequested();
        if (!LeadsAlone)
            await UntilLedAsync(BarrierAsync, cancel).ConfigureAwait(false);
        return _machine.Views.Current.Range(request);
    }

    /// <inheritdoc/>
    public async ValueTask<TransactionResult> CommitAsync(StoreTransaction transaction, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        transaction.Check();
        using Activity? span = StoreSpans.Source.StartActivity("store commit");
        return (await UntilLedAsync(limit => RunAsync(new CommitCommand(transaction), limit), cancel).ConfigureAwait(false))!;
    }

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancel = default) =>
        await UntilLedAsync(limit => RunAsync(new CompactCommand(revision), limit), cancel).ConfigureAwait(false);

    /// <inheritdoc/>
    public IStoreWatch Watch(KeyRange keys, long startRevision)
    {
        RequireOwnCopy();
        return _machine.Views.Watch(keys, startRevision);
    }

    /// <summary>
    /// Members that were taken out. None is added again: its host may be putting its disk aside, and it would be a vote that nobody casts, so that a
    /// store of two would have no leader ever again. The store itself keeps them, so that the next leader knows, too.
    /// </summary>
    public IReadOnlyCollection<string> Removed => [.. RemovedMembers.In(_machine.Views.Current)];

    /// <summary>Adds a started member to the store: it is brought up to date first, and votes then. To be asked of the leader.</summary>
    /// <exception cref="StoreUnavailableException">This member does not lead, or the other one could not be brought up to date, or was taken out once.</exception>
    public async Task AddMemberAsync(string name, CancellationToken cancel = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        await UntilLedAsync(BarrierAsync, cancel).ConfigureAwait(false);
        if (Removed.Contains(name))
            throw new StoreUnavailableException($"the store's member {name} was taken out and is not added again: its host puts the disk aside and comes with another", outcomeUnknown: false);
        if (!await ChangeAsync(() => _cluster!.AddMemberAsync(StoreMembers.EndPointOf(name), cancel), name, isAdded: true, cancel).ConfigureAwait(false))
            throw new StoreUnavailableException($"the store's member {name} could not be brought up to date: see that it runs and can be reached, then add it again", outcomeUnknown: false);
    }

    /// <summary>Takes a member out of the store, for good. To be asked of the leader.</summary>
    /// <exception cref="StoreUnavailableException">This member does not lead.</exception>
    public async Task RemoveMemberAsync(string name, CancellationToken cancel = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        await UntilLedAsync(BarrierAsync, cancel).ConfigureAwait(false);
        // First, as the leader may move between the two: the next one then takes it out.
        if (RemovedMembers.Adding(_machine.Views.Current, name) is { } known)
            await CommitAsync(known, cancel).ConfigureAwait(false);
        await ChangeAsync(() => _cluster!.RemoveMemberAsync(StoreMembers.EndPointOf(name), cancel), name, isAdded: false, cancel).ConfigureAwait(false);
    }

    /// <summary>
    /// Leads no more, and stands for no election until <see cref="StandAgainAsync"/>. It goes on to keep what the next leader writes, as far as it can, and to
    /// vote.
    /// </summary>
    /// <param name="cancel">Gives up.</param>
    public async Task StandAsideAsync(CancellationToken cancel = default)
    {
        if (_cluster is not { } cluster)
            return;
        await cluster.ResignHereAsync(cancel).ConfigureAwait(false);
        await cluster.EnableStandbyModeAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>Stands for election again when there is no leader.</summary>
    /// <param name="cancel">Gives up.</param>
    public async Task StandAgainAsync(CancellationToken cancel = default)
    {
        if (_cluster is { } cluster)
            await cluster.RevertToNormalModeAsync(cancel).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        await _queue.DisposeAsync().ConfigureAwait(false);
        if (_calls is { } calls)
            await calls.DisposeAsync().ConfigureAwait(false);
        if (_cluster is { } cluster)
        {
            await cluster.StopAsync(CancellationToken.None).ConfigureAwait(false);
            await cluster.DisposeAsync().ConfigureAwait(false);
        }

        if (_transport is { } transport)
            await transport.DisposeAsync().ConfigureAwait(false);
        if (_log is { } log)
            await log.DisposeAsync().ConfigureAwait(false);
        await _machine.DisposeAsync().ConfigureAwait(false);
        _members?.Dispose();
        _connecting.Dispose();
        _machine.Views.Fail(new StoreUnavailableException("the store has ended", outcomeUnknown: false));
    }

    private async Task BeginAsync(StorePeerOptions? peers, CancellationToken limit)
    {
        if (peers is not null)
        {
            _transport = new PeerTransport(peers, _options.Name);
            _transport.Start(new CallAnswers(RunHereAsync).ServeAsync);
        }

        var cluster = new OwnMember(Configuration(_members!, isFirst: !_isKnown && _options.MayForm)) { AuditTrail = _log! };
        cluster.LeaderChanged += (_, leader) => LeaveFormer(leader);
        _cluster = cluster;
        if (_isAlone)
            await _log!.BeginTermAsync(ClusterMemberId.FromEndPoint(StoreMembers.EndPointOf(_options.Name)), limit).ConfigureAwait(false);
        await cluster.StartAsync(limit).ConfigureAwait(false);
        _queue.Start();
        if (!_isKnown && !_options.MayForm)
            return;
        await cluster.WaitForLeaderAsync(_options.StartLimit, limit).ConfigureAwait(false);
        await UntilLedAsync(BarrierAsync, limit).ConfigureAwait(false);
    }

    private string LogDirectory => Path.Combine(_options.Directory, "log");

    private string Remedy => $"Remove {_options.IdentityDirectory ?? _options.Directory} and let this host join again, or restore it whole.";

    private async Task ReadAsync(CancellationToken cancel)
    {
        string members = Path.Combine(_options.Directory, "members");
        _machine.Restore();
        _members = new StoreMembers(members);
        IReadOnlyList<string> names = await _members.ReadAsync(Remedy, cancel).ConfigureAwait(false);
        MembersOnDisk = names;
        _isKnown = names.Count > 0;
        _isAlone = _isKnown ? names is [var only] && only == _options.Name : _options.MayForm;
        if (_isKnown)
            LogFiles.Check(LogDirectory, Remedy);
        // What lies on disk and cannot be read must be told apart from what a machine cannot do now.
        try
        {
            _log = new FlushedLog(LogOptions(LogDirectory), _machine, _room, flushes: !_options.AcknowledgesBeforeFlush);
            await _log.InitializeAsync(cancel).ConfigureAwait(false);
        }
        catch (WriteAheadLog.UnsupportedCheckpointVersionException newer)
        {
            throw new StoreDamagedException($"the log in {LogDirectory} has a newer format than this version of actornet reads: start the version that wrote it, or a newer one.", newer);
        }
        catch (Exception broken) when (broken is IntegrityException || broken is not (OperationCanceledException or UnauthorizedAccessException or IOException or StoreException))
        {
            throw new StoreDamagedException($"the log in {LogDirectory} cannot be read: {broken.Message}. {Remedy}", broken);
        }

        // One that forms a store says so before its first entry; one that is being added has entries first.
        if (!_isKnown && _options.MayForm && _log.LastEntryIndex > 0)
            throw new StoreDamagedException($"{members}, which says who the members of the store are, is missing, and {LogDirectory} holds {_log.LastEntryIndex} entries. {Remedy}");
    }

    private static WriteAheadLog.Options LogOptions(string directory) => new()
    {
        Location = directory,
        ChunkSize = 4 << 20,
        HashAlgorithm = WriteAheadLog.IntegrityHashAlgorithm.XxHash64,
    };

    private RaftCluster.CustomTransportConfiguration Configuration(StoreMembers members, bool isFirst)
    {
        var alone = new NoPeers();
        int shortest = (int)_options.ElectionTimeout.TotalMilliseconds;
        return new RaftCluster.CustomTransportConfiguration(
            StoreMembers.EndPointOf(_options.Name), _transport is { } listening ? listening : alone, _transport is { } connecting ? connecting : alone)
        {
            PublicEndPoint = StoreMembers.EndPointOf(_options.Name),
            ConfigurationStorage = members,
            ColdStart = isFirst,
            LowerElectionTimeout = shortest,
            UpperElectionTimeout = 2 * shortest,
            RequestTimeout = _options.ElectionTimeout,
            ConnectTimeout = _options.ElectionTimeout,
            LoggerFactory = _options.Logging,
        };
    }

    // What surely did not happen is tried again: at first there may be no leader, and it may have just moved.
    private async Task<T> UntilLedAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancel)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(_options.RequestLimit);
        StoreUnavailableException? last = null;
        try
        {
            while (true)
            {
                RequireOwnCopy();
                try
                {
                    return await request(limit.Token).ConfigureAwait(false);
                }
                catch (StoreUnavailableException unavailable) when (!unavailable.OutcomeUnknown && _ended == 0)
                {
                    last = unavailable;
                }

                await Task.Delay(AskAgainAfter, limit.Token).ConfigureAwait(false);
                last = null;
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw last ?? new StoreUnavailableException($"the store did not answer within {_options.RequestLimit.TotalSeconds:0.#} s", outcomeUnknown: true);
        }
    }

    private Task<TransactionResult?> RunAsync(StoreCommand command, CancellationToken cancel) =>
        IsLeader || _transport is null ? RunHereAsync(command, cancel) : CallLeaderAsync(command, cancel);

    private Task<TransactionResult?> RunHereAsync(StoreCommand command, CancellationToken cancel) =>
        Volatile.Read(ref _difference) is { } difference ? Task.FromException<TransactionResult?>(new StoreException(difference))
        : !IsLeader ? Task.FromException<TransactionResult?>(NotLeader())
        : command is ReadIndexCommand ? ReadIndexAsync(cancel)
        : _queue.AddAsync(command, cancel);

    private async Task<TransactionResult?> CallLeaderAsync(StoreCommand command, CancellationToken cancel)
    {
        LeaderCalls calls = await CallsAsync(cancel).ConfigureAwait(false);
        CommandResult result = await calls.CallAsync(command, cancel).ConfigureAwait(false);
        return result.Refusal is { } refusal ? throw refusal : result.Transaction;
    }

    private async Task<LeaderCalls> CallsAsync(CancellationToken cancel)
    {
        await _connecting.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (_cluster!.Leader?.EndPoint is not { } leader)
                throw new StoreUnavailableException("the store has no leader now: a majority of its members must run and reach each other", outcomeUnknown: false);
            if (_calls is { IsBroken: false } current && current.Leader.Equals(leader))
                return current;
            if (_calls is { } old)
                await old.DisposeAsync().ConfigureAwait(false);
            _calls = null;
            return _calls = await LeaderCalls.ConnectAsync(_transport!, leader, cancel).ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            throw new StoreUnavailableException($"the store's leader cannot be reached: {failure.Message}", outcomeUnknown: false, failure);
        }
        finally
        {
            _connecting.Release();
        }
    }

    // A leader without followers needs nobody to say that it leads, as its writes need nobody to keep them: what is acknowledged it has acknowledged itself,
    // behind showing it. Others come in by it alone; one of them leads with its vote only, and it leads no more when it gives that. What the terms before
    // its own had committed is shown since its first read of this term. Leading is looked at last.
    private bool LeadsAlone =>
        _log is { } log && Interlocked.Read(ref _shownTerm) is var term && term == log.OwnTerm && term == Term
        && Volatile.Read(ref _difference) is null && Volatile.Read(ref _ended) == 0
        && _cluster is { Members.Count: 1, LeadershipToken.IsCancellationRequested: false };

    private void RequireOwnCopy()
    {
        if (Volatile.Read(ref _difference) is { } difference)
            throw new StoreException(difference);
    }

    // A former leader that was cut off answers no more; who waits for it is told so.
    private void LeaveFormer(RaftClusterMember? leader)
    {
        if (leader is not null && Volatile.Read(ref _calls) is { } calls && !calls.Leader.Equals(leader.EndPoint))
            calls.Leave($"{StoreMembers.NameOf(leader.EndPoint)} leads now");
    }

    // A read shows all that anybody was acknowledged before it began (Ongaro, Consensus: Bridging Theory and Practice, 6.4). The library's own barrier does
    // not promise that at a member that follows: 6.12's leader answers with what it knows to be committed, without asking whether it still leads, and
    // before an entry of its own term tells it what the leader before it had committed.
    private async Task<bool> BarrierAsync(CancellationToken cancel)
    {
        try
        {
            long term = _log!.OwnTerm;
            long index = (await RunAsync(new ReadIndexCommand(), cancel).ConfigureAwait(false))!.Revision;
            await _log.WaitForApplyAsync(index, cancel).ConfigureAwait(false);
            // A term is known here by what this member proved of it when it led.
            if (Interlocked.Read(ref _provenTerm) == term)
                Interlocked.Exchange(ref _shownTerm, term);
            return true;
        }
        catch (StoreUnavailableException unavailable) when (unavailable.OutcomeUnknown)
        {
            // A read that got no answer may be made again.
            throw new StoreUnavailableException(unavailable.Message, outcomeUnknown: false, unavailable);
        }
        catch (Exception failure) when (failure is not (OperationCanceledException or StoreException) || (failure is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new StoreUnavailableException($"the store cannot read: {failure.Message}", outcomeUnknown: false, failure);
        }
    }

    /// <summary>The index that a read must see, of a leader: all that was committed before, in whatever term, is at or before it.</summary>
    private async Task<TransactionResult?> ReadIndexAsync(CancellationToken cancel)
    {
        CancellationToken office = _cluster!.LeadershipToken;
        long term = _log!.OwnTerm;
        if (office.IsCancellationRequested)
            throw NotLeader();
        try
        {
            // An entry of its own term tells a leader what the ones before had committed. One that has just begun to lead has not even added one.
            if (Interlocked.Read(ref _provenTerm) != term || Term != term)
                await _proofs.JoinAsync(cancel).ConfigureAwait(false);

            long index = _log.LastCommittedEntryIndex;
            // A majority that still follows this leader: nobody had written under a newer one when the read began.
            await _reads.JoinAsync(cancel).ConfigureAwait(false);
            return office.IsCancellationRequested ? throw NotLeader() : new TransactionResult(true, index, []);
        }
        catch (NotLeaderException)
        {
            throw NotLeader();
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw office.IsCancellationRequested ? NotLeader() : new StoreUnavailableException($"a majority of the store's members did not answer within {_options.RequestLimit.TotalSeconds:0.#} s", outcomeUnknown: false);
        }
    }

    // One entry serves all reads that wait behind a change of the leader.
    private async Task ProveTermAsync()
    {
        long term = _log!.OwnTerm;
        if (Interlocked.Read(ref _provenTerm) == term && Term == term)
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_cluster!.LeadershipToken);
        limit.CancelAfter(_options.RequestLimit);
        await ReplicateAsync(Nothing(), limit.Token).ConfigureAwait(false);
        Interlocked.Exchange(ref _provenTerm, term);
    }

    // One round serves all reads that wait for it.
    private async Task ConfirmLeadershipAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_cluster!.LeadershipToken);
        limit.CancelAfter(_options.RequestLimit);
        await _cluster.ForceReplicationAsync(limit.Token).ConfigureAwait(false);
    }

    private async Task ReplicateAsync(PendingBatch batch, CancellationToken cancel)
    {
        if (!IsLeader)
            throw NotLeader();
        var bytes = new ArrayBufferWriter<byte>(1024);
        BatchFormat.Write(bytes, batch.Batch);
        // A batch without a write is a read's: it must go on.
        if (batch.Batch.Commands.Count > 0)
            _room.Need(bytes.WrittenCount);
        try
        {
            // From here on the entry may stand in the log, and a later leader may commit it, whatever this call says.
            await _cluster!.ReplicateAsync(new BinaryLogEntry { Content = bytes.WrittenMemory, Term = _log!.OwnTerm, Context = batch }, cancel).ConfigureAwait(false);
        }
        catch (NotLeaderException before) when (before.InnerException is null)
        {
            // Asked before the entry was added; behind that the library says what ended its wait.
            throw NotLeader();
        }
    }

    // The log's library changes the members at the leader first, and shows it there a moment after it took it. The others are told in the next round of
    // heartbeats and change theirs in the one after it: a leader that goes before leaves members that elect nobody, as each still counts by the list before.
    // No round waits for its time here. The second of two has to answer for an entry, too: a round that it does not follow yet is answered all the same.
    private async Task<bool> ChangeAsync(Func<Task<bool>> change, string member, bool isAdded, CancellationToken cancel)
    {
        try
        {
            bool isChanged = await change().ConfigureAwait(false);
            if (!isChanged)
                return false;
            await UntilSeenAsync(member, isAdded, cancel).ConfigureAwait(false);
            if (isAdded)
                await ReplicateAsync(Nothing(), cancel).ConfigureAwait(false);
            for (int round = 0; round < RoundsToLearn; round++)
                await _cluster!.ForceReplicationAsync(cancel).ConfigureAwait(false);
            return true;
        }
        catch (NotLeaderException)
        {
            throw NotLeader();
        }
    }

    private async Task UntilSeenAsync(string member, bool isAdded, CancellationToken cancel)
    {
        for (int looks = 0; Members.Contains(member) != isAdded; looks++)
        {
            if (looks == MostLooks)
                throw new StoreUnavailableException("the members do not agree on it", outcomeUnknown: true);
            await Task.Delay(LookAgain, cancel).ConfigureAwait(false);
        }
    }

    private static PendingBatch Nothing() => new(new StoreBatch(Guid.NewGuid(), []), []);

    private StoreUnavailableException NotLeader() =>
        new(Leader is { } other && other != _options.Name ? $"the store's member {_options.Name} does not lead, {other} does" : $"the store's member {_options.Name} does not lead", outcomeUnknown: false);

    // The library's public call asks the leader to resign where the member itself leads no more, which is seldom what was meant.
    private sealed class OwnMember(RaftCluster.CustomTransportConfiguration configuration) : RaftCluster(configuration)
    {
        public ValueTask<bool> ResignHereAsync(CancellationToken cancel) => ResignAsync(cancel);
    }
}
