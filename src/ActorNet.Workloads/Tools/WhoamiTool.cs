namespace ActorNet.Workloads.Tools;

/// <summary>whoami: every program here runs as root.</summary>
internal sealed class WhoamiTool : Tool
{
    protected override string Name => "whoami";

    protected override string Usage => "whoami";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count > 0)
            throw Misuse();
        await run.Out.WriteAsync("root\n").ConfigureAwait(false);
        return 0;
    }
}
