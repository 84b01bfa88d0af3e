namespace ActorNet.Workloads.Netcat;

/// <summary>Ends netcat with a message and its exit code; it never leaves this folder.</summary>
/// <param name="text">All of what goes to standard error, line ends included.</param>
/// <param name="exitCode">The exit code: netcat knows 0 and 1.</param>
internal sealed class NetcatExit(string text, int exitCode = 1) : Exception(text)
{
    /// <summary>The exit code.</summary>
    public int ExitCode => exitCode;

    /// <summary>A failure in the words of errx(3).</summary>
    /// <param name="message">The message behind the program's name.</param>
    public static NetcatExit Failure(string message) => new($"nc: {message}\n");
}
