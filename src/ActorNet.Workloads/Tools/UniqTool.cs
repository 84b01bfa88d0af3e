using ActorNet.Workloads.Files;

namespace ActorNet.Workloads.Tools;

/// <summary>uniq [-cdui] [-f N] [-s N] [-w N] [FILE [OUTFILE]]: one of each run of equal lines.</summary>
internal sealed class UniqTool : Tool
{
    protected override string Name => "uniq";

    protected override string Usage => "uniq [-cdui] [-f,s,w N] [FILE [OUTFILE]]";

    protected override string Options => "cduif:s:w:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count > 2)
            throw Misuse();
        int fields = Count(options, 'f', 0);
        int characters = Count(options, 's', 0);
        int width = Count(options, 'w', int.MaxValue);
        StringComparison comparison = options.Has('i') ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        string file = options.Words.Count > 0 ? options.Words[0] : "-";
        if (await run.OpenAsync(file).ConfigureAwait(false) is not { } input)
            return 1;
        Stream? target = options.Words.Count > 1 && options.Words[1] != "-" ? OpenTarget(run, options.Words[1]) : null;
        ByteOutput output = target is null ? run.Out : new ByteOutput(target, run.Context.Cancellation);
        var lines = new ByteLines(input, run.Context.Cancellation);
        string? first = await lines.ReadAsync().ConfigureAwait(false);
        while (first is not null)
        {
            long count = 1;
            string? next;
            ReadOnlyMemory<char> key = Key(first, fields, characters, width);
            while ((next = await lines.ReadAsync().ConfigureAwait(false)) is not null && key.Span.Equals(Key(next, fields, characters, width).Span, comparison))
                count++;
            bool isShown = count > 1 ? !options.Has('u') : !options.Has('d');
            if (isShown)
                await output.WriteLineAsync(options.Has('c') ? $"{count,7} {first}" : first).ConfigureAwait(false);
            first = next;
        }

        await output.FlushAsync().ConfigureAwait(false);
        if (target is not null)
            await target.DisposeAsync().ConfigureAwait(false);
        if (input != run.Context.Input)
            await input.DisposeAsync().ConfigureAwait(false);
        return 0;
    }

    private int Count(ToolOptions options, char option, int otherwise) =>
        options.Value(option) is { } text ? (int)Math.Clamp(Number(text), 0, int.MaxValue) : otherwise;

    private Stream OpenTarget(ToolRun run, string file)
    {
        try
        {
            return run.Context.OpenWrite(file, FileWriteMode.Truncate);
        }
        catch (FileException e)
        {
            throw Fail($"can't open '{file}': {e.Message}");
        }
    }

    // What is compared: fields are skipped with the blanks before them, then characters.
    private static ReadOnlyMemory<char> Key(string line, int fields, int characters, int width)
    {
        int at = 0;
        for (int n = 0; n < fields && at < line.Length; n++)
        {
            while (at < line.Length && line[at] is ' ' or '\t')
                at++;
            while (at < line.Length && line[at] is not (' ' or '\t'))
                at++;
        }

        at = (int)Math.Min((long)at + characters, line.Length);
        return line.AsMemory(at, Math.Min(width, line.Length - at));
    }
}
