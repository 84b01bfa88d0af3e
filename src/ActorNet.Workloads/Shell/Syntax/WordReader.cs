using System.Text;

namespace ActorNet.Workloads.Shell.Syntax;

/// <summary>Reads words: quotes, parameters, substitutions (POSIX XCU 2.2, 2.6).</summary>
internal sealed class WordReader(ShellText text, ShellParser parser)
{
    private const string SpecialParameters = "@*#?-$!";
    private const int MaxRetries = 256;

    private int _retries;

    public static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_';

    public static bool IsName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    public static bool IsName(string s) => s.Length > 0 && IsNameStart(s[0]) && s.All(IsName);

    /// <summary>Reads a word up to a blank, an operator or a line's end.</summary>
    public Word ReadWord() => new(ReadParts(static c => c is ' ' or '\t' or '\n' or '|' or '&' or ';' or '<' or '>' or '(' or ')', Quoting.None));

    /// <summary>Reads a whole text as the inside of double quotes in which a double quote is nothing special: a here-document.</summary>
    public Word ReadHereDocument() => new(ReadParts(static _ => false, Quoting.HereDocument));

    private List<WordPart> ReadParts(Func<char, bool> ends, Quoting quoting)
    {
        var parts = new List<WordPart>();
        var literal = new StringBuilder();
        void FlushLiteral()
        {
            if (literal.Length > 0)
                parts.Add(new LiteralPart(literal.ToString(), quoting != Quoting.None));
            literal.Clear();
        }

        while (!text.IsAtEnd)
        {
            char c = text.Peek();
            if (text.IsAtEnd || ends(c))
                break;
            switch (c)
            {
                case '\\':
                    text.RawRead();
                    ReadEscaped(quoting, literal, FlushLiteral, parts);
                    break;
                case '\'' when quoting is Quoting.None:
                    FlushLiteral();
                    text.RawRead();
                    parts.Add(new LiteralPart(ReadSingleQuoted(), true));
                    break;
                case '"' when quoting is Quoting.None:
                    FlushLiteral();
                    text.RawRead();
                    parts.Add(new QuotedPart(ReadDoubleQuoted()));
                    break;
                case '"' when quoting is Quoting.Argument:
                    // Inside "${x:-"a"}" quotes come and go.
                    FlushLiteral();
                    text.RawRead();
                    parts.AddRange(ReadDoubleQuoted());
                    break;
                case '$':
                    text.RawRead();
                    if (ReadDollar(quoting) is { } expansion)
                    {
                        FlushLiteral();
                        parts.Add(expansion);
                    }
                    else
                    {
                        literal.Append('$');
                    }

                    break;
                case '`':
                    FlushLiteral();
                    text.RawRead();
                    parts.Add(ReadBackquoted(quoting != Quoting.None));
                    break;
                default:
                    literal.Append(text.RawRead());
                    break;
            }
        }

        FlushLiteral();
        return parts;
    }

    private void ReadEscaped(Quoting quoting, StringBuilder literal, Action flush, List<WordPart> parts)
    {
        if (text.IsAtEnd)
        {
            literal.Append('\\');
            return;
        }

        char c = text.RawRead();
        bool isSpecial = c is '$' or '`' or '\\' || (c == '"' && quoting != Quoting.HereDocument) || (c == '}' && quoting == Quoting.Argument);
        if (quoting == Quoting.None)
        {
            flush();
            parts.Add(new LiteralPart(c.ToString(), true));
        }
        else if (isSpecial)
        {
            literal.Append(c);
        }
        else
        {
            literal.Append('\\').Append(c);
        }
    }

    private string ReadSingleQuoted()
    {
        int line = text.Line;
        var inside = new StringBuilder();
        while (!text.IsAtEnd)
        {
            char c = text.RawRead();
            if (c == '\'')
                return inside.ToString();
            inside.Append(c);
        }

        throw new ShellSyntaxException(line, "unterminated quoted string", isIncomplete: true);
    }

