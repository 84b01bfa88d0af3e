using System.Globalization;
using System.Text;
using ActorNet.Workloads.Shell.Expansion;
using ActorNet.Workloads.Shell.Syntax;

namespace ActorNet.Workloads.Tools;

/// <summary>wc [-clw] [FILE...]</summary>
internal sealed class WcTool : Tool
{
    protected override string Name => "wc";

    protected override string Usage => "wc [-cmlw] [FILE]...";

    protected override string Options => "cmlw";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        char[] shown = [.. "lwmc".Where(c => options.All.Count == 0 ? c != 'm' : options.Has(c))];
        long[] total = new long[4];
        int files = 0;
        await run.ForEachInputAsync(options.Words, async (file, stream) =>
        {
            long[] counts = await CountAsync(run, stream).ConfigureAwait(false);
            for (int i = 0; i < counts.Length; i++)
                total[i] += counts[i];
            files++;
            await PrintAsync(run, counts, shown, options.Words.Count > 0 ? " " + file : "").ConfigureAwait(false);
        }, "{0}: {1}").ConfigureAwait(false);
        if (options.Words.Count > 1)
            await PrintAsync(run, total, shown, " total").ConfigureAwait(false);
        return 0;
    }

    // Lines, words, characters, bytes.
    private static async Task<long[]> CountAsync(ToolRun run, Stream stream)
    {
        long[] counts = new long[4];
        byte[] buffer = new byte[16_384];
        bool inWord = false;
        int read;
        while ((read = await stream.ReadAsync(buffer, run.Context.Cancellation).ConfigureAwait(false)) > 0)
        {
            counts[3] += read;
            foreach (byte b in buffer.AsSpan(0, read))
            {
                counts[0] += b == '\n' ? 1 : 0;
                counts[2] += (b & 0xC0) == 0x80 ? 0 : 1;
                bool isBlank = b is (byte)' ' or (>= 9 and <= 13);
                counts[1] += !isBlank && !inWord ? 1 : 0;
                inWord = !isBlank;
            }
        }

        return counts;
    }

    private static ValueTask PrintAsync(ToolRun run, long[] counts, char[] shown, string name)
    {
        IEnumerable<string> numbers = shown.Select(c => counts["lwmc".IndexOf(c, StringComparison.Ordinal)].ToString(CultureInfo.InvariantCulture));
        return run.Out.WriteTextAsync(string.Join(' ', shown.Length == 1 ? numbers : numbers.Select(static n => n.PadLeft(9))) + name + "\n");
    }
}

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
