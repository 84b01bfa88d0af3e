namespace ActorNet.Workloads.Tools;

/// <summary>dirname FILE: the path without its last name.</summary>
internal sealed class DirnameTool : Tool
{
    protected override string Name => "dirname";

    protected override string Usage => "dirname FILENAME";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count != 1)
            throw Misuse();
        string path = options.Words[0].TrimEnd('/');
        int slash = path.LastIndexOf('/');
        string directory = slash < 0 ? (path.Length == 0 && options.Words[0].Length > 0 ? "/" : ".") : path[..slash].TrimEnd('/');
        await run.Out.WriteTextAsync((directory.Length == 0 ? "/" : directory) + "\n").ConfigureAwait(false);
        return 0;
    }
}
