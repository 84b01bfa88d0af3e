using DotNext.IO.Log;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace ActorNet.Cluster.Stores;

/// <summary>
/// The library's log as a follower needs it. Two things are left open in 6.12, and each could lose an acknowledged write in a power cut.
/// </summary>
/// <remarks>
/// A commit waits for the local flush, but the answer to AppendEntries does not: here it does, also where it brings no entry, as it says then
/// that the entries before are held (Raft, section 5: a server responds to RPCs after updating stable storage). And entries that the log has
/// already are written once more: a delayed request would cut off what came behind it, and one whose connection broke would leave the rest of
/// the log to be taken for flushed. Here an entry that the log has stays, and one that conflicts goes in alone (section 5.3, AppendEntries, step 3).
/// </remarks>
/// <param name="options">The library's options.</param>
/// <param name="machine">What the log drives.</param>
/// <param name="room">The room on the log's disk: without it nothing is appended.</param>
internal sealed class FlushedLog(WriteAheadLog.Options options, IStateMachine machine, StoreRoom room) : WriteAheadLog(options, machine), IAuditTrail<IRaftLogEntry>
{
    async ValueTask IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(ILogEntryProducer<TEntry> entries, long startIndex, bool skipCommitted, CancellationToken token)
    {
        if (entries.RemainingCount > 0)
            room.Need(0);
        long next = skipCommitted ? await SettleAsync(entries, startIndex, token).ConfigureAwait(false) : startIndex;
        await AppendAsync(entries, next, skipCommitted, token).ConfigureAwait(false);
        await FlushAsync(token).ConfigureAwait(false);
    }

    async ValueTask<long> IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(TEntry entry, CancellationToken token)
    {
        room.NeedForOwn();
        return await AppendAsync(entry, token).ConfigureAwait(false);
    }

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
