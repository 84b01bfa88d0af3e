using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>chmod [-Rf] MODE FILE...</summary>
internal sealed class ChmodTool : Tool
{
    protected override string Name => "chmod";

    protected override string Usage => "chmod [-Rf] MODE[,MODE]... FILE...";

    // The letters of modes are here so that "-x" is a mode.
    protected override string Options => "-";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        List<string> words = options.Words;
        int at = 0;
        string flags = "";
        for (; at < words.Count && words[at].Length > 1 && words[at][0] == '-' && words[at].AsSpan(1).IndexOfAnyExcept("Rf") < 0; at++)
            flags += words[at][1..];
        if (words.Count < at + 2)
            throw Misuse();
        string mode = words[at];
        if (ModeText.Apply(mode, default) is null)
            throw Fail($"invalid mode '{mode}'");
        foreach (string file in words.Skip(at + 1))
            await ChangeAsync(run, mode, file, flags).ConfigureAwait(false);
        return 0;
    }

    private static async ValueTask ChangeAsync(ToolRun run, string mode, string file, string flags)
    {
        FileTree files = run.Context.Files;
        try
        {
            FileStatus status = files.Stat(run.Path(file));
            files.SetMode(run.Path(file), ModeText.Apply(mode, status) ?? status.Mode);
            if (!flags.Contains('R', StringComparison.Ordinal) || !status.IsDirectory)
                return;
            foreach (string name in files.List(run.Path(file)))
                await ChangeAsync(run, mode, $"{file}/{name}", flags).ConfigureAwait(false);
        }
        catch (FileException e)
        {
            await run.WarnAsync(flags.Contains('f', StringComparison.Ordinal) ? null : $"{file}: {e.Message}").ConfigureAwait(false);
        }
    }
}
