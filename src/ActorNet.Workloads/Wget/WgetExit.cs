namespace ActorNet.Workloads.Wget;

/// <summary>Ends wget with a message and exit code 1; it never leaves this folder.</summary>
internal sealed class WgetExit : Exception
{
    /// <summary>Makes it.</summary>
    /// <param name="message">The message behind the program's name, or all of it when it ends with a line's end.</param>
    public WgetExit(string message)
        : base(message.EndsWith('\n') ? message : $"wget: {message}\n")
    {
    }
}
