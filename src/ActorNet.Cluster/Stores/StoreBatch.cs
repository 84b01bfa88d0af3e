using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Stores;

/// <summary>A write of the store, as it stands in the log.</summary>
internal abstract record StoreCommand;

/// <summary>Runs a transaction.</summary>
internal sealed record CommitCommand(StoreTransaction Transaction) : StoreCommand;

/// <summary>Forgets what is older than a revision.</summary>
internal sealed record CompactCommand(long Revision) : StoreCommand;

/// <summary>Asks how far a member must have applied the log to read what is so now. It changes nothing and never stands in the log.</summary>
internal sealed record ReadIndexCommand : StoreCommand;

/// <summary>An entry of the log: the writes that came while the entry before was on its way, in their order.</summary>
/// <param name="Id">Names the batch, so that its results are given only to those who wait for this one.</param>
/// <param name="Commands">The writes.</param>
internal sealed record StoreBatch(Guid Id, IReadOnlyList<StoreCommand> Commands);
