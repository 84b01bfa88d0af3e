namespace ActorNet.Workloads.Ss;

/// <summary>Ends ss with a message and its exit code; it never leaves this folder.</summary>
/// <param name="exitCode">The real tool's exit code.</param>
/// <param name="text">All of what goes to standard error, or with code 0 to standard output.</param>
internal sealed class SsExit(int exitCode, string text) : Exception(text)
{
    /// <summary>The exit code.</summary>
    public int ExitCode => exitCode;
}