    private List<WordPart> ReadDoubleQuoted()
    {
        int line = text.Line;
        List<WordPart> parts = parser.Nested(() => ReadParts(static c => c == '"', Quoting.Double));
        if (!text.TryTake('"'))
            throw new ShellSyntaxException(line, "unterminated quoted string", isIncomplete: true);
        return parts;
    }

    private WordPart? ReadDollar(Quoting quoting)
    {
        char c = text.Peek();
        if (text.IsAtEnd)
            return null;
        if (c == '{')
        {
            text.RawRead();
            return parser.Nested(() => ReadBraced(quoting));
        }

        if (c == '(')
        {
            text.RawRead();
            return parser.Nested(ReadParenthesised);
        }

        if (c == '\'' && quoting == Quoting.None)
        {
            text.RawRead();
            return new LiteralPart(EscapedText.Decode(ReadAnsiQuoted()), true);
        }

        if (char.IsAsciiDigit(c) || SpecialParameters.Contains(c, StringComparison.Ordinal))
        {
            text.RawRead();
            return Plain(c.ToString());
        }

        return IsNameStart(c) ? Plain(ReadName()) : null;
    }

    // $'...' of busybox ash.
    private string ReadAnsiQuoted()
    {
        int line = text.Line;
        var inside = new StringBuilder();
        while (!text.IsAtEnd)
        {
            char c = text.RawRead();
            if (c == '\'')
                return inside.ToString();
            inside.Append(c);
            if (c == '\\' && !text.IsAtEnd)
                inside.Append(text.RawRead());
        }

        throw new ShellSyntaxException(line, "unterminated quoted string", isIncomplete: true);
    }

    private static ParameterPart Plain(string name) => new(name, ParameterOperation.None, false, Word.Empty, null);

    private string ReadName()
    {
        var name = new StringBuilder();
        while (!text.IsAtEnd && IsName(text.Peek()))
            name.Append(text.RawRead());
        return name.ToString();
    }

    private ParameterPart ReadBraced(Quoting quoting)
    {
        if (text.Peek() == '#' && text.RawPeek(1) is var next && next != '}' && (IsName(next) || SpecialParameters.Contains(next, StringComparison.Ordinal)))
        {
            // ${#x}, but ${#-word} and its like are operators on $#.
            (int Position, int Line) mark = text.Mark();
            text.RawRead();
            string measured = ReadParameterName();
            if (text.TryTake('}'))
                return new ParameterPart(measured, ParameterOperation.Length, false, Word.Empty, null);
            text.Return(mark);
        }

        string name = ReadParameterName();
        if (name.Length == 0)
        {
            Close(ReadArgument(quoting));
            return new ParameterPart("", ParameterOperation.Bad, false, Word.Empty, null);
        }

        bool colon = text.TryTake(':');
        if (text.TryTake('}'))
            return new ParameterPart(name, colon ? ParameterOperation.Bad : ParameterOperation.None, false, Word.Empty, null);
        ParameterOperation operation = ReadOperation(colon);
        bool isPattern = operation is >= ParameterOperation.RemoveSmallestSuffix and <= ParameterOperation.ReplaceAll;
        Word argument = operation is ParameterOperation.Substring or ParameterOperation.ReplaceFirst or ParameterOperation.ReplaceAll
            ? ReadArgument(Quoting.None, operation == ParameterOperation.Substring ? ':' : '/')
            : ReadArgument(isPattern ? Quoting.None : quoting);
        Word? second = null;
        if (operation is ParameterOperation.Substring && text.TryTake(':'))
            second = ReadArgument(Quoting.None);
        else if (operation is ParameterOperation.ReplaceFirst or ParameterOperation.ReplaceAll && text.TryTake('/'))
            second = ReadArgument(Quoting.None);
        Close(argument);
        return new ParameterPart(name, operation, colon && operation != ParameterOperation.Substring, argument, second);
    }

