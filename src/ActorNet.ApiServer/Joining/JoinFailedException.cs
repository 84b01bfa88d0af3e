namespace ActorNet.ApiServer.Joining;

/// <summary>A host did not come into a cluster; nothing of it is left anywhere.</summary>
/// <param name="message">For the user: what was found, what was expected, what to do.</param>
public sealed class JoinFailedException(string message) : Exception(message)
{
    /// <summary>Whether asking again in a moment may be answered otherwise.</summary>
    public bool MayChange { get; init; }
}
