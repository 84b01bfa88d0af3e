using DotNext.IO.Log;
using DotNext.Net.Cluster.Consensus.Raft;

namespace ActorNet.Cluster.Stores;

/// <summary>Passes entries on to another member, and says when that one has taken a snapshot in their place.</summary>
/// <typeparam name="TResult">What the library makes of the member's answer.</typeparam>
/// <param name="member">The library's way to the member.</param>
/// <param name="taken">Called before the library counts the answer.</param>
internal sealed class SnapshotWitness<TResult>(ILogEntryConsumer<IRaftLogEntry, TResult> member, Action taken) : ILogEntryConsumer<IRaftLogEntry, TResult>
{
    /// <inheritdoc/>
    public bool LogEntryMetadataOnly => member.LogEntryMetadataOnly;

    /// <inheritdoc/>
    public async ValueTask<TResult> ReadAsync<TEntry, TList>(TList entries, long? snapshotIndex, CancellationToken token)
        where TEntry : IRaftLogEntry
        where TList : IReadOnlyList<TEntry>
    {
        TResult answer = await member.ReadAsync<TEntry, TList>(entries, snapshotIndex, token).ConfigureAwait(false);
        if (snapshotIndex is not null && answer is Result<ReplicationStatus> { Value.Result: HeartbeatResult.ReplicatedWithLeaderTerm })
            taken();
        return answer;
    }
}
