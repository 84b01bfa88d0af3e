using System.Buffers;
using System.Text;
using ActorNet.Cluster.Stores;
using DotNext.IO.Log;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace ActorNet.Cluster.Tests.Stores;

/// <summary>A follower's log, asked as the library asks it for each AppendEntries.</summary>
public sealed class FlushedLogTests : IAsyncDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("actornet-log-");
    private readonly List<FlushedLog> _opened = [];

    public async ValueTask DisposeAsync()
    {
        foreach (FlushedLog log in _opened)
            await log.DisposeAsync();
        _root.Delete(recursive: true);
    }

    // Raft, figure 2, AppendEntries: entries are deleted only where one conflicts with a new one.
    [Fact]
    public async Task A_request_that_comes_late_cuts_nothing_off()
    {
        FlushedLog log = Open("a");
        await AppendAsync(log, 1, Terms(1, 1, 1, 2, 2));

        await AppendAsync(log, 1, Terms(1, 1, 1));
        Assert.Equal("1 1 1 2 2", await TermsOfAsync(log));

        await AppendAsync(log, 2, Terms(1, 1, 3));
        Assert.Equal("1 1 1 3", await TermsOfAsync(log));
    }

    // Raft, figure 3, Log Matching: only the leader of a term makes entries of it, so terms never go down along a log.
    [Fact]
    public async Task A_leader_adds_nothing_once_a_newer_term_is_known()
    {
        FlushedLog log = Open("a");
        IPersistentState state = log;
        await log.BeginTermAsync(ClusterMemberId.FromEndPoint(StoreMembers.EndPointOf("a")), CancellationToken.None);
        Assert.Equal((1, 1), (log.OwnTerm, state.Term));
        Assert.Equal(1, await state.AppendAsync(Terms(log.OwnTerm).Single()));

        await state.UpdateTermAsync(2, resetLastVote: true);

        Assert.Equal(1, log.OwnTerm);
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => state.AppendAsync(Terms(log.OwnTerm).Single()).AsTask());
        Assert.False(refused.OutcomeUnknown);
        await AppendAsync(log, 2, Terms(2));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => state.AppendAsync(Terms(log.OwnTerm).Single()).AsTask());
        Assert.Equal("1 2", await TermsOfAsync(log));
        Assert.Equal(2, log.Refused);
    }

    [Fact]
    public async Task What_is_acknowledged_behind_a_request_that_broke_off_is_on_disk()
    {
        FlushedLog log = Open("a");
        await AppendAsync(log, 1, Terms(1, 1, 1, 1, 1, 1));
        await Assert.ThrowsAsync<IOException>(() => AppendAsync(log, 3, Terms(2), thenBreaks: true));
        await AppendAsync(log, 4, Terms(2));

        // The checkpoint says how far the log is on disk, and it is written behind each flush.
        Copy("a", "b");
        Assert.Equal("1 1 2 2", await TermsOfAsync(Open("b")));
    }

    // Raft, section 5.3: committed is what a majority has. Of five, with the leader and one more at entry 4, the library asks for 4 when the third took a snapshot up to 3 or before.
    [Fact]
    public async Task A_round_in_which_a_member_took_a_snapshot_commits_nothing_and_the_next_one_does()
    {
        FlushedLog log = Open("a", snapshotAfterEntries: 2);
        await log.InitializeAsync();
        IPersistentState state = log;
        await log.BeginTermAsync(ClusterMemberId.FromEndPoint(StoreMembers.EndPointOf("a")), CancellationToken.None);
        for (int i = 1; i <= 3; i++)
            await state.AppendAsync(Batch(log.OwnTerm));
        Assert.Equal(3, await state.CommitAsync(3));
        using var patience = new CancellationTokenSource(StoreTrio.Patience);
        while (await Send(state, 3, HeartbeatResult.Rejected) is null)
            await Task.Delay(10, patience.Token);
        Assert.Equal(4, await state.AppendAsync(Batch(log.OwnTerm)));

        Assert.InRange((await Send(state, 4, HeartbeatResult.ReplicatedWithLeaderTerm))!.Value, 1, 3);
        Assert.Equal(0, await state.CommitAsync(4));
        Assert.Equal(3, log.LastCommittedEntryIndex);
        Assert.Equal(1, await state.CommitAsync(4));

        // One that did not take it counts for nothing, and entries for what they are.
        await state.AppendAsync(Batch(log.OwnTerm));
        await Send(state, 5, HeartbeatResult.Rejected);
        await state.ReadAsync(new Follower(HeartbeatResult.ReplicatedWithLeaderTerm), 5, 5);
        Assert.Equal(1, await state.CommitAsync(5));
    }

    // The index of the snapshot that a member is sent that has nothing yet.
    private static async Task<long?> Send(IPersistentState state, long last, HeartbeatResult answer)
    {
        var follower = new Follower(answer);
        await state.ReadAsync(follower, 1, last);
        return follower.SnapshotIndex;
    }

    private static BinaryLogEntry Batch(long term)
    {
        var bytes = new ArrayBufferWriter<byte>();
        BatchFormat.Write(bytes, new StoreBatch(Guid.NewGuid(), []));
        return new BinaryLogEntry { Term = term, Content = bytes.WrittenMemory };
    }

    private static IEnumerable<BinaryLogEntry> Terms(params long[] terms) => terms.Select(term => new BinaryLogEntry { Term = term, Content = Encoding.UTF8.GetBytes($"an entry of term {term}") });

    private static async Task AppendAsync(IAuditTrail<IRaftLogEntry> log, long from, IEnumerable<BinaryLogEntry> entries, bool thenBreaks = false) =>
        await log.AppendAsync(new Request([.. entries], thenBreaks), from, skipCommitted: true, CancellationToken.None);

    private static async Task<string> TermsOfAsync(FlushedLog log)
    {
        await log.InitializeAsync();
        using WriteAheadLog.LogEntryReader entries = await log.ReadAsync(1, log.LastEntryIndex);
        return string.Join(' ', entries.Select(entry => entry.Term));
    }

    private FlushedLog Open(string name, long snapshotAfterEntries = long.MaxValue)
    {
        var room = new StoreRoom(_root.FullName, 1 << 20);
        var machine = new StoreMachine(new SnapshotFiles(Path.Combine(_root.FullName, name, "snapshots")), long.MaxValue, snapshotAfterEntries, room);
        machine.Restore();
        var log = new FlushedLog(
            new WriteAheadLog.Options { Location = Path.Combine(_root.FullName, name), HashAlgorithm = WriteAheadLog.IntegrityHashAlgorithm.XxHash64 },
            machine,
            room);
        _opened.Add(log);
        return log;
    }

    private void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(Path.Combine(_root.FullName, from), "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(_root.FullName, to, Path.GetRelativePath(Path.Combine(_root.FullName, from), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    /// <summary>A member as the library's leader sends it what it has not: all answer the same.</summary>
    private sealed class Follower(HeartbeatResult answer) : ILogEntryConsumer<IRaftLogEntry, Result<ReplicationStatus>>
    {
        public long? SnapshotIndex { get; private set; }

        public ValueTask<Result<ReplicationStatus>> ReadAsync<TEntry, TList>(TList entries, long? snapshotIndex, CancellationToken token)
            where TEntry : IRaftLogEntry
            where TList : IReadOnlyList<TEntry>
        {
            SnapshotIndex = snapshotIndex;
            return ValueTask.FromResult(new Result<ReplicationStatus> { Term = 1, Value = new ReplicationStatus { Result = answer, LastIndex = snapshotIndex ?? 0 } });
        }
    }

    /// <summary>The entries of a request as they come over a connection, which may break behind them.</summary>
    private sealed class Request(BinaryLogEntry[] entries, bool thenBreaks) : ILogEntryProducer<BinaryLogEntry>
    {
        private int _next;

        public BinaryLogEntry Current => entries[_next - 1];

        public long RemainingCount => entries.Length - _next + (thenBreaks ? 1 : 0);

        public ValueTask<bool> MoveNextAsync() =>
            _next < entries.Length ? ValueTask.FromResult(++_next > 0) : thenBreaks ? ValueTask.FromException<bool>(new IOException("the connection broke")) : ValueTask.FromResult(false);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