    private string ReadParameterName()
    {
        char c = text.Peek();
        if (IsNameStart(c))
            return ReadName();
        if (char.IsAsciiDigit(c))
        {
            var digits = new StringBuilder();
            while (char.IsAsciiDigit(text.Peek()) && digits.Length < 9)
                digits.Append(text.RawRead());
            return digits.ToString();
        }

        return !text.IsAtEnd && SpecialParameters.Contains(c, StringComparison.Ordinal) ? text.RawRead().ToString() : "";
    }

    private ParameterOperation ReadOperation(bool colon)
    {
        char c = text.Peek();
        switch (c)
        {
            case '-' or '=' or '?' or '+':
                text.RawRead();
                return c switch
                {
                    '-' => ParameterOperation.Default,
                    '=' => ParameterOperation.Assign,
                    '?' => ParameterOperation.Error,
                    _ => ParameterOperation.Alternative,
                };
            case '%' when !colon:
                text.RawRead();
                return text.TryTake('%') ? ParameterOperation.RemoveLargestSuffix : ParameterOperation.RemoveSmallestSuffix;
            case '#' when !colon:
                text.RawRead();
                return text.TryTake('#') ? ParameterOperation.RemoveLargestPrefix : ParameterOperation.RemoveSmallestPrefix;
            case '/' when !colon:
                text.RawRead();
                return text.TryTake('/') ? ParameterOperation.ReplaceAll : ParameterOperation.ReplaceFirst;
            default:
                return colon ? ParameterOperation.Substring : ParameterOperation.Bad;
        }
    }

    private Word ReadArgument(Quoting quoting, char also = '}') =>
        new(ReadParts(c => c == '}' || c == also, quoting == Quoting.None ? Quoting.None : Quoting.Argument));

    private void Close(Word argument)
    {
        _ = argument;
        if (!text.TryTake('}'))
            throw new ShellSyntaxException(text.Line, "missing '}'", isIncomplete: true);
    }

    private WordPart ReadParenthesised()
    {
        if (text.Peek() == '(')
        {
            (int Position, int Line) mark = text.Mark();
            text.RawRead();
            if (TryReadArithmetic() is { } arithmetic)
                return arithmetic;
            text.Return(mark);
            // Each retry reads the inside again: nested ones would double the work at every level.
            if (++_retries > MaxRetries)
                throw new ShellSyntaxException(text.Line, "too many nested substitutions");
        }

        return new CommandPart(parser.ReadSubstitution());
    }

    // Up to "))" at depth 0; null when a lone ")" comes first, for then it is a subshell in a substitution.
    private ArithmeticPart? TryReadArithmetic()
    {
        int depth = 0;
        var parts = new List<WordPart>();
        while (!text.IsAtEnd)
        {
            parts.AddRange(ReadParts(static c => c is '(' or ')', Quoting.Argument));
            if (text.IsAtEnd)
                break;
            char c = text.RawRead();
            if (c == ')' && depth == 0)
                return text.TryTake(')') ? new ArithmeticPart(new Word(parts)) : null;
            depth += c == '(' ? 1 : -1;
            parts.Add(new LiteralPart(c.ToString(), true));
        }

        throw new ShellSyntaxException(text.Line, "unterminated quoted string", isIncomplete: true);
    }

    private CommandPart ReadBackquoted(bool isQuoted)
    {
        int line = text.Line;
        var inside = new StringBuilder();
        while (!text.IsAtEnd)
        {
            char c = text.RawRead();
            if (c == '`')
                return new CommandPart(parser.Nested(() => parser.Reparse(inside.ToString(), line)));
            if (c == '\\' && (text.RawPeek() is '`' or '\\' or '$' || (isQuoted && text.RawPeek() == '"')))
                c = text.RawRead();
            inside.Append(c);
        }

        throw new ShellSyntaxException(line, "EOF in backquote substitution", isIncomplete: true);
    }

    private enum Quoting
    {
        None,
        Double,
        Argument,
        HereDocument,
    }
}
