using System.Text;

namespace ActorNet.Workloads.Ss;

/// <summary>
/// The table of ss where standard output is no terminal: each column is as wide as its longest cell, with the column's delimiter before it
/// (iproute2 misc/ss.c columns, render_calc_width). A column without any cell, its title included, takes no room.
/// </summary>
internal sealed class SsColumns(bool hasNetworkId, bool hasState, bool hasHeader)
{
    private static readonly (string Title, string Delimiter, bool Right)[] Shape =
    [
        ("Netid", "", false), ("State", " ", false), ("Recv-Q", " ", false), ("Send-Q", " ", false), ("Local Address:", " ", true), ("Port", "", false),
        ("Peer Address:", " ", true), ("Port", "", false), ("Process", "", false),
    ];

    private readonly List<string[]> _rows = hasHeader ? [[.. Shape.Select(static column => column.Title)]] : [];

    /// <summary>Adds a row: a cell for each of the nine columns.</summary>
    /// <param name="cells">Cells.</param>
    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>The table's text.</summary>
    public string Render()
    {
        bool[] used = [.. Shape.Select((_, i) => i switch { 0 => hasNetworkId, 1 => hasState, _ => true })];
        int[] widths = [.. Shape.Select((_, i) => _rows.Count == 0 ? 0 : _rows.Max(row => row[i].Length))];
        var text = new StringBuilder();
        foreach (string[] row in _rows)
        {
            bool first = true;
            for (int i = 0; i < Shape.Length; i++)
            {
                if (!used[i] || widths[i] == 0)
                    continue;
                if (!first)
                    text.Append(Shape[i].Delimiter);
                text.Append(Shape[i].Right ? row[i].PadLeft(widths[i]) : row[i].PadRight(widths[i]));
                first = false;
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
