using DotNext.IO.Log;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

namespace ActorNet.Cluster.Stores;

/// <summary>
/// The library's log, with the one promise that it leaves open: what a follower acknowledges is on its disk. In 6.12 a commit waits for the
/// local flush, but the answer to AppendEntries does not, so a power cut of a majority could lose an acknowledged write (Raft, section 5.3:
/// a server responds to RPCs after updating stable storage).
/// </summary>
internal sealed class FlushedLog(WriteAheadLog.Options options, IStateMachine machine) : WriteAheadLog(options, machine), IAuditTrail<IRaftLogEntry>
{
    async ValueTask IAuditTrail<IRaftLogEntry>.AppendAsync<TEntry>(ILogEntryProducer<TEntry> entries, long startIndex, bool skipCommitted, CancellationToken token)
    {
        bool any = entries.RemainingCount > 0;
        await AppendAsync(entries, startIndex, skipCommitted, token).ConfigureAwait(false);
        if (any)
            await FlushAsync(token).ConfigureAwait(false);
    }
}
