using System.Globalization;
using System.Text;

namespace ActorNet.Workloads.Tools;

/// <summary>cut { -b LIST | -c LIST | -f LIST [-d C] [-s] } [FILE...]: characters are bytes, as in the C locale.</summary>
internal sealed class CutTool : Tool
{
    protected override string Name => "cut";

    protected override string Usage => "cut { -b LIST | -c LIST | -f LIST [-d SEP] [-s] } [-n] [FILE]...";

    protected override string Options => "b:c:f:d:sn";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        string[] lists = [.. options.All.Where(static o => o.Option is 'b' or 'c' or 'f').Select(static o => o.Value)];
        if (lists.Length == 0)
            throw new ToolExit(-1, "cut: expected a list of bytes, characters, or fields\n");
        if (lists.Length > 1)
            throw Misuse();
        bool byField = options.Has('f');
        if (!byField && options.Has('d'))
            throw Fail("a delimiter may be specified only when operating on fields");
        if (!byField && options.Has('s'))
            throw Fail("suppressing non-delimited lines makes sense only when operating on fields");
        List<(int First, int Last)> ranges = Parse(lists[0]);
        char separator = options.Value('d') is { } d ? ToolRun.Bytes(d).FirstOrDefault() : '\t';
        await run.ForEachLineAsync(options.Words, async line =>
        {
            if (!byField)
                await run.Out.WriteLineAsync(Pick(line, ranges)).ConfigureAwait(false);
            else if (line.Contains(separator, StringComparison.Ordinal))
                await run.Out.WriteLineAsync(PickFields(line, separator, ranges)).ConfigureAwait(false);
            else if (!options.Has('s'))
                await run.Out.WriteLineAsync(line).ConfigureAwait(false);
            return true;
        }, "{0}: {1}").ConfigureAwait(false);
        return 0;
    }

    // Zero-based, without overlaps, in ascending order.
    private List<(int First, int Last)> Parse(string list)
    {
        var ranges = new List<(int First, int Last)>();
        foreach (string part in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int dash = part.IndexOf('-', StringComparison.Ordinal);
            string from = dash < 0 ? part : part[..dash];
            string to = dash < 0 ? part : part[(dash + 1)..];
            int first = from.Length == 0 ? 0 : Math.Max(0, Position(from) - 1);
            int last = to.Length == 0 ? int.MaxValue : Math.Max(0, Position(to) - 1);
            if (last < first)
                throw Fail($"{last + 1}<{first}");
            ranges.Add((first, last));
        }

        if (ranges.Count == 0)
            throw Fail("missing list of positions");
        ranges.Sort();
        var merged = new List<(int First, int Last)>();
        foreach ((int first, int last) in ranges)
        {
            if (merged.Count == 0 || first > merged[^1].Last)
                merged.Add((first, last));
            else
                merged[^1] = (merged[^1].First, Math.Max(last, merged[^1].Last));
        }

        return merged;
    }

    private int Position(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw Fail($"invalid number '{text}'");

    private static string Pick(string line, List<(int First, int Last)> ranges)
    {
        var result = new StringBuilder();
        foreach ((int first, int last) in ranges)
        {
            if (first < line.Length)
                result.Append(line, first, Math.Min(last, line.Length - 1) - first + 1);
        }

        return result.ToString();
    }

    private static string PickFields(string line, char separator, List<(int First, int Last)> ranges)
    {
        string[] fields = line.Split(separator);
        IEnumerable<string> picked = ranges.Where(r => r.First < fields.Length).SelectMany(r => fields[r.First..(Math.Min(r.Last, fields.Length - 1) + 1)]);
        return string.Join(separator, picked);
    }
}
