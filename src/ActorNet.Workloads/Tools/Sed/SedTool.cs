using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools.Sed;

/// <summary>sed [-nrE] [-i[SUFFIX]] { SCRIPT | -e SCRIPT... | -f FILE... } [FILE...]</summary>
internal sealed class SedTool : Tool
{
    protected override string Name => "sed";

    protected override string Usage => "sed [-i[SFX]] [-nrE] { CMD | -e CMD | -f FILE }... [FILE]...";

    protected override string Options => "nrEi::e:f:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        List<string> files = options.Words;
        string script = await ScriptAsync(run, options).ConfigureAwait(false);
        if (!options.Has('e') && !options.Has('f'))
        {
            script = files.Count > 0 ? ToolRun.Bytes(files[0]) : throw Misuse();
            files = files[1..];
        }

        bool isExtended = options.Has('E') || options.Has('r');
        List<SedCommand> Parse() => new SedParser(script, isExtended, message => Fail(message)).Parse();
        if (!options.Has('i'))
        {
            await RunAsync(run, options, Parse(), files.Count > 0 ? files : ["-"], run.Out).ConfigureAwait(false);
            return 0;
        }

        Parse();
        await run.ForEachFileAsync(files, file => EditAsync(run, options, Parse(), file), "{0}: {1}").ConfigureAwait(false);
        return 0;
    }

    private async ValueTask<string> ScriptAsync(ToolRun run, ToolOptions options)
    {
        var parts = new List<string>();
        foreach ((char option, string value) in options.All.Where(static o => o.Option is 'e' or 'f'))
        {
            try
            {
                parts.Add(ToolRun.Bytes(option == 'e' ? value : await run.Context.ReadTextAsync(value).ConfigureAwait(false)));
            }
            catch (FileException e)
            {
                throw Fail($"{value}: {e.Message}");
            }
        }

        return string.Join('\n', parts);
    }

    private async ValueTask RunAsync(ToolRun run, ToolOptions options, List<SedCommand> script, IReadOnlyList<string> files, ByteOutput output)
    {
        var input = new SedInput(run, files);
        await using (input.ConfigureAwait(false))
            await new SedSession(run, script, input, output, options.Has('n'), message => Fail(message)).RunAsync().ConfigureAwait(false);
    }

    // -i: into a file beside it, which then takes its name; with a suffix the old one is kept.
    private async ValueTask EditAsync(ToolRun run, ToolOptions options, List<SedCommand> script, string file)
    {
        FileTree tree = run.Context.Files;
        FileStatus status = tree.Stat(run.Path(file));
        if (status.Kind != FileKind.Regular)
            throw Fail($"couldn't edit {file}: not a regular file", 4);
        string edited = $"{run.Path(file)}.sed{status.Inode}";
        try
        {
            Stream target = tree.OpenWrite(edited, FileWriteMode.Truncate);
            await using (target.ConfigureAwait(false))
                await RunAsync(run, options, script, [file], new ByteOutput(target, run.Context.Cancellation)).ConfigureAwait(false);
            tree.SetMode(edited, status.Mode);
            if (options.Value('i') is { Length: > 0 } suffix)
                tree.Rename(run.Path(file), run.Path(file + suffix));
            tree.Rename(edited, run.Path(file));
        }
        finally
        {
            if (tree.TryStat(edited, out _))
                tree.Remove(edited);
        }
    }
}
