using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>id [-ugGnr] [USER], by /etc/passwd and /etc/group; every program here runs as root.</summary>
internal sealed class IdTool : Tool
{
    protected override string Name => "id";

    protected override string Usage => "id [-ugGnr] [USER]";

    protected override string Options => "ugGnr";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count > 1)
            throw Misuse();
        bool isOne = options.Has('u') || options.Has('g') || options.Has('G');
        if (!isOne && (options.Has('n') || options.Has('r')))
            throw Misuse();
        string user = options.Words.Count > 0 ? options.Words[0] : "root";
        string[] entry = await FindAsync(run, "/etc/passwd", 0, user).ConfigureAwait(false) ?? throw Fail($"unknown user {user}");
        (string uid, string gid) = (entry[2], entry[3]);
        string group = (await FindAsync(run, "/etc/group", 2, gid).ConfigureAwait(false))?[0] ?? gid;
        string text = options.Has('u') ? (options.Has('n') ? user : uid)
            : isOne ? (options.Has('n') ? group : gid)
            : $"uid={uid}({user}) gid={gid}({group})" + (options.Words.Count > 0 ? $" groups={gid}({group})" : "");
        await run.Out.WriteTextAsync(text + "\n").ConfigureAwait(false);
        return 0;
    }

    // passwd(5) and group(5): fields between colons.
    private static async ValueTask<string[]?> FindAsync(ToolRun run, string file, int field, string value)
    {
        try
        {
            string text = await run.Context.ReadTextAsync(file).ConfigureAwait(false);
            return text.Split('\n').Select(static line => line.Split(':')).FirstOrDefault(f => f.Length > 3 && f[field] == value);
        }
        catch (FileException)
        {
            return null;
        }
    }
}
