using System.Globalization;

namespace ActorNet.Workloads.Tools;

/// <summary>seq [-w] [-s SEPARATOR] [FIRST [INCREMENT]] LAST</summary>
internal sealed class SeqTool : Tool
{
    protected override string Name => "seq";

    protected override string Usage => "seq [-w] [-s SEP] [FIRST [INC]] LAST";

    // Options end at the first number, so that later ones may be negative.
    protected override string Options => "+ws:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        string separator = options.Value('s') ?? "\n";
        bool pads = options.Has('w');
        string[] numbers = [.. options.Words];
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
