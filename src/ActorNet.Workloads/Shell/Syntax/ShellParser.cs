namespace ActorNet.Workloads.Shell.Syntax;

/// <summary>What came of reading one complete command.</summary>
/// <param name="Commands">The commands of one line, or null.</param>
/// <param name="Error">What is wrong, in busybox ash's words behind "syntax error: ", or null.</param>
/// <param name="Line">Line of the error.</param>
/// <param name="IsIncomplete">Whether more text could make it right.</param>
internal readonly record struct ParseResult(CommandList? Commands, string? Error, int Line, bool IsIncomplete)
{
    /// <summary>Whether the text has ended.</summary>
    public bool IsEnd => Commands is null && Error is null;
}

/// <summary>
/// Reads shell programs, one complete command at a time, as a shell does: what stands before a syntax error has run by then. Grammar of
/// POSIX XCU 2.10, without aliases and job control. Depth and length are bounded, and no text makes it throw.
/// </summary>
internal sealed partial class ShellParser
{
    /// <summary>The longest program, in characters.</summary>
    public const int MaxLength = 1 << 20;

    private const int MaxDepth = 128;

    private readonly ShellText _text;
    private readonly WordReader _words;
    private readonly List<(Redirection Redirection, string Delimiter, bool IsQuoted, bool StripsTabs)> _hereDocuments = [];
    private Token? _peeked;
    private int _depth;

    public ShellParser(string text, int firstLine = 1)
    {
        IsTooLong = text.Length > MaxLength;
        _text = new ShellText(IsTooLong ? "" : text, firstLine);
        _words = new WordReader(_text, this);
    }

    /// <summary>Whether the text ended before a here-document's delimiter came.</summary>
    public bool EndedInHereDocument { get; private set; }

    private bool IsTooLong { get; }

    /// <summary>Reads the commands up to a line's end.</summary>
    public ParseResult ReadNext()
    {
        if (IsTooLong)
            return new ParseResult(null, $"program longer than {MaxLength} characters", 1, false);
        try
        {
            while (Peek().Kind == TokenKind.NewLine)
                Take();
            if (Peek().Kind == TokenKind.End)
                return default;
            CommandList list = ReadLine();
            if (Peek().Kind is not (TokenKind.NewLine or TokenKind.End))
                throw Unexpected(Peek());
            if (Peek().Kind == TokenKind.NewLine)
                Take();
            return new ParseResult(list, null, 0, false);
        }
        catch (ShellSyntaxException e)
        {
            return new ParseResult(null, e.Message, e.Line, e.IsIncomplete);
        }
    }

    /// <summary>Reads the inside of $( ... ) and its end.</summary>
    internal CommandList ReadSubstitution()
    {
        Token? outer = _peeked;
        _peeked = null;
        CommandList list = ReadList(isOptional: true);
        Expect(")");
        _peeked = outer;
        return list;
    }

    /// <summary>Reads the text between backquotes.</summary>
    internal CommandList Reparse(string inside, int line)
    {
        var parser = new ShellParser(inside, line) { _depth = _depth };
        CommandList list = parser.ReadList(isOptional: true);
        if (parser.Peek().Kind != TokenKind.End)
            throw parser.Unexpected(parser.Peek());
        return list;
    }

    /// <summary>Does what may lead to itself again, within bounds.</summary>
    internal T Nested<T>(Func<T> read)
    {
        if (++_depth > MaxDepth)
            throw new ShellSyntaxException(_text.Line, $"nested deeper than {MaxDepth}");
        T result = read();
        _depth--;
        return result;
    }

    // A list that ends with its line.
    private CommandList ReadLine()
    {
        var items = new List<(AndOrList, bool)>();
        while (true)
        {
            AndOrList command = ReadAndOr();
            bool isBackground = TakeOperator("&");
            items.Add((command, isBackground));
            if ((!isBackground && !TakeOperator(";")) || Peek().Kind is TokenKind.NewLine or TokenKind.End)
                return new CommandList(items);
        }
    }

    // A list over several lines, up to what ends the compound command around it.
    private CommandList ReadList(bool isOptional = false) => Nested(() =>
    {
        var items = new List<(AndOrList, bool)>();
        SkipNewLines();
        while (!EndsList())
        {
            AndOrList command = ReadAndOr();
            bool isBackground = TakeOperator("&");
            items.Add((command, isBackground));
            bool separated = isBackground || TakeOperator(";") || Peek().Kind == TokenKind.NewLine;
            SkipNewLines();
            if (!separated)
                break;
        }

        if (items.Count == 0 && !isOptional)
            throw Unexpected(Peek());
        return new CommandList(items);
    });

