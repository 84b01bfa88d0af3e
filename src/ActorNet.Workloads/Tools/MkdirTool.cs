namespace ActorNet.Workloads.Tools;

/// <summary>mkdir [-p] DIRECTORY...</summary>
internal sealed class MkdirTool : Tool
{
    protected override string Name => "mkdir";

    protected override string Usage => "mkdir [-m MODE] [-p] DIRECTORY...";

    protected override string Options => "pm:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count == 0)
            throw Misuse();
        await run.ForEachFileAsync(options.Words, word =>
        {
            if (options.Has('p'))
                run.Context.Files.AddDirectory(run.Path(word).TrimEnd('/'));
            else
                run.Context.Files.CreateDirectory(run.Path(word));
            return ValueTask.CompletedTask;
        }, "can't create directory '{0}': {1}").ConfigureAwait(false);
        return 0;
    }
}
