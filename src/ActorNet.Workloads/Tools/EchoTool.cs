using ActorNet.Workloads.Shell.Syntax;

namespace ActorNet.Workloads.Tools;

/// <summary>echo [-neE] [ARGUMENT...], options as busybox takes them.</summary>
internal sealed class EchoTool : Tool
{
    protected override string Name => "echo";

    protected override string Usage => "echo [-neE] [ARG]...";

    protected override string Options => "-";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        bool newline = true;
        bool escapes = false;
        int at = 0;
        List<string> words = options.Words;
        for (; at < words.Count && words[at].Length > 1 && words[at][0] == '-' && words[at].AsSpan(1).IndexOfAnyExcept("neE") < 0; at++)
        {
            newline &= !words[at].Contains('n', StringComparison.Ordinal);
            foreach (char c in words[at].AsSpan(1))
                escapes = c == 'e' || (c != 'E' && escapes);
        }

        string text = ToolRun.Bytes(string.Join(' ', words.Skip(at)));
        bool ended = false;
        if (escapes)
            text = EscapedText.Decode(text, octalZero: true, out ended);
        await run.Out.WriteAsync(newline && !ended ? text + "\n" : text).ConfigureAwait(false);
        return 0;
    }
}
