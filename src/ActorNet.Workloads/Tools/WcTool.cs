using System.Globalization;

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
