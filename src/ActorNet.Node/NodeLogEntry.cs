namespace ActorNet.Node;

/// <summary>How bad an entry of the node's log is.</summary>
public enum NodeLogLevel
{
    /// <summary>Good to know.</summary>
    Info,

    /// <summary>Something may be wrong.</summary>
    Warning,

    /// <summary>Something is wrong.</summary>
    Error,
}

/// <summary>What an actor of the node logged.</summary>
/// <param name="At">When.</param>
/// <param name="Level">How bad it is.</param>
/// <param name="Source">The actor's path.</param>
/// <param name="Message">What it said, with what caused it.</param>
public sealed record NodeLogEntry(DateTimeOffset At, NodeLogLevel Level, string Source, string Message);
