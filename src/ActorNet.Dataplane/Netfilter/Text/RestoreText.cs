using System.Globalization;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>Reads the text of iptables-restore (iptables/xtables-restore.c) as far as that needs no tables, to the first line that is wrong.</summary>
/// <param name="counters">--counters: the text's counters are taken.</param>
/// <param name="program">The name that the tool says.</param>
internal sealed class RestoreText(bool counters, string program)
{
    private readonly List<RestoreLine> _lines = [];
    private WordPool _pool = new();
    private readonly List<string> _words = [];
    private RuleReader _reader = new();
    private TableLine? _table;
    private int _line;
    private bool _inTable;

    internal IReadOnlyList<RestoreLine> Read(IReadOnlyList<string> pieces)
    {
        MakeRoom(pieces);
        for (int i = 0; i < pieces.Count; i++)
        {
            // The end of a line in the middle of the text is not the beginning of an empty one.
            ReadOnlySpan<char> piece = pieces[i].AsSpan();
            if (i < pieces.Count - 1 && piece is [.., '\n'])
                piece = piece[..^1];
            if (!ReadPiece(piece))
                return _lines;
        }

        if (_inTable)
            _lines.Add(new FaultLine(_line, new RestoreResult(1, $"{program}: COMMIT expected at line {_line}\n")));
        return _lines;
    }

    // Of names there are about as many as chains.
    private void MakeRoom(IReadOnlyList<string> pieces)
    {
        int lines = 0;
        int chains = 0;
        foreach (string piece in pieces)
        {
            lines += piece.AsSpan().Count('\n');
            chains += piece.AsSpan().Count("\n:");
        }

        _lines.EnsureCapacity(lines);
        _pool = new WordPool(chains);
    }

    private bool ReadPiece(ReadOnlySpan<char> piece)
    {
        foreach (ReadOnlySpan<char> line in piece.EnumerateLines())
        {
            _line++;
            if (line.IsEmpty || line[0] is '#' or '\0')
                continue;
            RestoreLine read = ReadLine(line);
            _lines.Add(read);
            if (read is FaultLine)
                return false;
        }

        return true;
    }

    private RestoreLine ReadLine(ReadOnlySpan<char> line)
    {
        try
        {
            if (!_inTable)
                return line[0] == '*' ? BeginTable(line[1..].Trim().ToString()) : new FaultLine(_line, RestoreRefusal.OfLine(program, _line, ""));
            if (line.StartsWith("COMMIT") && line[6..].Trim().IsEmpty)
                return EndTable();
            return line[0] == ':' ? ReadChain(line[1..]) : ReadCommand(line);
        }
        catch (RuleSyntaxException e)
        {
            return new FaultLine(_line, RestoreRefusal.OfSyntax(program, _line, e));
        }
    }

    private TableLine BeginTable(string name)
    {
        if (!Rules.TableNames.IsTable(name))
            throw new RuleSyntaxException($"{program}: line {_line} table name '{name}' invalid");
        _inTable = true;
        _reader = new RuleReader();
        return _table = new TableLine(_line, name);
    }

    private CommitLine EndTable()
    {
        _inTable = false;
        return new CommitLine(_line);
    }

    // :CHAIN POLICY [packets:bytes]
    private ChainLine ReadChain(ReadOnlySpan<char> text)
    {
        Span<Range> parts = stackalloc Range[4];
        int count = text.SplitAny(parts, " \t", StringSplitOptions.RemoveEmptyEntries);
        if (count == 0)
            throw new RuleSyntaxException($"{program}: line {_line} chain name invalid");
        if (count < 2)
            throw new RuleSyntaxException($"{program}: line {_line} policy invalid");
        string name = _pool.Of(text[parts[0]]);
        (long packets, long bytes) = (0, 0);
        if (counters && count > 2 && !TryCounters(text[parts[2]], out packets, out bytes))
            throw new RuleSyntaxException("invalid policy counters for chain '" + name + "'");
        _table!.Chains++;
        return new ChainLine(_line, name, _pool.Of(text[parts[1]]), packets, bytes);
    }

    private RestoreLine ReadCommand(ReadOnlySpan<char> line)
    {
        (long Packets, long Bytes)? counted = null;
        if (line[0] == '[')
        {
            int end = line.IndexOf(']');
            if (end < 0)
                throw new RuleSyntaxException("Need ]\n");
            if (!TryCounters(line[..(end + 1)], out long packets, out long bytes))
                throw new RuleSyntaxException("invalid counters");
            if (counters)
                counted = (packets, bytes);
            line = line[(end + 1)..];
        }

        _words.Clear();
        RuleWords.Split(line, _words, _pool);
        if (_words is not ["-A" or "--append", var chain, ..])
            return new CommandLine(_line, [.. _words], counted);
        RuleReading reading = _reader.Read(new RuleWords(_words, 2), chain);
        if (counted is { } c)
            reading.Count(c.Packets, c.Bytes);
        return new AppendLine(_line, chain, reading);
    }

    // [packets:bytes]
    private static bool TryCounters(ReadOnlySpan<char> text, out long packets, out long bytes)
    {
        packets = bytes = 0;
        int colon = text.IndexOf(':');
        return colon > 0 && text[0] == '[' && text[^1] == ']'
            && long.TryParse(text[1..colon], NumberStyles.None, CultureInfo.InvariantCulture, out packets)
            && long.TryParse(text[(colon + 1)..^1], NumberStyles.None, CultureInfo.InvariantCulture, out bytes);
    }
}
