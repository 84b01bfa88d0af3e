using System.Text;
using ActorNet.Workloads.Shell.Expansion;
using ActorNet.Workloads.Shell.Syntax;

namespace ActorNet.Workloads.Tools;

/// <summary>tr [-cds] SET1 [SET2]: byte for byte, with ranges, classes and escapes.</summary>
internal sealed class TrTool : Tool
{
    protected override string Name => "tr";

    protected override string Usage => "tr [-cds] STRING1 [STRING2]";

    protected override string Options => "+cCds";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count is 0 or > 2)
            throw Misuse();
        string from = Expand(ToolRun.Bytes(options.Words[0]));
        string to = options.Words.Count > 1 ? Expand(ToolRun.Bytes(options.Words[1])) : "";
        if (options.Has('c') || options.Has('C'))
            from = string.Concat(Enumerable.Range(0, 256).Select(static i => (char)i).Where(c => !from.Contains(c, StringComparison.Ordinal)));
        bool deletes = options.Has('d');
        var map = new int[256];
        for (int i = 0; i < map.Length; i++)
            map[i] = i;
        for (int i = 0; i < from.Length && (deletes || to.Length > 0); i++)
            map[from[i]] = deletes ? -1 : to[Math.Min(i, to.Length - 1)];
        string squeezed = !options.Has('s') ? "" : to.Length > 0 ? to : from;
        byte[] buffer = new byte[16_384];
        var result = new StringBuilder();
        int last = -1;
        int read;
        while ((read = await run.Context.Input.ReadAsync(buffer, run.Context.Cancellation).ConfigureAwait(false)) > 0)
        {
            result.Clear();
            foreach (byte b in buffer.AsSpan(0, read))
            {
                int mapped = map[b];
                if (mapped < 0 || (mapped == last && squeezed.Contains((char)mapped, StringComparison.Ordinal)))
                    continue;
                result.Append((char)mapped);
                last = mapped;
            }

            await run.Out.WriteAsync(result.ToString()).ConfigureAwait(false);
        }

        return 0;
    }

    private static string Expand(string set)
    {
        set = EscapedText.Decode(set);
        var result = new StringBuilder();
        for (int i = 0; i < set.Length;)
        {
            int end = set[i] == '[' && i + 1 < set.Length && set[i + 1] == ':' ? set.IndexOf(":]", i, StringComparison.Ordinal) : -1;
            if (end > 0 && CharacterClass.Find(set[(i + 2)..end]) is { } named)
            {
                result.Append(string.Concat(Enumerable.Range(0, 256).Select(static c => (char)c).Where(named)));
                i = end + 2;
            }
            else if (i + 2 < set.Length && set[i + 1] == '-' && set[i] <= set[i + 2])
            {
                for (int c = set[i]; c <= set[i + 2]; c++)
                    result.Append((char)c);
                i += 3;
            }
            else
            {
                result.Append(set[i++]);
            }
        }

        return result.ToString();
    }
}
