using DotNext.IO.Log;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace ActorNet.Cluster.Stores;

/// <summary>
/// The library's log as a member needs it. Four things are left open in 6.12: the first two could lose an acknowledged write in a power cut, the third
/// made the copies of the members differ, and the fourth could lose an acknowledged write of four or more members with two of them.
/// </summary>
/// <remarks>
/// A commit waits for the local flush, but the answer to AppendEntries does not: here it does, also where it brings no entry, as it says then
/// that the entries before are held (Raft, section 5: a server responds to RPCs after updating stable storage). And entries that the log has
/// already are written once more: a delayed request would cut off what came behind it, and one whose connection broke would leave the rest of
/// the log to be taken for flushed. Here an entry that the log has stays, and one that conflicts goes in alone (section 5.3, AppendEntries, step 3).
/// <para>
/// Two entries with the same index and term are the same entry, because a leader makes at most one with an index in its term (section 5.3, Log Matching).
/// The library gives a write the newest term that the log knows, and a leader that hears of another's knows that one for a moment before it
/// leads no more: a write in between went into the log under the other's term, was taken for the other's entry, and that one never came. Here a
/// leader's entries have the term that it leads in (<see cref="OwnTerm"/>), and none goes in once a newer term is known.
/// </para>
/// <para>
/// An entry is committed when a majority has it (section 5.3). The library's leader takes the middle one of the answers that have come, when those of a
/// majority have. Of five that is the middle one of three: right while all three say the same, as the two that are silent have less. A member that took
/// a snapshot says less than the leader and the third, so what only these two have would be committed. Here a round in which a member took one commits
/// nothing; the next round sends it the rest, and is not longer away than a heartbeat.
/// </para>
/// </remarks>
/// <param name="options">The library's options.</param>
/// <param name="machine">What the log drives.</param>
/// <param name="room">The room on the log's disk: without it nothing is appended.</param>
/// <param name="flushes">False for the test that shows that a power cut then loses writes.</param>
internal sealed class FlushedLog(WriteAheadLog.Options options, IStateMachine machine, StoreRoom room, bool flushes = true) : WriteAheadLog(options, machine), IAuditTrail<IRaftLogEntry>
{
    // Entries of this member's own and those of a leader that it follows do not mix.
    private readonly SemaphoreSlim _appending = new(1, 1);
    private long _ownTerm = -1;
    private long _refused;
    private int _snapshotsTaken;

    /// <summary>The newest term in which this member added entries of its own, as a leader: one that leads leads in it.</summary>
    public long OwnTerm => Interlocked.Read(ref _ownTerm);

    /// <summary>Entries of this member's own that were refused, as a newer term than theirs had begun.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>
    /// Begins a term for a member that is alone in its store. The library lets it lead without an election, in the term that it knows, which another
    /// may have led in.
    /// </summary>
    /// <param name="self">This member.</param>
    /// <param name="token">Gives up.</param>
    public async ValueTask BeginTermAsync(ClusterMemberId self, CancellationToken token) =>
        Interlocked.Exchange(ref _ownTerm, await ((IPersistentState)this).IncrementTermAsync(self, token).ConfigureAwait(false));

    async ValueTask IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(ILogEntryProducer<TEntry> entries, long startIndex, bool skipCommitted, CancellationToken token)
    {
        if (entries.RemainingCount > 0)
            room.Need(0);
        await _appending.WaitAsync(token).ConfigureAwait(false);
        try
        {
            long next = skipCommitted ? await SettleAsync(entries, startIndex, token).ConfigureAwait(false) : startIndex;
            await AppendAsync(entries, next, skipCommitted, token).ConfigureAwait(false);
        }
        finally
        {
            _appending.Release();
        }

        if (flushes)
            await FlushAsync(token).ConfigureAwait(false);
    }

    async ValueTask IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(TEntry entry, long startIndex, CancellationToken token)
    {
        await _appending.WaitAsync(token).ConfigureAwait(false);
        try
        {
            await AppendAsync(entry, startIndex, token).ConfigureAwait(false);
        }
        finally
        {
            _appending.Release();
        }
    }

    async ValueTask<long> IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(TEntry entry, CancellationToken token)
    {
        room.NeedForOwn();
        await _appending.WaitAsync(token).ConfigureAwait(false);
        try
        {
            if (((IPersistentState)this).Term is var newest && newest != entry.Term)
            {
                Interlocked.Increment(ref _refused);
                throw new StoreUnavailableException($"this member of the store led in term {entry.Term}, and term {newest} has begun", outcomeUnknown: false);
            }

            long index = await AppendAsync(entry, token).ConfigureAwait(false);
            Interlocked.Exchange(ref _ownTerm, entry.Term);
            return index;
        }
        finally
        {
            _appending.Release();
        }
    }

    // What is sent to another member comes from here.
    ValueTask<TResult> IAuditTrail<IRaftLogEntry>.ReadAsync<TResult>(ILogEntryConsumer<IRaftLogEntry, TResult> reader, long startIndex, long endIndex, CancellationToken token) =>
        ReadAsync(new SnapshotWitness<TResult>(reader, () => Interlocked.Increment(ref _snapshotsTaken)), startIndex, endIndex, token);

    // An answer is here before it is counted. One of an earlier round that came late holds the next commit back in vain, and no longer than that.
    ValueTask<long> IAuditTrail.CommitAsync(long endIndex, CancellationToken token) =>
        Interlocked.Exchange(ref _snapshotsTaken, 0) > 0 ? ValueTask.FromResult(0L) : CommitAsync(endIndex, token);

    // Until the rest comes behind the end of the log.
    private async ValueTask<long> SettleAsync<TEntry>(ILogEntryProducer<TEntry> entries, long index, CancellationToken token)
        where TEntry : IRaftLogEntry
    {
        for (; index <= LastEntryIndex && await entries.MoveNextAsync().ConfigureAwait(false); index++)
        {
            if (index > LastCommittedEntryIndex && await TermOfAsync(index, token).ConfigureAwait(false) != entries.Current.Term)
                await AppendAsync(entries.Current, index, token).ConfigureAwait(false);
        }

        return index;
    }

    private async ValueTask<long> TermOfAsync(long index, CancellationToken token)
    {
        using LogEntryReader entry = await ReadAsync(index, index, token).ConfigureAwait(false);
        return entry[0].Term;
    }
}
