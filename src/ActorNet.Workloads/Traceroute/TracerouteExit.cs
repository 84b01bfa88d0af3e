namespace ActorNet.Workloads.Traceroute;

/// <summary>Ends traceroute with a message and its exit code; it never leaves this folder.</summary>
/// <param name="exitCode">2 for a wrong command line, 1 for a failed socket call, 0 for help.</param>
/// <param name="text">All of what goes to standard error, line ends included.</param>
internal sealed class TracerouteExit(int exitCode, string text) : Exception(text)
{
    /// <summary>The exit code.</summary>
    public int ExitCode => exitCode;
}
