namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>
/// agnhost, the test image of Kubernetes (kubernetes test/images/agnhost): the subcommands that serve and dial. Texts, status and exit codes
/// are upstream's of version 2.53.
/// </summary>
/// <param name="programs">What netexec's /shell can start.</param>
public sealed class AgnhostProgram(ProgramTable programs) : IProgram
{
    private static readonly SortedDictionary<string, Func<AgnhostRun, IReadOnlyList<string>, Task<int>>> Commands = new(StringComparer.Ordinal)
    {
        ["connect"] = ConnectCommand.RunAsync,
        ["grpc-health-checking"] = GrpcHealthCheckingCommand.RunAsync,
        ["netexec"] = NetexecCommand.RunAsync,
        ["pause"] = PauseCommand.RunAsync,
        ["porter"] = PorterCommand.RunAsync,
        ["serve-hostname"] = ServeHostnameCommand.RunAsync,
    };

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        var run = new AgnhostRun(context, programs);
        if (args.Count == 0)
            return await run.RefuseAsync($"name a subcommand: {string.Join(", ", Commands.Keys)}").ConfigureAwait(false);
        return Commands.TryGetValue(args[0], out Func<AgnhostRun, IReadOnlyList<string>, Task<int>>? command)
            ? await command(run, [.. args.Skip(1)]).ConfigureAwait(false)
            : await run.RefuseAsync($"unknown command \"{args[0]}\" for \"app\"; built in are {string.Join(", ", Commands.Keys)}").ConfigureAwait(false);
    }
}
