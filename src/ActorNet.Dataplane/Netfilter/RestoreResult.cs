namespace ActorNet.Dataplane.Netfilter;

/// <summary>What a restore came to.</summary>
/// <param name="ExitCode">iptables-restore's: 0, 1 for a line that could not be carried out, 2 for a line that could not be read, 4 for what the kernel refused.</param>
/// <param name="Error">What iptables-restore would say on standard error; empty when it says nothing.</param>
public sealed record RestoreResult(int ExitCode, string Error)
{
    /// <summary>Done.</summary>
    public static readonly RestoreResult Success = new(0, "");

    /// <summary>Whether everything is in force.</summary>
    public bool IsSuccess => ExitCode == 0;
}
