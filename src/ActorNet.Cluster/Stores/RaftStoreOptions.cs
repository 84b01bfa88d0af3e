using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ActorNet.Cluster.Stores;

/// <summary>What a member of the store is told at its start.</summary>
public sealed record RaftStoreOptions
{
    /// <summary>The directory of this member's log, snapshots, votes and list of members; made when it is missing.</summary>
    public required string Directory { get; init; }

    /// <summary>The directory that holds that one and says which member it is, if there is one: who removes a broken disk's content must remove its name, too.</summary>
    public string? IdentityDirectory { get; init; }

    /// <summary>This member among the others: it names the disk, not the address, so that a replaced disk is another member.</summary>
    public required string Name { get; init; }

    /// <summary>True for the first member of a new store: without a list of members it begins one with itself. Others wait to be added.</summary>
    public bool MayForm { get; init; }

    /// <summary>The shortest time without a leader after which a member stands for election (Raft, section 5.2).</summary>
    public TimeSpan ElectionTimeout { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>A snapshot is made when the entries since the last one have so many bytes, or as many as the last one has; twice as many lie on disk at most.</summary>
    public long SnapshotAfterBytes { get; init; } = 16 << 20;

    /// <summary>
    /// A snapshot is made, too, when there are so many entries since the last one: the log has a file of 4 KiB open for each 64 of them, which small writes would
    /// make ever more of.
    /// </summary>
    public long SnapshotAfterEntries { get; init; } = 16_384;

    /// <summary>Writes are refused while the disk has fewer bytes free: what is under way then has room for two of the log's chunks and a little more.</summary>
    public long ReservedBytes { get; init; } = 12 << 20;

    /// <summary>How long a start waits for the log to be read and a leader to be known.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a request looks for a leader.</summary>
    public TimeSpan RequestLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Answers before the log is flushed, as the library does: for the test that shows that a power cut then loses writes.</summary>
    internal bool AcknowledgesBeforeFlush { get; init; }

    /// <summary>Where the log's own messages go.</summary>
    public ILoggerFactory Logging { get; init; } = NullLoggerFactory.Instance;
}
