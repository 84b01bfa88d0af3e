using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ActorNet.Workloads.Tools.Sed;

/// <summary>Reads a script of sed (POSIX XCU sed, and busybox's extensions).</summary>
/// <param name="script">Script, one character per byte.</param>
/// <param name="isExtended">Whether expressions are extended ones.</param>
/// <param name="fail">Makes the end with a message.</param>
internal sealed class SedParser(string script, bool isExtended, Func<string, ToolExit> fail)
{
    private readonly List<SedCommand> _commands = [];
    private readonly Stack<int> _open = new();
    private int _at;

    private char Current => _at < script.Length ? script[_at] : '\0';

    public List<SedCommand> Parse()
    {
        while (true)
        {
            while (Current is ';' or ' ' or '\t' or '\n')
                _at++;
            if (_at >= script.Length)
                break;
            if (Current == '#')
                TakeLine();
            else
                ParseCommand();
        }

        if (_open.Count > 0)
            throw fail("unmatched '{'");
        ResolveLabels();
        return _commands;
    }

    private void ParseCommand()
    {
        SedAddress? first = ParseAddress(isSecond: false);
        SedAddress? second = null;
        SkipBlanks();
        if (first is not null && Current == ',')
        {
            _at++;
            SkipBlanks();
            second = ParseAddress(isSecond: true) ?? throw fail("no address after comma");
            SkipBlanks();
        }

        bool isNegated = Current == '!';
        while (Current is '!' or ' ' or '\t')
            _at++;
        if (_at >= script.Length)
            throw fail("missing command");
        char letter = script[_at++];
        var command = new SedCommand
        {
            Letter = letter,
            First = first,
            Second = second,
            IsNegated = isNegated,
            Substitution = letter == 's' ? ParseSubstitution() : null,
            Text = ParseText(letter),
        };
        if (letter == '{')
            _open.Push(_commands.Count);
        else if (letter == '}')
            _commands[_open.Count > 0 ? _open.Pop() : throw fail("unexpected '}'")].Target = _commands.Count;
        _commands.Add(command);
    }

    private string ParseText(char letter)
    {
        switch (letter)
        {
            case 'a' or 'i' or 'c':
                return ParseInserted();
            case ':' or 'b' or 't':
                SkipBlanks();
                int start = _at;
                while (Current is not ('\0' or ';' or '\n' or '}'))
                    _at++;
                string label = script[start.._at].TrimEnd();
                return letter == ':' && label.Length == 0 ? throw fail("missing command") : label;
            case 'r':
                SkipBlanks();
                return TakeLine() is { Length: > 0 } file ? file : throw fail("empty filename");
            case 'y':
                return ParseTransliteration();
            case '=' or 'd' or 'D' or 'g' or 'G' or 'h' or 'H' or 'n' or 'N' or 'p' or 'P' or 'q' or 's' or 'x' or '{' or '}':
                return "";
            default:
                throw fail($"unsupported command {letter}");
        }
    }

    // "a\" and the next line, or "a text"; a backslash keeps the newline behind it.
    private string ParseInserted()
    {
        SkipBlanks();
        if (Current == '\\' && _at + 1 < script.Length)
        {
            _at++;
            SkipBlanks();
            if (Current == '\n')
                _at++;
        }

        var text = new StringBuilder();
        for (; Current is not ('\0' or '\n'); _at++)
        {
            if (Current == '\\' && _at + 1 < script.Length)
                _at++;
            text.Append(Current);
        }

        return text.Append('\n').ToString();
    }

    private string ParseTransliteration()
    {
        char delimiter = TakeDelimiter();
        string from = Unescape(TakeDelimited(delimiter));
        string to = Unescape(TakeDelimited(delimiter));
        return from.Length == to.Length ? from + to : throw fail("strings for 'y' command have different lengths");
    }

