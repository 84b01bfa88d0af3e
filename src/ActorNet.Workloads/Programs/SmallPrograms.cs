namespace ActorNet.Workloads.Programs;

/// <summary>Waits to be ended, as the pause container does (kubernetes build/pause).</summary>
public sealed class PauseProgram : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        await context.WaitForCancellationAsync().ConfigureAwait(false);
        return 0;
    }
}

/// <summary>Prints the host name.</summary>
public sealed class HostnameProgram : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        await context.Stdout.WriteAsync(context.HostName + "\n").ConfigureAwait(false);
        return 0;
    }
}
