namespace ActorNet.Cli;

/// <summary>Something the user gave cannot be done; the message names the object, what was found, what was expected and what to do. Exit code 2.</summary>
/// <param name="message">The whole message.</param>
public sealed class UsageException(string message) : Exception(message);
