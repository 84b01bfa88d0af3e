namespace ActorNet.Workloads.Tools;

/// <summary>basename FILE [SUFFIX], basename -a FILE..., basename -s SUFFIX FILE...</summary>
internal sealed class BasenameTool : Tool
{
    protected override string Name => "basename";

    protected override string Usage => "basename FILE [SUFFIX] | -a FILE... | -s SUFFIX FILE...";

    protected override string Options => "+as:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        bool isMany = options.All.Count > 0;
        if (options.Words.Count == 0 || (!isMany && options.Words.Count > 2))
            throw Misuse();
        string suffix = options.Value('s') ?? (!isMany && options.Words.Count > 1 ? options.Words[1] : "");
        foreach (string word in isMany ? options.Words : options.Words[..1])
        {
            string name = Last(word);
            if (suffix.Length < name.Length && name.EndsWith(suffix, StringComparison.Ordinal))
                name = name[..^suffix.Length];
            await run.Out.WriteTextAsync(name + "\n").ConfigureAwait(false);
        }

        return 0;
    }

    /// <summary>The last name of a path, as basename(3).</summary>
    internal static string Last(string path)
    {
        string trimmed = path.TrimEnd('/');
        return trimmed.Length == 0 ? (path.Length == 0 ? "" : "/") : trimmed[(trimmed.LastIndexOf('/') + 1)..];
    }
}
