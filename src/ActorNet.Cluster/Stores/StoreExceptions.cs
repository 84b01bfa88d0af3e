using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Stores;

/// <summary>The store cannot take a request now; ask again.</summary>
/// <param name="message">What is missing, for people.</param>
/// <param name="outcomeUnknown">True when the request may have been carried out, or may still be; false when it surely was not.</param>
/// <param name="cause">What the log said, if anything.</param>
public sealed class StoreUnavailableException(string message, bool outcomeUnknown, Exception? cause = null) : StoreException(message, cause)
{
    /// <summary>True when the request may have been carried out, or may still be.</summary>
    public bool OutcomeUnknown { get; } = outcomeUnknown;
}

/// <summary>The store's disk has no room for a write, which was not done.</summary>
/// <param name="message">Which directory, how much is free, how much is needed, for people.</param>
public sealed class StoreFullException(string message) : StoreException(message);

/// <summary>What lies on disk is not what a store wrote, or was written by a newer version; nothing of it was used.</summary>
/// <param name="message">Which file, what was found, what was expected, what to do.</param>
/// <param name="cause">What the reader said, if anything.</param>
public sealed class StoreDamagedException(string message, Exception? cause = null) : StoreException(message, cause);
