namespace ActorNet.Workloads.Tools;

/// <summary>tty [-s]: the name of the terminal that standard input is.</summary>
internal sealed class TtyTool : Tool
{
    protected override string Name => "tty";

    protected override string Usage => "tty [-s]";

    protected override string Options => "s";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        bool isTerminal = run.Context.Terminal is { } terminal && run.Context.Input == terminal.Input;
        if (!options.Has('s'))
            await run.Out.WriteTextAsync(isTerminal ? "/dev/pts/0\n" : "not a tty\n").ConfigureAwait(false);
        return isTerminal ? 0 : 1;
    }
}
