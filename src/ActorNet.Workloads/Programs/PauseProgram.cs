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
