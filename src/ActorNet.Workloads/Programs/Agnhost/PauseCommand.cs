namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>agnhost pause (pause/pause.go): waits for SIGTERM, whose exit code is 2.</summary>
internal static class PauseCommand
{
    private const int TerminatedExitCode = 2;

    public static async Task<int> RunAsync(AgnhostRun run, IReadOnlyList<string> args)
    {
        GoFlags flags = new GoFlags().AddInteger("delay-shutdown", 0);
        if (flags.Parse(args) is { } error)
            return await run.RefuseAsync(error).ConfigureAwait(false);
        await run.Context.Stdout.WriteAsync("Paused\n").ConfigureAwait(false);
        await run.Context.WaitForCancellationAsync().ConfigureAwait(false);
        if (flags.Integer("delay-shutdown") is > 0 and int seconds)
        {
            await run.Context.Stdout.WriteAsync($"Sleeping {seconds} seconds before exit ...").ConfigureAwait(false);
            await run.DelayAsync(TimeSpan.FromSeconds(seconds), run.Context.Namespace.Closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await run.Context.Stdout.WriteAsync($"exiting {TerminatedExitCode}\n").ConfigureAwait(false);
        return TerminatedExitCode;
    }
}
