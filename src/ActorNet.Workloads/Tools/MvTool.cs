using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>mv [-fn] SOURCE DEST, mv [-fn] SOURCE... DIRECTORY</summary>
internal sealed class MvTool : Tool
{
    protected override string Name => "mv";

    protected override string Usage => "mv [-fn] SOURCE... DEST";

    protected override string Options => "fn";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count < 2)
            throw Misuse();
        FileTree files = run.Context.Files;
        string target = options.Words[^1];
        bool intoDirectory = options.Words.Count > 2 || (files.TryStat(run.Path(target), out FileStatus status) && status.IsDirectory);
        await run.ForEachFileAsync(options.Words.SkipLast(1), source =>
        {
            string to = intoDirectory ? $"{target.TrimEnd('/')}/{BasenameTool.Last(source)}" : target;
            if (!options.Has('n') || !files.TryStat(run.Path(to), out _))
                files.Rename(run.Path(source), run.Path(to));
            return ValueTask.CompletedTask;
        }, "can't rename '{0}': {1}").ConfigureAwait(false);
        return 0;
    }
}