    private SedSubstitution ParseSubstitution()
    {
        char delimiter = TakeDelimiter();
        string pattern = TakeDelimited(delimiter, isPattern: true);
        string replacement = TakeDelimited(delimiter);
        bool isGlobal = false;
        bool prints = false;
        bool ignoresCase = false;
        int ordinal = 0;
        for (; Current is not ('\0' or ';' or '\n' or '}' or ' ' or '\t' or '#'); _at++)
        {
            if (char.IsAsciiDigit(Current))
                ordinal = Math.Min((ordinal * 10) + (Current - '0'), 1 << 20);
            else if (Current == 'g')
                isGlobal = true;
            else if (Current == 'p')
                prints = true;
            else if (Current is 'i' or 'I')
                ignoresCase = true;
            else
                throw fail("bad option in substitution expression");
        }

        return new SedSubstitution(pattern.Length == 0 ? null : Compile(pattern, ignoresCase), replacement, Math.Max(1, ordinal), isGlobal, prints);
    }

    private SedAddress? ParseAddress(bool isSecond)
    {
        if (Current == '$')
        {
            _at++;
            return new SedAddress(0, true, null, false);
        }

        if (isSecond && Current == '+')
        {
            _at++;
            return new SedAddress(0, false, null, false, Number());
        }

        if (char.IsAsciiDigit(Current))
            return new SedAddress(Number(), false, null, false);
        if (Current != '/' && (Current != '\\' || _at + 1 >= script.Length))
            return null;
        if (Current == '\\')
            _at++;
        string pattern = TakeDelimited(TakeDelimiter(), isPattern: true);
        bool ignoresCase = Current == 'I';
        if (ignoresCase)
            _at++;
        return new SedAddress(0, false, pattern.Length == 0 ? null : Compile(pattern, ignoresCase), pattern.Length == 0);
    }

    private long Number()
    {
        int start = _at;
        while (char.IsAsciiDigit(Current))
            _at++;
        return long.TryParse(script.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : throw fail("invalid number");
    }

    private char TakeDelimiter() => Current is '\0' or '\n' or '\\' ? throw fail("bad format in substitution expression") : script[_at++];

    // A delimiter behind a backslash or within the brackets of an expression ends nothing.
    private string TakeDelimited(char delimiter, bool isPattern = false)
    {
        var text = new StringBuilder();
        int bracket = -1;
        for (; _at < script.Length; _at++)
        {
            char c = script[_at];
            if (isPattern && bracket < 0 && c == '[')
                bracket = _at + (_at + 1 < script.Length && script[_at + 1] == '^' ? 1 : 0);
            else if (c == ']' && bracket >= 0 && _at > bracket + 1)
                bracket = -1;
            if (c == delimiter && bracket < 0)
            {
                _at++;
                return text.ToString();
            }

            if (c != '\\' || _at + 1 == script.Length)
            {
                text.Append(c);
                continue;
            }

            c = script[++_at];
            if (c == delimiter)
                text.Append(c);
            else if (c is 'n' or 't')
                text.Append(c == 'n' ? '\n' : '\t');
            else
                text.Append('\\').Append(c);
        }

        throw fail($"unmatched '{delimiter}'");
    }

    private Regex Compile(string pattern, bool ignoresCase) =>
        PosixRegex.TryMake(PosixRegex.Translate(pattern, isExtended), ignoresCase) ?? throw fail($"bad regex '{ToolRun.Text(pattern)}'");

    private static string Unescape(string text) => text.Replace("\\\\", "\\", StringComparison.Ordinal);

    private string TakeLine()
    {
        int end = script.IndexOf('\n', _at);
        string line = script[_at..(end < 0 ? script.Length : end)];
        _at = end < 0 ? script.Length : end;
        return line;
    }

    private void SkipBlanks()
    {
        while (Current is ' ' or '\t')
            _at++;
    }

    private void ResolveLabels()
    {
        foreach (SedCommand command in _commands.Where(static c => c.Letter is 'b' or 't'))
        {
            int found = command.Text.Length == 0 ? _commands.Count : _commands.FindIndex(c => c.Letter == ':' && c.Text == command.Text);
            command.Target = found >= 0 ? found : throw fail($"can't find label for jump to '{ToolRun.Text(command.Text)}'");
        }
    }
}
