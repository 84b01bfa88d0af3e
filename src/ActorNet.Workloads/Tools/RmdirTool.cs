namespace ActorNet.Workloads.Tools;

/// <summary>rmdir DIRECTORY...</summary>
internal sealed class RmdirTool : Tool
{
    protected override string Name => "rmdir";

    protected override string Usage => "rmdir DIRECTORY...";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count == 0)
            throw Misuse();
        await run.ForEachFileAsync(options.Words, word =>
        {
            run.Context.Files.RemoveDirectory(run.Path(word));
            return ValueTask.CompletedTask;
        }, "'{0}': {1}").ConfigureAwait(false);
        return 0;
    }
}
