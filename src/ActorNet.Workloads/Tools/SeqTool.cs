using System.Globalization;

namespace ActorNet.Workloads.Tools;

/// <summary>seq [-w] [-s SEPARATOR] [FIRST [INCREMENT]] LAST</summary>
internal sealed class SeqTool : Tool
{
    protected override string Name => "seq";

    protected override string Usage => "seq [-w] [-s SEP] [FIRST [INC]] LAST";

    // A negative number is no option: the words are read here.
    protected override string Options => "-";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        string separator = "\n";
        bool pads = false;
        int at = 0;
        List<string> words = options.Words;
        for (; at < words.Count && words[at].Length > 1 && words[at][0] == '-' && words[at][1] is 's' or 'w'; at++)
        {
            if (words[at][1] == 'w')
                pads = true;
            else
                separator = words[at].Length > 2 ? words[at][2..] : ++at < words.Count ? words[at] : throw Misuse();
        }

        string[] numbers = [.. words.Skip(at)];
        if (numbers.Length is 0 or > 3 || !Array.TrueForAll(numbers, static n => decimal.TryParse(n, NumberStyles.Float, CultureInfo.InvariantCulture, out _)))
            throw Misuse();
        decimal[] values = [.. numbers.Select(static n => decimal.Parse(n, NumberStyles.Float, CultureInfo.InvariantCulture))];
        decimal first = values.Length > 1 ? values[0] : 1;
        decimal step = values.Length > 2 ? values[1] : 1;
        decimal last = values[^1];
        int digits = numbers.SkipLast(numbers.Length > 1 ? 1 : 0).Max(static n => n.Contains('.', StringComparison.Ordinal) ? n.Length - n.IndexOf('.', StringComparison.Ordinal) - 1 : 0);
        string format = "F" + Math.Min(digits, 20);
        int width = pads ? Math.Max(first.ToString(format, CultureInfo.InvariantCulture).Length, last.ToString(format, CultureInfo.InvariantCulture).Length) : 0;
        bool isFirst = true;
        for (decimal value = first; step < 0 ? value >= last : value <= last; value += step)
        {
            run.Context.Cancellation.ThrowIfCancellationRequested();
            string text = value.ToString(format, CultureInfo.InvariantCulture).PadLeft(width, '0');
            await run.Out.WriteTextAsync(isFirst ? text : separator + text).ConfigureAwait(false);
            isFirst = false;
        }

        await run.Out.WriteAsync(isFirst ? "" : "\n").ConfigureAwait(false);
        return 0;
    }
}
