using System.Globalization;
using System.Text;

namespace ActorNet.Workloads.Shell.Syntax;

/// <content>Tokens (POSIX XCU 2.3), redirections and here-documents.</content>
internal sealed partial class ShellParser
{
    private static readonly string[] Operators = ["&&", "||", ";;", "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">", "|", "&", ";", "(", ")"];

    private enum TokenKind
    {
        End,
        NewLine,
        Operator,
        Word,
    }

    private Token Peek() => _peeked ??= ReadToken();

    private Token Take()
    {
        Token token = Peek();
        _peeked = null;
        return token;
    }

    private bool TakeOperator(string text)
    {
        if (Peek() is not { Kind: TokenKind.Operator } token || token.Text != text)
            return false;
        Take();
        return true;
    }

    private void SkipNewLines()
    {
        while (Peek().Kind == TokenKind.NewLine)
            Take();
    }

    private void Expect(string text)
    {
        Token token = Peek();
        if ((token.Kind == TokenKind.Operator && token.Text == text) || token.Plain == text)
            Take();
        else
            throw Unexpected(token, text);
    }

    private ShellSyntaxException Unexpected(Token token, string? expected = null)
    {
        string what = token.Kind switch
        {
            TokenKind.End => "end of file",
            TokenKind.NewLine => "newline",
            TokenKind.Operator => IsRedirection(token.Text) ? "redirection" : $"\"{token.Text}\"",
            _ => token.Plain is "then" or "else" or "elif" or "fi" or "do" or "done" or "esac" or "}" or "in" or "{" or "if" or "for" or "while" or "until" or "case" or "!"
                ? $"\"{token.Plain}\"" : "word",
        };
        string hint = expected is null ? "" : $" (expecting \"{expected}\")";
        return new ShellSyntaxException(token.Kind == TokenKind.End ? _text.Line : token.Line, $"unexpected {what}{hint}", token.Kind == TokenKind.End);
    }

    private Token ReadToken()
    {
        while (!_text.IsAtEnd && _text.Peek() is ' ' or '\t')
            _text.RawRead();
        if (!_text.IsAtEnd && _text.Peek() == '#')
        {
            while (!_text.IsAtEnd && _text.RawPeek() != '\n')
                _text.RawRead();
        }

        int line = _text.Line;
        if (_text.IsAtEnd)
        {
            // A here-document that the text's end cuts off is taken as it is.
            ReadHereDocuments();
            return new Token(TokenKind.End, "", null, line);
        }

        if (_text.RawPeek() == '\n')
        {
            _text.RawRead();
            ReadHereDocuments();
            return new Token(TokenKind.NewLine, "\n", null, line);
        }

        if (ReadOperator() is { } text)
            return new Token(TokenKind.Operator, text, null, line);
        Word word = _words.ReadWord();
        return word.Parts.Count > 0
            ? new Token(TokenKind.Word, "", word, line)
            : throw new ShellSyntaxException(line, "unexpected character");
    }

    private string? ReadOperator()
    {
        // Digits right before < or > belong to the operator.
        int digits = 0;
        while (digits < 3 && char.IsAsciiDigit(_text.RawPeek(digits)))
            digits++;
        if (digits > 0 && _text.RawPeek(digits) is not ('<' or '>'))
            return null;
        var number = new StringBuilder();
        for (int i = 0; i < digits; i++)
            number.Append(_text.RawRead());
        (int Position, int Line) start = _text.Mark();
        foreach (string candidate in Operators)
        {
            if (candidate.All(c => _text.TryTake(c)))
                return number + candidate;
            _text.Return(start);
        }

        return null;
    }

    private static bool IsRedirection(string text) => text.Contains('<', StringComparison.Ordinal) || text.Contains('>', StringComparison.Ordinal);

    private Redirection? TryReadRedirection()
    {
        if (Peek() is not { Kind: TokenKind.Operator } token || !IsRedirection(token.Text))
            return null;
        Take();
        string op = token.Text.TrimStart("0123456789".ToCharArray());
        string number = token.Text[..^op.Length];
        RedirectionKind kind = op switch
        {
            "<" => RedirectionKind.Input,
            ">" => RedirectionKind.Output,
            ">|" => RedirectionKind.Clobber,
            ">>" => RedirectionKind.Append,
            "<>" => RedirectionKind.ReadWrite,
            "<&" => RedirectionKind.DuplicateInput,
            ">&" => RedirectionKind.DuplicateOutput,
            _ => RedirectionKind.HereDocument,
        };
        int descriptor = number.Length > 0 ? int.Parse(number, CultureInfo.InvariantCulture) : op[0] == '<' ? 0 : 1;
        if (Peek().Kind != TokenKind.Word)
            throw Unexpected(Peek());
        Word target = Take().Word!;
        var redirection = new Redirection(descriptor, kind, target);
        if (kind == RedirectionKind.HereDocument)
            _hereDocuments.Add((redirection, PlainText(target.Parts), HasQuotes(target), op == "<<-"));
        return redirection;
    }

    private static bool HasQuotes(Word word) => word.Parts.Any(static p => p is QuotedPart or LiteralPart { IsQuoted: true });

    // A delimiter is not expanded: only its quotes go.
    private static string PlainText(IEnumerable<WordPart> parts) => string.Concat(parts.Select(static p => p switch
    {
        LiteralPart literal => literal.Text,
        QuotedPart quoted => PlainText(quoted.Parts),
        ParameterPart parameter => "$" + parameter.Name,
        _ => "",
    }));

    private void ReadHereDocuments()
    {
        (Redirection Redirection, string Delimiter, bool IsQuoted, bool StripsTabs)[] pending = [.. _hereDocuments];
        _hereDocuments.Clear();
        foreach ((Redirection redirection, string delimiter, bool isQuoted, bool stripsTabs) in pending)
        {
            int line = _text.Line;
            var body = new StringBuilder();
            bool isDelimited = false;
            while (_text.ReadLine(joins: !isQuoted) is { } text)
            {
                if (stripsTabs)
                    text = text.TrimStart('\t');
                isDelimited = text == delimiter;
                if (isDelimited)
                    break;
                body.Append(text);
                if (!_text.IsAtEnd || EndsWithNewLine())
                    body.Append('\n');
            }

            EndedInHereDocument |= !isDelimited;
            redirection.Target = isQuoted ? new Word([new LiteralPart(body.ToString(), true)]) : Inside(body.ToString(), line);
        }
    }

    private bool EndsWithNewLine() => _text.RawPeek(-1) == '\n';

    private Word Inside(string body, int line) => Nested(() =>
    {
        var parser = new ShellParser(body, line) { _depth = _depth };
        return parser._words.ReadHereDocument();
    });

    private sealed record Token(TokenKind Kind, string Text, Word? Word, int Line)
    {
        public string? Plain => Word?.Plain;
    }
}
