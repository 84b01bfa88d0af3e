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

/// <summary>Prints its arguments; -n leaves the newline out.</summary>
public sealed class EchoProgram : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        bool bare = args.Count > 0 && args[0] == "-n";
        await context.Stdout.WriteAsync(string.Join(' ', args.Skip(bare ? 1 : 0)) + (bare ? "" : "\n")).ConfigureAwait(false);
        return 0;
    }
}

/// <summary>Copies standard input to standard output; containers here have no files to name.</summary>
public sealed class CatProgram : IProgram
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        foreach (string file in args.Where(static a => a != "-"))
        {
            await context.Stderr.WriteAsync($"cat: {file}: No such file or directory\n").ConfigureAwait(false);
            return 1;
        }

        char[] buffer = new char[4096];
        int read;
        while ((read = await context.Stdin.ReadAsync(buffer, context.Cancellation).ConfigureAwait(false)) > 0)
            await context.Stdout.WriteAsync(buffer.AsMemory(0, read), context.Cancellation).ConfigureAwait(false);
        return 0;
    }
}