    private bool EndsList()
    {
        Token token = Peek();
        return token.Kind == TokenKind.End
            || (token.Kind == TokenKind.Operator && token.Text is ")" or ";;")
            || (token.Plain is "then" or "else" or "elif" or "fi" or "do" or "done" or "esac" or "}");
    }

    private AndOrList ReadAndOr()
    {
        int line = Peek().Line;
        Pipeline first = ReadPipeline();
        var rest = new List<(bool, Pipeline)>();
        while (Peek() is { Kind: TokenKind.Operator, Text: "&&" or "||" } token)
        {
            Take();
            SkipNewLines();
            rest.Add((token.Text == "&&", ReadPipeline()));
        }

        return new AndOrList(line, first, rest);
    }

    private Pipeline ReadPipeline()
    {
        int line = Peek().Line;
        bool isNegated = false;
        while (Peek().Plain == "!")
        {
            Take();
            isNegated = !isNegated;
        }

        var commands = new List<Command> { ReadCommand() };
        while (TakeOperator("|"))
        {
            SkipNewLines();
            commands.Add(ReadCommand());
        }

        return new Pipeline(line, isNegated, commands);
    }

    private Command ReadCommand()
    {
        Token token = Peek();
        Command? compound = token.Kind switch
        {
            TokenKind.Operator when token.Text == "(" => ReadSubshell(),
            TokenKind.Word => token.Plain switch
            {
                "{" => ReadGroup(),
                "if" => ReadIf(),
                "for" => ReadFor(),
                "while" or "until" => ReadLoop(),
                "case" => ReadCase(),
                "function" => ReadFunctionKeyword(),
                "then" or "else" or "elif" or "fi" or "do" or "done" or "esac" or "}" or "in" when token.Plain != "in" => throw Unexpected(token),
                _ => null,
            },
            _ => null,
        };
        if (compound is null)
            return ReadSimple();
        var redirections = new List<Redirection>();
        while (TryReadRedirection() is { } redirection)
            redirections.Add(redirection);
        return redirections.Count == 0 ? compound : new RedirectedCommand(token.Line, compound, redirections);
    }

    private Command ReadSimple()
    {
        int line = Peek().Line;
        var assignments = new List<Assignment>();
        var words = new List<Word>();
        var redirections = new List<Redirection>();
        while (true)
        {
            if (TryReadRedirection() is { } redirection)
            {
                redirections.Add(redirection);
                continue;
            }

            if (Peek().Kind != TokenKind.Word)
                break;
            Word word = Take().Word!;
            if (words.Count == 0 && SplitAssignment(word) is { } assignment)
                assignments.Add(assignment);
            else
                words.Add(word);
            if (words.Count == 1 && assignments.Count == 0 && redirections.Count == 0 && Peek() is { Kind: TokenKind.Operator, Text: "(" })
                return ReadFunction(line, word);
        }

        if (assignments.Count + words.Count + redirections.Count == 0)
            throw Unexpected(Peek());
        return new SimpleCommand(line, assignments, words, redirections);
    }

    private FunctionCommand ReadFunction(int line, Word word)
    {
        if (word.Plain is not { } name || !name.All(static c => WordReader.IsName(c) || c is '-' or '.'))
            throw word.Plain is null ? Unexpected(Peek()) : new ShellSyntaxException(line, "bad function name");
        Take();
        Expect(")");
        SkipNewLines();
        return new FunctionCommand(line, name, Nested(ReadCommand));
    }

    private static Assignment? SplitAssignment(Word word)
    {
        if (word.Parts.Count == 0 || word.Parts[0] is not LiteralPart { IsQuoted: false } first)
            return null;
        int equals = first.Text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || !WordReader.IsName(first.Text[..equals]))
            return null;
        string rest = first.Text[(equals + 1)..];
        IEnumerable<WordPart> parts = rest.Length > 0 ? word.Parts.Skip(1).Prepend(new LiteralPart(rest, false)) : word.Parts.Skip(1);
        return new Assignment(first.Text[..equals], new Word([.. parts]));
    }
}
