namespace ActorNet.Kubernetes.Storage;

/// <summary>The store refused; the message says what was found and what was expected.</summary>
/// <param name="message">For people.</param>
/// <param name="cause">What lies beneath, if anything.</param>
public class StoreException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>The revision asked for is no longer kept: etcd's ErrCompacted.</summary>
/// <param name="asked">The revision asked for.</param>
/// <param name="compactRevision">The oldest revision that is kept.</param>
public sealed class CompactedException(long asked, long compactRevision)
    : StoreException($"revision {asked} has been compacted: the oldest that can be read is {compactRevision}")
{
    /// <summary>The revision asked for.</summary>
    public long Asked { get; } = asked;

    /// <summary>The oldest revision that is kept.</summary>
    public long CompactRevision { get; } = compactRevision;
}

/// <summary>The revision asked for does not exist yet: etcd's ErrFutureRev.</summary>
/// <param name="asked">The revision asked for.</param>
/// <param name="revision">The newest revision.</param>
public sealed class FutureRevisionException(long asked, long revision)
    : StoreException($"revision {asked} is in the future: the newest is {revision}")
{
    /// <summary>The revision asked for.</summary>
    public long Asked { get; } = asked;

    /// <summary>The newest revision.</summary>
    public long Revision { get; } = revision;
}
