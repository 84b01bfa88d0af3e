using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>touch [-c] [-d DATE] [-r FILE] FILE...</summary>
internal sealed class TouchTool : Tool
{
    protected override string Name => "touch";

    protected override string Usage => "touch [-c] [-d DATE] [-r FILE] FILE...";

    protected override string Options => "cd:r:am";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count == 0)
            throw Misuse();
        FileTree files = run.Context.Files;
        DateTimeOffset time = Time(run, options);
        await run.ForEachFileAsync(options.Words, async word =>
        {
            if (!files.TryStat(run.Path(word), out _))
            {
                if (options.Has('c'))
                    return;
                await files.OpenWrite(run.Path(word), FileWriteMode.Append).DisposeAsync().ConfigureAwait(false);
            }

            files.SetModified(run.Path(word), time);
        }, "{0}: {1}").ConfigureAwait(false);
        return 0;
    }

    private DateTimeOffset Time(ToolRun run, ToolOptions options)
    {
        DateTimeOffset now = run.Context.Time.GetUtcNow();
        if (options.Value('d') is { } text)
            return DateText.TryParse(text, now, out DateTimeOffset given) ? given : throw Fail($"invalid date '{text}'");
        if (options.Value('r') is not { } reference)
            return now;
        return run.Context.Files.TryStat(run.Path(reference), out FileStatus status) ? status.Modified : throw Fail($"can't stat '{reference}': No such file or directory");
    }
}
