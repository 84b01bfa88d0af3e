namespace ActorNet.Workloads.Shell;

/// <summary>An error that ends a shell that is not interactive (POSIX XCU 2.8.1): of an expansion, of a special built-in, of syntax.</summary>
internal sealed class ShellFailure(string message, int status = 2) : Exception(message)
{
    /// <summary>The shell's exit status.</summary>
    public int Status { get; } = status;

    /// <summary>The built-in that failed, which the message names, or null.</summary>
    public string? Builtin { get; set; }
}
