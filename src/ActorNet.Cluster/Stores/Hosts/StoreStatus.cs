namespace ActorNet.Cluster.Stores.Hosts;

/// <summary>The store as a host sees it.</summary>
/// <param name="Member">The name of this host's disk among the members; empty before it is known.</param>
/// <param name="State">leads, follows, waits (to be added, or for a majority), or memory: objects are not kept.</param>
/// <param name="Leader">The member that leads; null while none is known.</param>
/// <param name="Members">All members.</param>
/// <param name="Revision">The newest revision here.</param>
/// <param name="Problem">Why the last snapshot could not be written or the last change of members failed, or null.</param>
/// <param name="Refused">Connections to the store's port that were none of a member.</param>
public sealed record StoreStatus(string Member, string State, string? Leader, IReadOnlyList<string> Members, long Revision, string? Problem, long Refused)
{
    /// <summary>The newest term that this member knows of (Raft, section 5.1).</summary>
    public long Term { get; init; }

    /// <summary>The newest entry of the log that this member knows to be committed.</summary>
    public long CommitIndex { get; init; }

    /// <summary>The oldest revision that can be read: what was before is forgotten (etcd's compact revision).</summary>
    public long CompactRevision { get; init; }

    /// <summary>The newest write in this member's copy and the copy's fingerprint, as INDEX:HASH: two members with one index have one hash. Null: not known.</summary>
    public string? Copy { get; init; }

    /// <summary>No store: the API's objects are in memory.</summary>
    public static StoreStatus Memory { get; } = new("", "memory", null, [], 0, null, 0);

    /// <summary>Objects that an etcd keeps: which members that has, it says itself.</summary>
    /// <param name="at">Where it is asked.</param>
    public static StoreStatus Etcd(Uri at) => new("", "etcd", $"{at}", [], 0, null, 0);
}
