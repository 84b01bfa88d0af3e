using System.Text.RegularExpressions;

namespace ActorNet.Workloads.Tools;

/// <summary>grep [-EFHcehilnoqsvwx] PATTERN [FILE...]</summary>
internal sealed class GrepTool : Tool
{
    protected override string Name => "grep";

    protected override string Usage => "grep [-EFHchilnoqsvwx] { PATTERN | -e PATTERN... } [FILE]...";

    protected override int FailureCode => 2;

    protected override string Options => "EFHce:hilnoqsvwxm:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        List<string> files = options.Words;
        List<string> patterns = [.. options.Values('e')];
        if (patterns.Count == 0)
        {
            if (files.Count == 0)
                throw Misuse();
            patterns.Add(files[0]);
            files = files[1..];
        }

        Regex[] expressions = [.. patterns.SelectMany(static p => p.Split('\n')).Select(p => Compile(p, options))];
        bool namesFiles = (files.Count > 1 || options.Has('H')) && !options.Has('h');
        long most = options.Value('m') is { } m ? Number(m) : long.MaxValue;
        bool anything = false;
        await run.ForEachInputAsync(files, async (file, stream) =>
        {
            if (anything && options.Has('q'))
                return;
            string prefix = namesFiles ? ToolRun.Bytes(file == "-" ? "(standard input)" : file) + ":" : "";
            var lines = new ByteLines(stream, run.Context.Cancellation);
            long count = 0;
            for (long number = 1; count < most && await lines.ReadAsync().ConfigureAwait(false) is { } line; number++)
            {
                if (Array.Exists(expressions, e => e.IsMatch(line)) == options.Has('v'))
                    continue;
                count++;
                anything = true;
                if (options.Has('q') || options.Has('l'))
                    break;
                if (!options.Has('c'))
                    await PrintAsync(run, options, expressions, prefix + (options.Has('n') ? $"{number}:" : ""), line).ConfigureAwait(false);
            }

            if (options.Has('l') && count > 0)
                await run.Out.WriteTextAsync(file + "\n").ConfigureAwait(false);
            else if (options.Has('c') && !options.Has('q'))
                await run.Out.WriteAsync($"{prefix}{count}\n").ConfigureAwait(false);
        }, "{0}: {1}", 2).ConfigureAwait(false);
        return anything ? 0 : 1;
    }

    private static async ValueTask PrintAsync(ToolRun run, ToolOptions options, Regex[] expressions, string prefix, string line)
    {
        if (!options.Has('o'))
        {
            await run.Out.WriteLineAsync(prefix + line).ConfigureAwait(false);
            return;
        }

        foreach (Match match in expressions.SelectMany(e => e.Matches(line)).Where(static m => m.Length > 0).OrderBy(static m => m.Index))
            await run.Out.WriteLineAsync(prefix + match.Value).ConfigureAwait(false);
    }

    private Regex Compile(string pattern, ToolOptions options)
    {
        string bytes = ToolRun.Bytes(pattern);
        string expression = options.Has('F') ? Regex.Escape(bytes) : PosixRegex.Translate(bytes, options.Has('E'));
        if (options.Has('w'))
            expression = $@"(?<![A-Za-z0-9_])(?:{expression})(?![A-Za-z0-9_])";
        if (options.Has('x'))
            expression = $"^(?:{expression})$";
        return PosixRegex.TryMake(expression, options.Has('i')) ?? throw Fail($"bad regex '{pattern}'");
    }
}
