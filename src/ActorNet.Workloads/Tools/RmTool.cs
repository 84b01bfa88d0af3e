using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>rm [-rf] FILE...</summary>
internal sealed class RmTool : Tool
{
    protected override string Name => "rm";

    protected override string Usage => "rm [-rf] FILE...";

    protected override string Options => "rRf";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        bool isForced = options.Has('f');
        if (options.Words.Count == 0 && !isForced)
            throw Misuse();
        foreach (string file in options.Words)
        {
            if (BasenameTool.Last(file) is "." or "..")
                await run.WarnAsync("can't remove '.' or '..'").ConfigureAwait(false);
            else
                await RemoveAsync(run, file, options.Has('r') || options.Has('R'), isForced).ConfigureAwait(false);
        }

        return 0;
    }

    private static async ValueTask RemoveAsync(ToolRun run, string file, bool recurses, bool isForced)
    {
        FileTree files = run.Context.Files;
        string path = run.Path(file);
        try
        {
            if (!files.Stat(path).IsDirectory)
            {
                files.Remove(path);
                return;
            }

            if (!recurses)
            {
                await run.WarnAsync($"'{file}' is a directory").ConfigureAwait(false);
                return;
            }

            foreach (string name in files.List(path))
                await RemoveAsync(run, $"{file.TrimEnd('/')}/{name}", recurses, isForced).ConfigureAwait(false);
            files.RemoveDirectory(path);
        }
        catch (FileException e) when (e.Error == FileError.NotFound && isForced)
        {
            // -f: what is not there is as good as removed.
        }
        catch (FileException e)
        {
            await run.WarnAsync($"can't {(e.Error == FileError.NotDirectory ? "stat" : "remove")} '{file}': {e.Message}").ConfigureAwait(false);
        }
    }
}
