using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>cp [-arpfn] SOURCE DEST, cp [-arpfn] SOURCE... DIRECTORY</summary>
internal sealed class CpTool : Tool
{
    protected override string Name => "cp";

    protected override string Usage => "cp [-arpfn] SOURCE... DEST";

    protected override string Options => "aArRpfn";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count < 2)
            throw Misuse();
        string target = options.Words[^1];
        bool intoDirectory = options.Words.Count > 2 || (run.Context.Files.TryStat(run.Path(target), out FileStatus status) && status.IsDirectory);
        foreach (string source in options.Words.SkipLast(1))
            await CopyAsync(run, options, source, intoDirectory ? $"{target.TrimEnd('/')}/{BasenameTool.Last(source)}" : target).ConfigureAwait(false);
        return 0;
    }

    private static async ValueTask CopyAsync(ToolRun run, ToolOptions options, string source, string target)
    {
        FileTree files = run.Context.Files;
        FileStatus status;
        try
        {
            status = files.Stat(run.Path(source));
        }
        catch (FileException e)
        {
            await run.WarnAsync($"can't stat '{source}': {e.Message}").ConfigureAwait(false);
            return;
        }

        bool isThere = files.TryStat(run.Path(target), out FileStatus there);
        if (isThere && there.Inode == status.Inode)
            await run.WarnAsync($"'{source}' and '{target}' are the same file").ConfigureAwait(false);
        else if (status.IsDirectory && !options.Has('r') && !options.Has('R') && !options.Has('a'))
            await run.WarnAsync($"omitting directory '{source}'").ConfigureAwait(false);
        else if (status.IsDirectory)
            await CopyDirectoryAsync(run, options, source, target, status).ConfigureAwait(false);
        else if (!isThere || !options.Has('n'))
            await CopyFileAsync(run, options, source, target, status, isThere).ConfigureAwait(false);
    }

    private static async ValueTask CopyDirectoryAsync(ToolRun run, ToolOptions options, string source, string target, FileStatus status)
    {
        FileTree files = run.Context.Files;
        IReadOnlyList<string> names = files.List(run.Path(source));
        try
        {
            if (!files.TryStat(run.Path(target), out FileStatus there))
                files.CreateDirectory(run.Path(target));
            else if (!there.IsDirectory)
                throw new FileException(FileError.Exists);
            string inner = files.Canonical(run.Path(target)) + "/";
            if (inner.StartsWith(files.Canonical(run.Path(source)) + "/", StringComparison.Ordinal))
            {
                await run.WarnAsync($"recursion detected, omitting directory '{source}'").ConfigureAwait(false);
                return;
            }
        }
        catch (FileException e)
        {
            await run.WarnAsync($"can't create directory '{target}': {e.Message}").ConfigureAwait(false);
            return;
        }

        foreach (string name in names)
            await CopyAsync(run, options, $"{source.TrimEnd('/')}/{name}", $"{target.TrimEnd('/')}/{name}").ConfigureAwait(false);
        Keep(run, options, target, status);
    }

    private static async ValueTask CopyFileAsync(ToolRun run, ToolOptions options, string source, string target, FileStatus status, bool isThere)
    {
        try
        {
            if (status.Program is { } program && !isThere)
            {
                run.Context.Files.AddProgram(run.Path(target), program);
                return;
            }

            Stream input = run.Context.OpenRead(source);
            await using (input.ConfigureAwait(false))
            {
                Stream output = run.Context.Files.OpenWrite(run.Path(target), FileWriteMode.Truncate);
                await using (output.ConfigureAwait(false))
                    await input.CopyToAsync(output, 16_384, run.Context.Cancellation).ConfigureAwait(false);
            }

            if (!isThere)
                run.Context.Files.SetMode(run.Path(target), status.Mode & ~0x12);
            Keep(run, options, target, status);
        }
        catch (FileException e)
        {
            await run.WarnAsync($"can't create '{target}': {e.Message}").ConfigureAwait(false);
        }
    }

    // -p and -a keep mode and time.
    private static void Keep(ToolRun run, ToolOptions options, string target, FileStatus status)
    {
        if (!options.Has('p') && !options.Has('a'))
            return;
        run.Context.Files.SetMode(run.Path(target), status.Mode);
        run.Context.Files.SetModified(run.Path(target), status.Modified);
    }
}
