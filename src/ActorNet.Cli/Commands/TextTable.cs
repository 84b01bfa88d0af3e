namespace ActorNet.Cli.Commands;

/// <summary>Columns as kubectl prints them: padded to the widest cell, three spaces between, no lines.</summary>
internal static class TextTable
{
    /// <summary>Writes header and rows.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="header">Column names.</param>
    /// <param name="rows">Cells, as many as columns.</param>
    public static void Write(TextWriter output, string[] header, IEnumerable<string[]> rows)
    {
        List<string[]> all = [header, .. rows];
        int[] widths = [.. Enumerable.Range(0, header.Length).Select(c => all.Max(r => r[c].Length))];
        foreach (string[] row in all)
            output.WriteLine(string.Concat(row.Select((cell, c) => c == row.Length - 1 ? cell : cell.PadRight(widths[c] + 3))));
    }
}
