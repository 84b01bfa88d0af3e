using System.Globalization;

namespace ActorNet.Workloads.Tools;

/// <summary>sort [-nru] [-k N] [-t C] [FILE...]: by bytes, as in the C locale; at most 64 MiB.</summary>
internal sealed class SortTool : Tool
{
    private const int MaxBytes = 64 << 20;

    protected override string Name => "sort";

    protected override string Usage => "sort [-nru] [-k N] [-t CHAR] [FILE]...";

    protected override int FailureCode => 2;

    protected override string Options => "nruk:t:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        var lines = new List<string>();
        long length = 0;
        await run.ForEachLineAsync(options.Words, line =>
        {
            lines.Add(line);
            length += line.Length;
            return length <= MaxBytes ? ValueTask.FromResult(true) : throw Fail("out of memory");
        }, "{0}: {1}", 2).ConfigureAwait(false);
        string? separator = options.Value('t') is { Length: > 0 } t ? ToolRun.Bytes(t) : null;
        int field = options.Value('k') is { } key ? (int)Number(key.Split(',', '.', 'n', 'r')[0]) : 0;
        bool isNumeric = options.Has('n') || options.Value('k')?.Contains('n', StringComparison.Ordinal) == true;
        bool isReverse = options.Has('r') || options.Value('k')?.Contains('r', StringComparison.Ordinal) == true;
        int ByKey(string a, string b)
        {
            (string x, string y) = field > 0 ? (Key(a, field, separator), Key(b, field, separator)) : (a, b);
            int order = isNumeric ? Value(x).CompareTo(Value(y)) : string.CompareOrdinal(x, y);
            return isReverse ? -order : order;
        }

        int ByLine(string a, string b) => ByKey(a, b) is not 0 and var order ? order : isReverse ? string.CompareOrdinal(b, a) : string.CompareOrdinal(a, b);
        IEnumerable<string> sorted = options.Has('u')
            ? lines.Order(Comparer<string>.Create(ByKey))
            : lines.Order(Comparer<string>.Create(ByLine));
        string? last = null;
        foreach (string line in sorted)
        {
            if (!options.Has('u') || last is null || ByKey(last, line) != 0)
                await run.Out.WriteLineAsync(line).ConfigureAwait(false);
            last = line;
        }

        return 0;
    }

    // Without a separator a field begins at the blanks before it.
    private static string Key(string line, int field, string? separator)
    {
        int at = 0;
        for (int n = 1; n < field && at < line.Length; n++)
        {
            if (separator is not null)
            {
                int found = line.IndexOf(separator[0], at);
                at = found < 0 ? line.Length : found + 1;
                continue;
            }

            while (at < line.Length && line[at] is ' ' or '\t')
                at++;
            while (at < line.Length && line[at] is not (' ' or '\t'))
                at++;
        }

        return line[at..];
    }

    private static double Value(string text)
    {
        text = text.TrimStart(' ', '\t');
        int end = text.StartsWith('-') ? 1 : 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
            end++;
        return double.TryParse(text.AsSpan(0, end), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : 0;
    }
}
